// The header of a .npy file: "\x93NUMPY", version 1.0, 2.0 or 3.0, its length, and a Python dictionary literal with
// exactly the keys descr, fortran_order and shape. Read strictly; nothing is evaluated.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sim/package/byte_source.hpp"
#include "witin/types.hpp"

namespace witin::package {

// An element type as NumPy names it: kind 'i', 'u', 'f', 'b' and its bytes. Wider than DType: input files may hold
// uint32 and uint64 as well.
struct NpyType {
  char kind = 'i';
  int bytes = 1;

  [[nodiscard]] std::string name() const;  // "uint32"
  [[nodiscard]] bool is_integer() const { return kind == 'i' || kind == 'u'; }
  [[nodiscard]] std::optional<DType> dtype() const;
  friend bool operator==(const NpyType&, const NpyType&) = default;
};

struct NpyHeader {
  NpyType type;
  Shape shape;  // C order; extents may be 0
  std::uint64_t data_offset = 0;
};

// `file` is one whole npy: magic, header, data and nothing else. Checks that the data is exactly what dtype and shape
// say. `max_rank` counts the frame axis, where there is one. Codes npy.*: sim/package/format.md.
[[nodiscard]] Result<NpyHeader> read_npy_header(const ByteSource& file, std::size_t max_rank);

[[nodiscard]] bool looks_like_npy(const ByteSource& file);

// Version 1.0, as NumPy writes it: a multiple of 64 bytes.
[[nodiscard]] std::string npy_header(DType dtype, const Shape& shape);

}  // namespace witin::package
