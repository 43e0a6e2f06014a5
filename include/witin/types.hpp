// Words every part of the library shares: arithmetic profiles, element types, shapes, code ranges.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace witin {

// Which existing integer system is reproduced (sim/arith/numerics.md).
enum class Arithmetic : std::uint8_t { kWtm2101, kWitinNn, kNb01 };

[[nodiscard]] std::string_view name(Arithmetic arithmetic);  // "wtm2101", "witin_nn", "nb01"
[[nodiscard]] std::optional<Arithmetic> parse_arithmetic(std::string_view name);

// Element types of npy members. Little endian in files; this library runs on little-endian machines only.
enum class DType : std::uint8_t { kU8, kI8, kU16, kI16, kI32, kI64, kBool, kF32, kF64 };

[[nodiscard]] std::size_t size_of(DType dtype);     // bytes of one element
[[nodiscard]] std::string_view descr(DType dtype);  // npy: "|u1", "<i2", ...
[[nodiscard]] std::string_view name(DType dtype);   // NumPy: "uint8", "int16", ...
[[nodiscard]] bool is_integer(DType dtype);         // bool is not

// Extents of one frame; the frame axis is never part of a shape. An empty shape is a scalar frame of one element.
using Shape = std::vector<std::int64_t>;

[[nodiscard]] std::int64_t element_count(const Shape& shape);  // shapes of a loaded package cannot overflow it
[[nodiscard]] std::string to_string(const Shape& shape);       // "[3, 28, 28]"

// The codes a value can take, both ends included. Known before a run for every value of a network.
struct CodeRange {
  std::int32_t lo = 0;
  std::int32_t hi = 0;

  [[nodiscard]] constexpr bool contains(CodeRange other) const { return lo <= other.lo && other.hi <= hi; }
  friend constexpr bool operator==(CodeRange, CodeRange) = default;
};

[[nodiscard]] constexpr CodeRange signed_range(int bits) {
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  return {static_cast<std::int32_t>(-half), static_cast<std::int32_t>(half - 1)};
}
[[nodiscard]] constexpr CodeRange unsigned_range(int bits) { return {0, (std::int32_t{1} << bits) - 1}; }
[[nodiscard]] constexpr CodeRange pn_range(int bits) {
  return {1 - (std::int32_t{1} << bits), (std::int32_t{1} << bits) - 1};
}

// How codes lie in memory between operators: the smallest of these that holds the range.
enum class Storage : std::uint8_t { kS8, kU8, kS16, kS32 };

[[nodiscard]] constexpr Storage storage_for(CodeRange range) {
  if (signed_range(8).contains(range)) return Storage::kS8;
  if (unsigned_range(8).contains(range)) return Storage::kU8;
  if (signed_range(16).contains(range)) return Storage::kS16;
  return Storage::kS32;
}
[[nodiscard]] constexpr std::size_t size_of(Storage storage) {
  return storage == Storage::kS32 ? 4 : storage == Storage::kS16 ? 2 : 1;
}

// How codes of a range are written to files: int8, int16 above 8 bits (also unsigned 8), int32 beyond.
[[nodiscard]] constexpr DType file_dtype(CodeRange range) {
  if (signed_range(8).contains(range)) return DType::kI8;
  return signed_range(16).contains(range) ? DType::kI16 : DType::kI32;
}

}  // namespace witin
