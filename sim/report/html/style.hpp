// The style sheet of every page, with the classes the pictures use. Colours have a contrast of at least 4.5 to 1 to
// their ground in both schemes, and are chosen to stay apart for colour-blind readers.
#pragma once

#include <string_view>

namespace witin::report::html {

[[nodiscard]] std::string_view style_sheet();

}  // namespace witin::report::html
