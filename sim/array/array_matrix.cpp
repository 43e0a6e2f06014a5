#include "sim/array/array_matrix.hpp"

#include <algorithm>
#include <numeric>

namespace witin::array {
namespace {

struct Run {
  std::int64_t place = 0;  // of its first code
  std::int64_t row = 0;    // of its first code in the weights
  std::int64_t length = 0;
};

// The rows, or those that are not null, as runs of consecutive codes, as long as they get, then cut to one length.
std::vector<Run> find_runs(const MatrixLayout& layout, const kernels::WeightRows& weight, bool all) {
  std::vector<Run> runs;
  std::int64_t row = 0;
  for (const std::int64_t tap : layout.taps) {
    for (std::int64_t c = 0; c < layout.tap_codes; ++c, ++row) {
      if (!all && weight.rows[static_cast<std::size_t>(row)] == nullptr) continue;
      const bool joins = !runs.empty() && runs.back().row + runs.back().length == row &&
                         runs.back().place + runs.back().length == tap + c;
      if (!joins) runs.push_back({tap + c, row, 0});
      ++runs.back().length;
    }
  }
  std::int64_t length = 0;
  for (const Run& run : runs) length = std::gcd(length, run.length);
  std::vector<Run> cut;
  for (const Run& run : runs) {
    for (std::int64_t i = 0; i < run.length; i += length) cut.push_back({run.place + i, run.row + i, length});
  }
  return cut;
}

// Groups of codes a kernel multiplies at once: what the runs cost.
std::int64_t groups_of(const std::vector<Run>& runs, bool wide) {
  const std::int64_t group = wide ? 2 : 4;
  return runs.empty() ? 0 : std::ssize(runs) * ((runs.front().length + group - 1) / group);
}

kernels::PackedDepthwise pack_depthwise(const MatrixLayout& layout, std::int64_t output,
                                        const kernels::WeightRows& weight, std::span<const std::int32_t> bias) {
  const kernels::DepthwiseGeometry& g = *layout.depthwise;
  std::vector<std::int16_t> own;
  std::vector<std::int32_t> own_bias;
  for (std::int64_t c = 0; c < g.channels; ++c) {
    for (std::int64_t i = 0; i < g.kernel_h; ++i) {
      for (std::int64_t j = 0; j < g.kernel_w; ++j) {
        const std::int64_t row = (j * g.kernel_h + i) * g.channels + c;
        own.push_back(weight.at(row, output));
      }
    }
    if (!bias.empty()) own_bias.push_back(bias[static_cast<std::size_t>(c * layout.columns + output)]);
  }
  return kernels::PackedDepthwise::pack(layout.operands, g, own, own_bias);
}

}  // namespace

ArrayMatrix ArrayMatrix::pack(const MatrixLayout& layout, const kernels::WeightRows& weight,
                              std::span<const std::int32_t> bias) {
  ArrayMatrix matrix;
  matrix.codes_ = layout.operands.x.storage;
  if (layout.depthwise) {
    matrix.runs_ = {layout.taps.front()};
    for (std::int64_t output = 0; output < layout.columns; ++output) {
      matrix.depthwise_.push_back(pack_depthwise(layout, output, weight, bias));
    }
    return matrix;
  }
  const bool wide = layout.operands.wide;
  std::vector<Run> runs = find_runs(layout, weight, true);
  if (std::ranges::find(weight.rows, nullptr) != weight.rows.end()) {
    std::vector<Run> fewer = find_runs(layout, weight, false);
    if (!fewer.empty() && groups_of(fewer, wide) < groups_of(runs, wide)) runs = std::move(fewer);
  }
  kernels::WeightRows own = weight.like();
  for (const Run& run : runs) {
    for (std::int64_t row = run.row; row < run.row + run.length; ++row) {
      own.append(weight, static_cast<std::size_t>(row), weight.row(row));
    }
    matrix.runs_.push_back(run.place);
  }
  matrix.dense_ = kernels::PackedMatrix::pack(layout.operands, own, layout.columns, std::ssize(runs), bias);
  return matrix;
}

void ArrayMatrix::multiply(const CodeRows& rows, const kernels::FusedRule* rule, const kernels::Output& out) const {
  const auto address = [&](std::int64_t element) {
    return static_cast<const std::byte*>(rows.codes) + element * static_cast<std::int64_t>(size_of(codes_));
  };
  if (!depthwise_.empty()) {
    const auto columns = static_cast<std::int64_t>(depthwise_.size());
    const std::byte* const first = address(rows.places[rows.first] + runs_.front());
    kernels::Output one = out;
    one.column_stride *= columns;
    for (const kernels::PackedDepthwise& packed : depthwise_) {
      depthwise(packed, first, {rows.count / rows.grid_width, rows.grid_width}, rule, one);
      one.data =
          static_cast<std::byte*>(one.data) + out.column_stride * static_cast<std::int64_t>(size_of(out.storage));
    }
    return;
  }
  kernels::Rows in{.x = rows.codes, .count = rows.count, .segment_offsets = runs_.data()};
  if (rows.places.offsets != nullptr) {
    in.offsets = rows.places.offsets + rows.first;
  } else {
    in.x = address(rows.places[rows.first]);
    in.stride = rows.places.stride;
  }
  kernels::matmul(dense_, in, rule, out);
}

}  // namespace witin::array
