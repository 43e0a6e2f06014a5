#include "sim/array/footprint.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "sim/arith/bias.hpp"

namespace witin::array {
namespace {

// A matrix tensor of an operator, the bias that lies under it, and whether its rows may come in two polarities.
struct Role {
  std::string_view weight;
  std::string_view bias;
};

constexpr std::array kRoles{Role{"weight", "bias"},       Role{"weight_ifo", "bias_ifo"}, Role{"weight_c", "bias_c"},
                            Role{"weight_zr", "bias_zr"}, Role{"weight_hn", "bias_hn"},   Role{"weight_in", "bias_in"},
                            Role{"weight_h", "bias_h"},   Role{"weight_x", "bias_x"}};
constexpr std::array<std::string_view, 8> kArrayOperators{"linear", "conv2d", "conv_transpose2d", "tdnn",
                                                          "lstm",   "gru",    "gru_single",       "gru2array"};

const Tensor* tensor_of(const Package& package, const Node& node, std::string_view role) {
  const auto found = node.tensors.find(role);
  return found == node.tensors.end() ? nullptr : &package.tensors[found->second];
}

std::int64_t integer_of(const Node& node, std::string_view attribute, std::int64_t absent) {
  const auto found = node.attributes.find(attribute);
  if (found == node.attributes.end()) return absent;
  if (const auto* number = std::get_if<double>(&found->second)) return static_cast<std::int64_t>(*number);
  const auto* integer = std::get_if<std::int64_t>(&found->second);
  return integer != nullptr ? *integer : absent;
}

bool text_is(const Node& node, std::string_view attribute, std::string_view text) {
  const auto found = node.attributes.find(attribute);
  if (found == node.attributes.end()) return false;
  const auto* value = std::get_if<std::string>(&found->second);
  return value != nullptr && *value == text;
}

// Units of two rows: of bias_rows where the node says so, else of the fewest rows that hold every column's bias.
std::int64_t bias_units(const Node& node, const Tensor* bias) {
  if (bias == nullptr) return 0;
  std::int64_t rows = integer_of(node, "bias_rows", 0);
  if (rows == 0) {
    for (std::size_t i = 0; i + sizeof(std::int32_t) <= bias->bytes.size(); i += sizeof(std::int32_t)) {
      std::int32_t value = 0;
      std::memcpy(&value, bias->bytes.data() + i, sizeof value);
      const std::int64_t units = value / arith::kBiasUnit;
      while (rows < arith::kMaxBiasRows && !arith::bias_fits(units, static_cast<int>(rows))) ++rows;
    }
  }
  return (rows + 1) / 2;
}

struct Matrix {
  std::int64_t groups = 1;
  std::int64_t rows = 0;  // of one group
  std::int64_t columns = 0;
};

Matrix matrix_of(const Node& node, const Tensor& weight) {
  const Shape& shape = weight.shape;
  if (shape.size() == 2) return {1, shape[0], shape[1]};
  const std::int64_t groups = integer_of(node, "groups", 1);
  const std::int64_t kernel = shape[2] * shape[3];
  if (node.op == "conv2d") return {groups, shape[1] * kernel, shape[0] / groups};
  return {groups, shape[0] / groups * kernel, shape[1]};
}

std::vector<std::int64_t> parts_of(const Node& node, std::int64_t rows) {
  const auto found = node.attributes.find("k_split");
  if (found == node.attributes.end()) return {rows};
  const auto* parts = std::get_if<std::vector<std::int64_t>>(&found->second);
  return parts != nullptr && !parts->empty() ? *parts : std::vector<std::int64_t>{rows};
}

void add_blocks(const Node& node, std::string_view role, const Matrix& matrix, std::int64_t units,
                std::vector<Block>& blocks) {
  const std::int64_t polarities = text_is(node, "neg_in", "pn") ? 2 : 1;
  for (std::int64_t group = 0; group < matrix.groups; ++group) {
    bool first_part = true;
    for (const std::int64_t rows : parts_of(node, matrix.rows)) {
      for (std::int64_t column = 0; column < matrix.columns; column += kBlockColumns) {
        blocks.push_back({.node = node.name,
                          .matrix = std::string(role),
                          .columns = std::min(kBlockColumns, matrix.columns - column),
                          .rows = rows * polarities,
                          .bias_units = first_part ? units : 0});
      }
      first_part = false;
    }
  }
}

// What is taken of each column: weight rows and bias units from the bottom up.
class Packer {
 public:
  void place(Block& block) {
    if (block.columns > kArrayColumns) return;
    std::int64_t best = kArrayRows + 1;
    for (std::int64_t x = 0; x + block.columns <= kArrayColumns; ++x) {
      const auto [y, z] = level(x, block.columns);
      if (y + block.rows > kArrayRows || z + block.bias_units > kArrayBiasUnits || y >= best) continue;
      best = y;
      block.placed = true;
      block.x = x;
      block.y = y;
      block.z = z;
    }
    if (!block.placed) return;
    for (std::int64_t x = block.x; x < block.x + block.columns; ++x) {
      columns_[static_cast<std::size_t>(x)] = {block.y + block.rows, block.z + block.bias_units};
    }
  }

 private:
  struct Level {
    std::int64_t y = 0;
    std::int64_t z = 0;
  };

  [[nodiscard]] Level level(std::int64_t x, std::int64_t count) const {
    Level level;
    for (std::int64_t i = x; i < x + count; ++i) {
      level.y = std::max(level.y, columns_[static_cast<std::size_t>(i)].y);
      level.z = std::max(level.z, columns_[static_cast<std::size_t>(i)].z);
    }
    return level;
  }

  std::array<Level, static_cast<std::size_t>(kArrayColumns)> columns_{};
};

}  // namespace

bool Footprint::fits() const { return std::ranges::all_of(blocks, &Block::placed); }

double Footprint::percent() const {
  return 100.0 * static_cast<double>(cells) / static_cast<double>(kArrayColumns * kArrayRows);
}

Footprint footprint(const Engine& engine) {
  Footprint out;
  const Package& package = engine.package();
  for (const Node& node : package.nodes) {
    const bool on_array = std::ranges::find(kArrayOperators, node.op) != kArrayOperators.end();
    if (!on_array || text_is(node, "mode", "digital")) continue;
    for (const Role& role : kRoles) {
      const Tensor* const weight = tensor_of(package, node, role.weight);
      if (weight == nullptr) continue;
      add_blocks(node, role.weight, matrix_of(node, *weight), bias_units(node, tensor_of(package, node, role.bias)),
                 out.blocks);
    }
  }
  pack(out.blocks);
  for (const Block& block : out.blocks) {
    out.cells += block.rows * block.columns;
    if (!block.placed) continue;
    out.columns = std::max(out.columns, block.x + block.columns);
    out.rows = std::max(out.rows, block.y + block.rows);
    out.bias_units = std::max(out.bias_units, block.z + block.bias_units);
  }
  return out;
}

void pack(std::vector<Block>& blocks) {
  Packer packer;
  for (Block& block : blocks) packer.place(block);
}

}  // namespace witin::array
