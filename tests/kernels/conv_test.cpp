// Convolutions over padded maps, and depthwise convolutions, against the definition.
#include <doctest/doctest.h>

#include <array>
#include <string>

#include "sim/kernels/depthwise.hpp"
#include "tests/kernels/oracle.hpp"

using witin::CodeRange;
using witin::Storage;
using witin::kernels::Buffer;
using witin::kernels::Isa;
using witin::testing::Codes;
using witin::testing::ConvGeometry;

namespace {

struct Case {
  ConvGeometry geometry;
  std::int64_t outputs;
  CodeRange x_range;
  std::int32_t pad_code;
  CodeRange bias_range = {-10000, 10000};
};

// Of both roundings; scales with few bits and with many.
const std::array<witin::arith::OutputRuleSpec, 5> kRules{
    {{.g = 256},
     {.g = 300},
     {.g = 65536},
     {.arithmetic = witin::Arithmetic::kWitinNn, .g = 512},
     {.arithmetic = witin::Arithmetic::kWitinNn, .g = 65536.0 / 3}}};

std::vector<std::int32_t> run(Isa isa, const Case& c, const Codes& x, const Codes& w, const Codes& bias) {
  const ConvGeometry& g = c.geometry;
  const auto tables = conv_tables(g);
  const std::int64_t group_in = g.channels / g.groups;
  const std::int64_t group_out = c.outputs / g.groups;
  const auto per_group = static_cast<std::size_t>(group_out * g.k());
  std::vector<std::int32_t> out(static_cast<std::size_t>(c.outputs * g.out_pixels()));
  for (std::int64_t group = 0; group < g.groups; ++group) {
    const auto matrix =
        conv_matrix(g, group_out, std::span(w).subspan(static_cast<std::size_t>(group) * per_group, per_group));
    const auto packed = witin::kernels::PackedMatrix::pack(
        witin::testing::operands_of(isa, c.x_range, matrix), matrix, g.k(), group_out, std::ssize(tables.segments),
        std::span(bias).subspan(static_cast<std::size_t>(group * group_out), static_cast<std::size_t>(group_out)));
    const Buffer map = padded_map(g, x, c.pad_code, packed.x_format());
    const std::byte* start =
        map.data() + static_cast<std::size_t>(group * group_in) * size_of(packed.x_format().storage);
    matmul(
        packed,
        {.x = start, .count = g.out_pixels(), .offsets = tables.rows.data(), .segment_offsets = tables.segments.data()},
        nullptr,
        {.data = out.data() + group * group_out * g.out_pixels(),
         .storage = Storage::kS32,
         .row_stride = 1,
         .column_stride = g.out_pixels()});
  }
  return out;
}

void check(Isa isa, const Case& c, unsigned seed) {
  INFO("isa ", std::string(name(isa)), " seed ", seed);
  const ConvGeometry& g = c.geometry;
  std::mt19937 random(seed);
  const Codes x =
      witin::testing::random_codes(random, static_cast<std::size_t>(g.channels * g.height * g.width), c.x_range);
  const Codes w = witin::testing::random_codes(
      random, static_cast<std::size_t>(c.outputs * g.channels / g.groups * g.kernel_h * g.kernel_w),
      witin::signed_range(8));
  const Codes bias = witin::testing::random_codes(random, static_cast<std::size_t>(c.outputs), c.bias_range);
  const auto expected = witin::testing::conv(g, x, w, bias, c.outputs, c.pad_code);
  const auto got = run(isa, c, x, w, bias);
  REQUIRE(got.size() == expected.size());
  std::size_t different = 0;
  for (std::size_t i = 0; i < got.size(); ++i) different += got[i] != expected[i];
  CHECK(different == 0);

  if (g.groups != g.channels || c.outputs != g.channels) return;
  const auto weights = witin::testing::narrow(w);
  const auto packed = witin::kernels::PackedDepthwise::pack(witin::testing::operands_of(isa, c.x_range, weights),
                                                            {.channels = g.channels,
                                                             .kernel_h = g.kernel_h,
                                                             .kernel_w = g.kernel_w,
                                                             .step_y = g.stride_h * g.map_row(),
                                                             .step_x = g.stride_w * g.channels,
                                                             .tap_y = g.dilation_h * g.map_row(),
                                                             .tap_x = g.dilation_w * g.channels},
                                                            weights, bias);
  const Buffer map = padded_map(g, x, c.pad_code, packed.x_format());
  const auto pixels = static_cast<std::size_t>(g.out_pixels());
  const witin::kernels::Grid grid{g.out_height(), g.out_width()};
  for (const bool chw : {false, true}) {
    const std::int64_t row_stride = chw ? 1 : g.channels;
    const std::int64_t column_stride = chw ? g.out_pixels() : 1;
    const auto place = [&](std::size_t i) {
      return chw ? i : i % pixels * static_cast<std::size_t>(g.channels) + i / pixels;
    };
    std::vector<std::int32_t> raw(expected.size());
    depthwise(packed, map.data(), grid, nullptr, {raw.data(), Storage::kS32, row_stride, column_stride});
    different = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) different += raw[place(i)] != expected[i];
    CHECK(different == 0);
    for (const witin::arith::OutputRuleSpec& spec : kRules) {
      CAPTURE(*spec.g);
      const auto rule = witin::arith::OutputRule::make(spec);
      const auto fused = witin::kernels::FusedRule::make(*rule);
      std::vector<std::int8_t> codes(expected.size() + 8, 77);
      depthwise(packed, map.data(), grid, &fused, {codes.data(), Storage::kS8, row_stride, column_stride});
      different = 0;
      for (std::size_t i = 0; i < expected.size(); ++i) different += codes[place(i)] != rule->y(expected[i]);
      CHECK(different == 0);
      for (std::size_t i = expected.size(); i < codes.size(); ++i) CHECK(codes[i] == 77);
    }
  }
}

