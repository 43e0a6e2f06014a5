// Text of untrusted files on its way to a terminal, a log or a report.
#pragma once

#include <string>
#include <string_view>

namespace witin {

// Control characters become \xHH, so that no text can forge a line or command a terminal.
void append_escaped(std::string& out, std::string_view text);
[[nodiscard]] std::string escaped(std::string_view text);

}  // namespace witin
