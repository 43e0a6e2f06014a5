// The layers of a network as they lie on the array: what a mapper would burn, and what drives it.
//
// A layer is one matrix of a node: of linear, tdnn, conv2d and conv_transpose2d their weight, one layer a group; of
// recurrent cells each of their matrices; more than kBlockColumns columns are cut into several layers. Its rows are in
// array order (kw outermost, then kh, then channel). A line is one operation of the array: one vector of codes in, one
// of results out. A convolution has several lines a frame, w outermost, then h.
//
// Driving: the array takes 0..255. Codes that can be negative are driven as [max(x[:N], 0), x[N:] + 128,
// max(-x[:N], 0)] on [W; -W[:N]] with the bias less 128 sum(W[N:]), which leaves every sum as it is; N = K unless the
// place that is given has fewer rows, or int8 codes would need more rows than the array has. A place of K rows drives
// the codes as they are: then none may be negative. Source: sim/golden/formats.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/array/footprint.hpp"

namespace witin::golden {

// A value of a run: input `index` of the package, or field `field` of node `index`.
struct ValueRef {
  bool is_input = false;
  std::size_t index = 0;
  std::size_t field = 0;

  friend bool operator==(const ValueRef&, const ValueRef&) = default;
};

// For every output of an axis and every row: the position that is read; kNoPosition: none, a padded code.
inline constexpr std::int64_t kNoPosition = INT64_MIN;
struct AxisReads {
  std::int64_t rows = 1;
  std::vector<std::int64_t> positions;  // [outputs][rows]

  [[nodiscard]] std::int64_t outputs() const { return static_cast<std::int64_t>(positions.size()) / rows; }
  [[nodiscard]] std::int64_t at(std::int64_t output, std::int64_t row) const {
    return positions[static_cast<std::size_t>(output * rows + row)];
  }
};

struct MatrixStrides {
  std::int64_t first = 0;
  std::int64_t unit = 1;  // channels of x, columns of y
  std::int64_t h = 0;
  std::int64_t w = 0;
};

struct ArrayLayer {
  std::size_t node = 0;
  std::string name;  // the node's, with the matrix, group or first column where a node has several layers
  double g = 1;
  std::int64_t rows = 0;  // K, of codes as the network has them
  std::int64_t columns = 0;
  std::vector<std::int32_t> weight;      // [rows, columns]
  std::vector<std::int32_t> weight_neg;  // empty: -weight
  std::vector<std::int32_t> units;       // [columns], bias / 128
  std::int64_t wanted_bias_rows = 0;     // attribute bias_rows; 0: none
  CodeRange x_range, y_range;
  std::int32_t pad = 0;

  ValueRef x, y;
  ValueRef shown;  // y after the activation that alone reads it, else y
  bool relu = false;
  std::optional<std::size_t> table;  // tensor of the package: `shown` is after a table of 256 codes
  AxisReads h, w;
  bool time = false;       // positions of w count frames
  MatrixStrides in, out;   // elements of a frame
  std::int64_t group = 1;  // channels of x that one tap reads

  // Chosen by drive().
  bool split_signs = false;
  std::int64_t doubled = 0;  // N
  array::Block place;

  [[nodiscard]] std::int64_t lines() const { return h.outputs() * w.outputs(); }  // a frame
  [[nodiscard]] std::int64_t driven_rows() const { return rows + (split_signs ? doubled : 0); }
  [[nodiscard]] std::int32_t driven_weight(std::int64_t row, std::int64_t column) const;
  // Units of `count` bias rows, [count][columns]: sim/arith/bias.hpp. Precondition: they fit.
  [[nodiscard]] std::vector<std::int32_t> bias_rows(std::int64_t count) const;
  [[nodiscard]] std::int32_t driven_units(std::int64_t column) const;
  [[nodiscard]] bool bias_fits(std::int64_t count) const;
  // wanted_bias_rows where they hold the bias, else the fewest that do, at least one; nothing where `most` do not.
  [[nodiscard]] std::optional<std::int64_t> choose_bias_rows(std::int64_t most) const;
};

// What of a network lies on the array, and why some of its nodes cannot be written down as layers.
struct ArrayLayers {
  std::vector<ArrayLayer> layers;
  std::vector<Error> refused;  // one a node
};

[[nodiscard]] Result<ArrayLayers> array_layers(const Engine& engine);

// Chooses how a layer is driven. `rows`: of the place it is given; 0: to be chosen. Error golden.rows.
[[nodiscard]] Status drive(ArrayLayer& layer, std::int64_t rows);

}  // namespace witin::golden
