// An inline picture as a file of its own.
#pragma once

#include <string>

#include "sim/report/html/markup.hpp"

namespace witin::report::html {

// SVG with the page's style sheet inside: it looks as it does in the page, in light and dark.
[[nodiscard]] std::string standalone(const Markup& picture);

}  // namespace witin::report::html
