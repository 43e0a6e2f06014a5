// trace.json: the description of a trace as text and back.
#pragma once

#include <string>
#include <string_view>

#include "witin/trace.hpp"

namespace witin::trace {

inline constexpr std::string_view kHeaderMember = "trace.json";

// One node a line. Equal descriptions give equal text.
[[nodiscard]] std::string write_header(const TraceInfo& info);

// Fields without dtype and shape: those stand in the headers of their arrays. Codes json.* and trace.*; `where` is
// "trace.json" and a JSON pointer.
[[nodiscard]] Result<TraceInfo> read_header(std::string_view text);

[[nodiscard]] std::string field_member(std::string_view node, std::string_view field);  // "NODE/FIELD.npy"

}  // namespace witin::trace
