#include "witin/error.hpp"

#include "sim/escape.hpp"

namespace witin {

std::string Error::line() const {
  std::string out;
  if (!where.empty()) {
    append_escaped(out, where);
    out += ": ";
  }
  append_escaped(out, what);
  if (!expected.empty()) {
    out += "; expected ";
    append_escaped(out, expected);
  }
  if (!found.empty()) {
    out += expected.empty() ? "; found " : ", found ";
    append_escaped(out, found);
  }
  if (!hint.empty()) {
    out += " (";
    append_escaped(out, hint);
    out += ")";
  }
  out += " [";
  append_escaped(out, code);
  out += "]";
  return out;
}

Error Error::within(std::string_view outer) && {
  where = where.empty() ? std::string(outer) : std::string(outer) + ": " + where;
  return std::move(*this);
}

}  // namespace witin
