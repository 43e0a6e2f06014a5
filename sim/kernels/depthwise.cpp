#include "sim/kernels/depthwise.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdlib>
#include <vector>

#include "sim/kernels/arguments.hpp"

namespace witin::kernels {
namespace {

constexpr std::int64_t kRowGroup = 4;        // kernel rows of one dot product
constexpr std::int64_t kLargestByte = 0xff;  // of a map in the narrow form

// Channels of one panel: the bytes of a vector of the paths with dot products.
std::int64_t panel_channels(Isa isa) { return isa == Isa::kAvx512vnni ? 64 : 16; }

std::int64_t div_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

std::vector<DepthwiseColumn> columns_of(const DepthwiseGeometry& g, int pixels) {
  std::vector<DepthwiseColumn> columns;
  for (int p = 0; p < pixels; ++p) {
    for (std::int64_t j = 0; j < g.kernel_w; ++j) {
      const std::int64_t offset = p * g.step_x + j * g.tap_x;
      auto column = std::ranges::find(columns, offset, &DepthwiseColumn::offset);
      if (column == columns.end()) column = columns.insert(columns.end(), {offset, {-1, -1, -1, -1}});
      column->tap[p] = static_cast<std::int32_t>(j);
    }
  }
  return columns;
}

}  // namespace

struct PackedDepthwise::Tables {
  bool wide = true;
  bool small = true;
  Buffer weights;
  Buffer init;
  std::array<std::vector<DepthwiseColumn>, 3> columns;

  void fill_wide(const DepthwiseGeometry& g, std::span<const std::int16_t> w, const std::vector<std::int32_t>& start);
  void fill_narrow(const DepthwiseGeometry& g, std::span<const std::int16_t> w, const std::vector<std::int32_t>& start,
                   std::int64_t panel);
};

void PackedDepthwise::Tables::fill_wide(const DepthwiseGeometry& g, std::span<const std::int16_t> w,
                                        const std::vector<std::int32_t>& start) {
  const std::int64_t taps = g.kernel_h * g.kernel_w;
  weights = Buffer(w.size_bytes());
  for (std::int64_t c = 0; c < g.channels; ++c) {
    for (std::int64_t tap = 0; tap < taps; ++tap) {
      weights.as<std::int16_t>()[tap * g.channels + c] = w[static_cast<std::size_t>(c * taps + tap)];
    }
  }
  init = Buffer(static_cast<std::size_t>(div_up(g.channels, 64) * 64) * sizeof(std::int32_t));
  std::ranges::copy(start, init.as<std::int32_t>());
}

void PackedDepthwise::Tables::fill_narrow(const DepthwiseGeometry& g, std::span<const std::int16_t> w,
                                          const std::vector<std::int32_t>& start, std::int64_t panel) {
  wide = false;
  const std::int64_t groups = div_up(g.kernel_h, kRowGroup);
  const std::int64_t panels = div_up(g.channels, panel);
  const std::int64_t lanes = panel / 16;
  weights = Buffer(static_cast<std::size_t>(panels * groups * g.kernel_w * panel * kRowGroup));
  init = Buffer(static_cast<std::size_t>(panels * panel) * sizeof(std::int32_t));
  for (std::int64_t c = 0; c < g.channels; ++c) {
    const std::int64_t within = c % panel;
    const std::int64_t place = (within % 16 / 4 * lanes + within / 16) * 4 + within % 4;
    init.as<std::int32_t>()[c / panel * panel + place] = start[static_cast<std::size_t>(c)];
    for (std::int64_t i = 0; i < g.kernel_h; ++i) {
      for (std::int64_t j = 0; j < g.kernel_w; ++j) {
        const std::int64_t column = (c / panel * groups + i / kRowGroup) * g.kernel_w + j;
        weights.as<std::int8_t>()[(column * panel + place) * kRowGroup + i % kRowGroup] =
            static_cast<std::int8_t>(w[static_cast<std::size_t>((c * g.kernel_h + i) * g.kernel_w + j)]);
      }
    }
  }
  for (std::size_t t = 0; t < columns.size(); ++t) columns[t] = columns_of(g, 1 << t);
}

PackedDepthwise PackedDepthwise::pack(const Operands& operands, const DepthwiseGeometry& geometry,
                                      std::span<const std::int16_t> weights, std::span<const std::int32_t> bias) {
  const auto channels = static_cast<std::size_t>(geometry.channels);
  const std::size_t taps = weights.size() / channels;
  assert(taps == static_cast<std::size_t>(geometry.kernel_h * geometry.kernel_w));
  PackedDepthwise packed;
  packed.operands_ = operands;
  packed.geometry_ = geometry;
  Tables tables;
  std::vector<std::int32_t> start(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    std::int64_t acc = bias.empty() ? 0 : bias[c];
    std::int64_t most = 0;  // that taps add either way
    for (const std::int16_t weight : weights.subspan(c * taps, taps)) {
      acc -= std::int64_t{operands.x.offset} * weight;
      most += kLargestByte * std::abs(weight);
    }
    start[c] = static_cast<std::int32_t>(acc);
    tables.small = tables.small && std::abs(acc) + most < std::int64_t{1} << 22;
  }
  if (operands.isa == Isa::kRef || operands.wide) {
    tables.fill_wide(geometry, weights, start);
  } else {
    tables.fill_narrow(geometry, weights, start, panel_channels(operands.isa));
  }
  packed.tables_ = std::make_shared<const Tables>(std::move(tables));
  return packed;
}

void depthwise(const PackedDepthwise& packed, const void* x, const Grid& outputs, const FusedRule* rule,
               const Output& out) {
  const DepthwiseGeometry& g = packed.geometry_;
  const PackedDepthwise::Tables& t = *packed.tables_;
  const auto count = [&](std::size_t i) { return static_cast<std::int64_t>(t.columns[i].size()); };
  kernel_table(packed.operands_.isa)
      .depthwise({.x = x,
                  .x_element = element(packed.operands_.x.storage),
                  .wide = t.wide,
                  .small = t.small,
                  .channels = g.channels,
                  .out_height = outputs.height,
                  .out_width = outputs.width,
                  .kernel_h = g.kernel_h,
                  .kernel_w = g.kernel_w,
                  .step_y = g.step_y,
                  .step_x = g.step_x,
                  .tap_y = g.tap_y,
                  .tap_x = g.tap_x,
                  .weights = t.weights.data(),
                  .init = t.init.as<std::int32_t>(),
                  .columns = {t.columns[0].data(), t.columns[1].data(), t.columns[2].data()},
                  .column_count = {count(0), count(1), count(2)},
                  .rule = rule_args(packed.operands_.isa, rule, out.storage),
                  .out = output_args(out)});
}

}  // namespace witin::kernels
