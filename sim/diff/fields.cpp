#include "sim/diff/fields.hpp"

#include <algorithm>
#include <array>

namespace witin::diff {
namespace {

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

constexpr std::array<std::string_view, 4> kInputs{"npu_x", "inp", "h_in", "c_in"};
constexpr std::array<std::string_view, 6> kEarly{"npu_x", "inp", "h_in", "c_in", "npu_acc", "npu_v"};
constexpr std::array<std::string_view, 4> kRecurrent{"lstm", "gru", "gru_single", "gru2array"};

}  // namespace

int field_rank(std::string_view field) {
  const auto* found = std::ranges::find(kEarly, field);
  if (found != kEarly.end()) return static_cast<int>(found - kEarly.begin());
  return field == "npu_y" ? 1000 : 100;
}

bool is_input_field(std::string_view field) { return contains(kInputs, field); }

bool is_recurrent(std::string_view op) { return contains(kRecurrent, op); }

bool is_on_array(std::string_view op) {
  constexpr std::array<std::string_view, 4> kLayers{"linear", "conv2d", "conv_transpose2d", "tdnn"};
  return contains(kLayers, op) || is_recurrent(op);
}

}  // namespace witin::diff
