// Which version of the simulator this is.
#pragma once

#include <string_view>

namespace witin {

[[nodiscard]] std::string_view version();  // "0.2.0"

}  // namespace witin
