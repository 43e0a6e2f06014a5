#include "sim/package/npy.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "sim/package/bytes.hpp"
#include "sim/package/limits.hpp"

namespace witin::package {
namespace {

constexpr std::string_view kMagic{"\x93NUMPY", 6};

Error npy_error(std::string code, std::string what, std::string expected = {}, std::string found = {},
                std::string hint = {}) {
  return Error{"npy." + std::move(code), std::move(what), "", std::move(expected), std::move(found), std::move(hint)};
}

// The subset of Python literals that NumPy writes: strings, True and False, tuples of decimal integers.
class Literal {
 public:
  explicit Literal(std::string_view text) : text_(text) {}

  [[nodiscard]] std::size_t position() const { return position_; }
  [[nodiscard]] bool at_end() const { return position_ == text_.size(); }

  void skip_spaces() {
    while (!at_end() && (text_[position_] == ' ' || text_[position_] == '\t')) ++position_;
  }

  bool take(char c) {
    skip_spaces();
    if (at_end() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  std::optional<std::string_view> string() {
    skip_spaces();
    if (at_end() || (text_[position_] != '\'' && text_[position_] != '"')) return std::nullopt;
    const std::size_t begin = position_ + 1;
    const std::size_t end = text_.find(text_[position_], begin);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view value = text_.substr(begin, end - begin);
    const auto odd = [](char c) { return c == '\\' || c < ' ' || c > '~'; };  // also where char is unsigned
    if (std::ranges::any_of(value, odd)) return std::nullopt;
    position_ = end + 1;
    return value;
  }

  std::optional<bool> boolean() {
    skip_spaces();
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true}, {"False", false}}) {
      if (text_.substr(position_).starts_with(word)) {
        position_ += word.size();
        return value;
      }
    }
    return std::nullopt;
  }

