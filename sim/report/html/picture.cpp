#include "sim/report/html/picture.hpp"

#include <cassert>

#include "sim/report/html/style.hpp"

namespace witin::report::html {

std::string standalone(const Markup& picture) {
  constexpr std::string_view kOpening = "<svg";
  assert(picture.text.starts_with(kOpening));
  const std::size_t inside = picture.text.find('>') + 1;
  std::string text(kOpening);
  text += " xmlns=\"http://www.w3.org/2000/svg\"";
  text += picture.text.substr(kOpening.size(), inside - kOpening.size());
  text += "\n<style>\n" + std::string(style_sheet()) +
          "svg { background: var(--ground); font-family: system-ui, \"DejaVu Sans\", Arial, sans-serif; }\n</style>\n";
  return text + picture.text.substr(inside);
}

}  // namespace witin::report::html