ConvGeometry geometry(std::int64_t c, std::int64_t h, std::int64_t w, std::int64_t kh, std::int64_t kw) {
  ConvGeometry g;
  g.channels = c;
  g.height = h;
  g.width = w;
  g.kernel_h = kh;
  g.kernel_w = kw;
  return g;
}

}  // namespace

TEST_CASE("convolution: strides, pads, dilations, groups, depthwise") {
  unsigned seed = 0;
  for (const Isa isa : witin::kernels::runnable_isas()) {
    for (const CodeRange range :
         {witin::unsigned_range(8), witin::signed_range(8), witin::pn_range(8), witin::signed_range(12)}) {
      Case c{geometry(3, 9, 11, 3, 3), 17, range, 0};
      check(isa, c, ++seed);
      c.geometry.pad_top = 1, c.geometry.pad_left = 2, c.geometry.pad_right = 1;
      c.pad_code = range.hi;
      check(isa, c, ++seed);
      c.geometry.stride_h = 2, c.geometry.stride_w = 3;
      check(isa, c, ++seed);
      c.geometry.dilation_h = 2, c.geometry.dilation_w = 2;
      check(isa, c, ++seed);
      c.geometry.groups = 3, c.outputs = 6;
      check(isa, c, ++seed);
      c.outputs = 3;
      check(isa, c, ++seed);
      for (const std::int64_t channels : {1, 5, 16, 33, 64, 80, 130}) {
        for (const std::int64_t stride : {1, 2}) {
          for (const std::int64_t kernel : {2, 3, 5}) {
            Case d{geometry(channels, 7, 9, kernel, kernel == 5 ? 1 : kernel), channels, range, 1};
            d.geometry.groups = channels;
            d.geometry.stride_h = d.geometry.stride_w = stride;
            d.geometry.pad_top = d.geometry.pad_left = d.geometry.pad_right = d.geometry.pad_bottom = kernel / 2;
            check(isa, d, ++seed);
            d.geometry.dilation_w = 2;
            check(isa, d, ++seed);
          }
        }
      }
    }
    check(isa, {geometry(16, 14, 14, 3, 3), 32, witin::unsigned_range(8), 0}, ++seed);
    check(isa, {geometry(2, 1, 40, 1, 2), 32, witin::unsigned_range(8), 0}, ++seed);
    check(isa, {geometry(64, 6, 7, 3, 3), 64, witin::unsigned_range(8), 0}, ++seed);
    check(isa, {geometry(1, 12, 12, 5, 5), 8, witin::unsigned_range(8), 0}, ++seed);
    check(isa, {geometry(5, 8, 9, 3, 3), 272, witin::unsigned_range(8), 0}, ++seed);
  }
}

TEST_CASE("depthwise convolution: small maps, accumulators around 2^22 and beyond") {
  unsigned seed = 1000;
  for (const Isa isa : witin::kernels::runnable_isas()) {
    for (const CodeRange bias : {CodeRange{-10000, 10000}, CodeRange{(1 << 22) - 300'000, 1 << 22},
                                 CodeRange{-(1 << 22), 300'000 - (1 << 22)}, CodeRange{-6'000'000, 6'000'000}}) {
      for (const std::int64_t height : {1, 2, 3, 5}) {
        for (const std::int64_t width : {3, 4, 5, 7, 8}) {
          Case c{geometry(130, height, width, 3, 3), 130, witin::unsigned_range(8), 0, bias};
          c.geometry.groups = 130;
          c.geometry.pad_top = c.geometry.pad_left = c.geometry.pad_right = c.geometry.pad_bottom = 1;
          check(isa, c, ++seed);
        }
      }
    }
  }
}
