#include "witin/error.hpp"

namespace witin {
namespace {

void append_escaped(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
}

}  // namespace

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