  std::optional<std::int64_t> integer() {
    skip_spaces();
    const std::size_t begin = position_;
    std::int64_t value = 0;
    for (; !at_end() && text_[position_] >= '0' && text_[position_] <= '9'; ++position_) {
      if (__builtin_mul_overflow(value, std::int64_t{10}, &value) ||
          __builtin_add_overflow(value, std::int64_t{text_[position_] - '0'}, &value)) {
        return std::nullopt;
      }
    }
    const std::size_t digits = position_ - begin;
    if (digits == 0 || (digits > 1 && text_[begin] == '0')) return std::nullopt;
    return value;
  }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
};

Result<NpyType> parse_descr(std::string_view descr) {
  static constexpr std::array<std::pair<std::string_view, NpyType>, 11> kTypes{{{"|u1", {'u', 1}},
                                                                                {"|i1", {'i', 1}},
                                                                                {"<u2", {'u', 2}},
                                                                                {"<i2", {'i', 2}},
                                                                                {"<u4", {'u', 4}},
                                                                                {"<i4", {'i', 4}},
                                                                                {"<u8", {'u', 8}},
                                                                                {"<i8", {'i', 8}},
                                                                                {"|b1", {'b', 1}},
                                                                                {"<f4", {'f', 4}},
                                                                                {"<f8", {'f', 8}}}};
  for (const auto& [text, type] : kTypes) {
    if (text == descr) return type;
  }
  return npy_error("dtype", "this dtype is not allowed", "|u1 |i1 <u2 <i2 <i4 <i8 |b1 <f4 <f8", std::string(descr),
                   descr.starts_with('>') ? "save it as little endian" : "save it as plain numbers");
}

Result<Shape> parse_shape(Literal& literal, std::size_t max_rank) {
  const auto syntax = [&] {
    return npy_error("header", "the shape is not a tuple of decimal integers below 2^63", "",
                     "header byte " + std::to_string(literal.position()));
  };
  Shape shape;
  if (!literal.take('(')) return syntax();
  bool comma = true;
  while (!literal.take(')')) {
    if (!comma) return syntax();
    const std::optional<std::int64_t> extent = literal.integer();
    if (!extent) return syntax();
    shape.push_back(*extent);
    if (shape.size() > max_rank) {
      return npy_error("rank", "the array has too many axes", "at most " + std::to_string(max_rank), "more");
    }
    comma = literal.take(',');
  }
  if (shape.size() == 1 && !comma) return syntax();  // (3) is not a tuple
  return shape;
}

Result<NpyHeader> parse_dictionary(std::string_view text, std::size_t max_rank) {
  Literal literal(text);
  const auto syntax = [&](std::string what) {
    return npy_error("header", std::move(what), "", "header byte " + std::to_string(literal.position()));
  };
  NpyHeader header;
  bool has_descr = false;
  bool has_order = false;
  bool has_shape = false;
  if (!literal.take('{')) return syntax("the header is not a dictionary");
  bool comma = true;
  while (!literal.take('}')) {
    const std::optional<std::string_view> key = comma ? literal.string() : std::nullopt;
    if (!key || !literal.take(':')) return syntax("the header is not a dictionary of strings");
    if (*key == "descr" && !std::exchange(has_descr, true)) {
      const std::optional<std::string_view> descr = literal.string();
      if (!descr) {
        return npy_error("dtype", "this dtype is not allowed", "one number an element", "a structure",
                         "save it as plain numbers");
      }
      Result<NpyType> type = parse_descr(*descr);
      if (!type) return std::move(type).error();
      header.type = *type;
    } else if (*key == "fortran_order" && !std::exchange(has_order, true)) {
      const std::optional<bool> fortran = literal.boolean();
      if (!fortran) return syntax("fortran_order is neither True nor False");
      if (*fortran) {
        return npy_error("order", "the array is in Fortran order", "C order", "", "save numpy.ascontiguousarray of it");
      }
    } else if (*key == "shape" && !std::exchange(has_shape, true)) {
      Result<Shape> shape = parse_shape(literal, max_rank);
      if (!shape) return std::move(shape).error();
      header.shape = std::move(shape).value();
    } else {
      return syntax("the header has a key that is repeated or unknown");
    }
    comma = literal.take(',');
  }
  if (!has_descr || !has_order || !has_shape) return syntax("the header lacks descr, fortran_order or shape");
  literal.skip_spaces();
  if (literal.position() + 1 != text.size() || text.back() != '\n') {
    return syntax("the header does not end with its dictionary, spaces and a line end");
  }
  return header;
}

// Bytes of the data, or nothing when the product overflows.
std::optional<std::uint64_t> data_bytes(const NpyHeader& header) {
  std::optional<std::uint64_t> bytes = static_cast<std::uint64_t>(header.type.bytes);
  bool empty = false;
  for (const std::int64_t extent : header.shape) {
    if (extent == 0) {
      empty = true;
    } else if (bytes) {
      bytes = checked_mul(*bytes, static_cast<std::uint64_t>(extent));
    }
  }
  if (bytes && *bytes > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
  return bytes && empty ? 0 : bytes;
}

}  // namespace

std::string NpyType::name() const {
  if (kind == 'b') return "bool";
  return (kind == 'i' ? "int" : kind == 'u' ? "uint" : "float") + std::to_string(8 * bytes);
}

std::optional<DType> NpyType::dtype() const {
  for (const DType dtype : {DType::kU8, DType::kI8, DType::kU16, DType::kI16, DType::kI32, DType::kI64, DType::kBool,
                            DType::kF32, DType::kF64}) {
    if (witin::name(dtype) == name()) return dtype;
  }
  return std::nullopt;
}

bool looks_like_npy(const ByteSource& file) {
  std::array<std::byte, kMagic.size()> start{};
  return file.size() >= start.size() && file.read(0, start).ok() && as_text(start) == kMagic;
}

Result<NpyHeader> read_npy_header(const ByteSource& file, std::size_t max_rank) {
  std::array<std::byte, 12> start{};
  const std::uint64_t size = file.size();
  if (!looks_like_npy(file)) {
    return npy_error("magic", "is not an npy file", "\\x93NUMPY", size == 0 ? "an empty file" : "other bytes");
  }
  const auto truncated = [&] {
    return npy_error("truncated", "the npy file ends inside its header", "", std::to_string(size) + " bytes");
  };
  if (size < 10) return truncated();
  if (Status status = file.read(0, std::span(start).first(10)); !status) return std::move(status).error();
  const int major = std::to_integer<int>(start[6]);
  const int minor = std::to_integer<int>(start[7]);
  if (major < 1 || major > 3 || minor != 0) {
    return npy_error("version", "this version of npy is not supported", "1.0, 2.0 or 3.0",
                     std::to_string(major) + "." + std::to_string(minor));
  }
  std::size_t length = load<std::uint16_t>(start, 8);
  std::uint64_t text_offset = 10;
  if (major > 1) {
    if (size < 12) return truncated();
    if (Status status = file.read(0, start); !status) return std::move(status).error();
    length = load<std::uint32_t>(start, 8);
    text_offset = 12;
  }
  if (length > limits::kNpyHeaderBytes) {
    return npy_error("header_size", "the npy header is too long",
                     "at most " + std::to_string(limits::kNpyHeaderBytes) + " bytes",
                     std::to_string(length) + " bytes");
  }
  if (length > size - text_offset) return truncated();
  std::vector<std::byte> text(length);
  if (Status status = file.read(text_offset, text); !status) return std::move(status).error();
  Result<NpyHeader> header = parse_dictionary(as_text(text), max_rank);
  if (!header) return header;
  header->data_offset = text_offset + length;

  const std::optional<std::uint64_t> bytes = data_bytes(*header);
  const std::uint64_t held = size - header->data_offset;
  if (!bytes) {
    return npy_error("too_large", "the product of the shape overflows", "below 2^63 bytes", to_string(header->shape));
  }
  if (*bytes != held) {
    return npy_error("length", "the data is not what dtype and shape say",
                     std::to_string(*bytes) + " bytes for " + header->type.name() + to_string(header->shape),
                     std::to_string(held) + " bytes", *bytes > held ? "the file is truncated" : "");
  }
  return header;
}

std::string npy_header(DType dtype, const Shape& shape) {
  std::string text = "{'descr': '" + std::string(descr(dtype)) + "', 'fortran_order': False, 'shape': (";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i != 0) text += ' ';
    text += std::to_string(shape[i]) + ',';
  }
  if (shape.size() > 1) text.pop_back();
  text += "), }";
  // Eight extents of 19 digits fit far below the 65,535 bytes of version 1.0.
  constexpr std::size_t kPrefix = 10;
  const std::size_t total = (kPrefix + text.size() + 1 + 63) / 64 * 64;
  text.resize(total - kPrefix - 1, ' ');
  text += '\n';
  std::string header(kMagic);
  header += '\x01';
  header += '\x00';
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

}  // namespace witin::package
