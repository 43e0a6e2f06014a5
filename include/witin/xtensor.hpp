// xtensor at the edge of the library: arrays in and out as xt::xarray. Header-only; only users of xtensor include it.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>

#include "witin/array.hpp"

namespace witin {

// [frames, *shape] in C order.
[[nodiscard]] inline Array from_xtensor(const xt::xarray<std::int32_t>& codes) {
  Array array;
  array.shape.assign(codes.shape().begin(), codes.shape().end());
  array.codes.assign(codes.begin<xt::layout_type::row_major>(), codes.end<xt::layout_type::row_major>());
  return array;
}

[[nodiscard]] inline xt::xarray<std::int32_t> to_xtensor(const Array& array) {
  std::vector<std::size_t> shape;
  for (const std::int64_t extent : array.shape) shape.push_back(static_cast<std::size_t>(extent));
  return xt::adapt(array.codes, shape);
}

// run_arrays (witin/array.hpp) on xtensor arrays.
[[nodiscard]] inline Result<std::map<std::string, xt::xarray<std::int32_t>>> run(
    const Engine& engine, const std::map<std::string, xt::xarray<std::int32_t>>& inputs,
    const RunOptions& options = {}) {
  std::map<std::string, Array> arrays;
  for (const auto& [name, codes] : inputs) arrays.emplace(name, from_xtensor(codes));
  Result<std::map<std::string, Array>> outputs = run_arrays(engine, arrays, options);
  if (!outputs) return std::move(outputs).error();
  std::map<std::string, xt::xarray<std::int32_t>> results;
  for (const auto& [name, array] : *outputs) results.emplace(name, to_xtensor(array));
  return results;
}

}  // namespace witin
