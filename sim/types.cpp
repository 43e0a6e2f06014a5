#include "witin/types.hpp"

#include <array>

namespace witin {
namespace {

struct DTypeInfo {
  std::size_t size;
  std::string_view descr;
  std::string_view name;
};

constexpr std::array<DTypeInfo, 9> kDTypes{{{1, "|u1", "uint8"},
                                            {1, "|i1", "int8"},
                                            {2, "<u2", "uint16"},
                                            {2, "<i2", "int16"},
                                            {4, "<i4", "int32"},
                                            {8, "<i8", "int64"},
                                            {1, "|b1", "bool"},
                                            {4, "<f4", "float32"},
                                            {8, "<f8", "float64"}}};

const DTypeInfo& info(DType dtype) { return kDTypes[static_cast<std::size_t>(dtype)]; }

constexpr std::array<std::string_view, 3> kArithmetics{"wtm2101", "witin_nn", "nb01"};

}  // namespace

std::string_view name(Arithmetic arithmetic) { return kArithmetics[static_cast<std::size_t>(arithmetic)]; }

std::optional<Arithmetic> parse_arithmetic(std::string_view name) {
  for (std::size_t i = 0; i < kArithmetics.size(); ++i) {
    if (kArithmetics[i] == name) return static_cast<Arithmetic>(i);
  }
  return std::nullopt;
}

std::size_t size_of(DType dtype) { return info(dtype).size; }
std::string_view descr(DType dtype) { return info(dtype).descr; }
std::string_view name(DType dtype) { return info(dtype).name; }
bool is_integer(DType dtype) { return dtype < DType::kBool; }

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  return count;
}

std::string to_string(const Shape& shape) {
  std::string out = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i != 0) out += ", ";
    out += std::to_string(shape[i]);
  }
  return out + "]";
}

}  // namespace witin
