#include "tests/bench/layers.hpp"

#include <random>

namespace witin::bench {

using namespace kernels;  // NOLINT(google-build-using-namespace)

namespace {

std::vector<std::int16_t> random_weights(std::int64_t count) {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> pick(-128, 127);
  std::vector<std::int16_t> weights(static_cast<std::size_t>(count));
  for (std::int16_t& w : weights) w = static_cast<std::int16_t>(pick(random));
  return weights;
}

std::vector<std::uint8_t> random_codes(std::int64_t count) {
  std::mt19937 random(2);
  std::uniform_int_distribution<int> pick(0, 255);
  std::vector<std::uint8_t> codes(static_cast<std::size_t>(count));
  for (std::uint8_t& code : codes) code = static_cast<std::uint8_t>(pick(random));
  return codes;
}

Buffer in_format(const std::vector<std::uint8_t>& codes, XFormat format) {
  Buffer buffer(codes.size() * size_of(format.storage));
  convert_codes(Isa::kRef, codes.data(), Storage::kU8, static_cast<std::int64_t>(codes.size()), format, buffer.data());
  return buffer;
}

}  // namespace

MatmulLayer::MatmulLayer(Isa isa, MatmulShape shape, CodeRange range)
    : shape_(shape), codes_(random_codes(shape.m * shape.k)), weights_(random_weights(shape.k * shape.n)) {
  packed_ = PackedMatrix::pack(choose_operands(isa, range, signed_range(8)), weights_, shape.k, shape.n, 1, {});
  x_ = in_format(codes_, packed_.x_format());
}

void MatmulLayer::run(const FusedRule* rule, Storage storage, void* y) const {
  matmul(packed_, {.x = x_.data(), .count = shape_.m, .stride = shape_.k}, rule,
         {.data = y, .storage = storage, .row_stride = shape_.n});
}

ConvLayer::ConvLayer(Isa isa, ConvShape shape) : shape_(shape) {
  const std::int64_t padded = shape.side + 2;
  const std::int64_t map_row = padded * shape.channels;
  codes_ = random_codes(padded * map_row);
  for (std::int64_t i = 0; i < padded * map_row; ++i) {
    const std::int64_t y = i / map_row, x = i % map_row / shape.channels;
    if (y == 0 || x == 0 || y > shape.side || x > shape.side) codes_[static_cast<std::size_t>(i)] = 0;
  }
  const Operands operands = choose_operands(isa, unsigned_range(8), signed_range(8));
  if (shape.depthwise) {
    weights_ = random_weights(9 * shape.channels);
    packed_depthwise_ = PackedDepthwise::pack(operands,
                                              {.channels = shape.channels,
                                               .kernel_h = 3,
                                               .kernel_w = 3,
                                               .step_y = map_row,
                                               .step_x = shape.channels,
                                               .tap_y = map_row,
                                               .tap_x = shape.channels},
                                              weights_, {});
    x_ = in_format(codes_, packed_depthwise_.x_format());
    return;
  }
  for (std::int64_t m = 0; m < shape.side * shape.side; ++m) {
    rows_.push_back(m / shape.side * map_row + m % shape.side * shape.channels);
  }
  segments_ = {0, map_row, 2 * map_row};
  const std::int64_t k = 9 * shape.channels;
  weights_ = random_weights(k * shape.outputs);
  packed_ = PackedMatrix::pack(operands, weights_, k, shape.outputs, 3, {});
  x_ = in_format(codes_, packed_.x_format());
}

void ConvLayer::run(const FusedRule* rule, Storage storage, bool chw, void* y) const {
  const std::int64_t pixels = shape_.side * shape_.side;
  const Output out{
      .data = y, .storage = storage, .row_stride = chw ? 1 : shape_.outputs, .column_stride = chw ? pixels : 1};
  if (shape_.depthwise) {
    depthwise(packed_depthwise_, x_.data(), {shape_.side, shape_.side}, rule, out);
    return;
  }
  matmul(packed_, {.x = x_.data(), .count = pixels, .offsets = rows_.data(), .segment_offsets = segments_.data()}, rule,
         out);
}

std::vector<std::uint8_t> ConvLayer::x() const {
  std::vector<std::uint8_t> inner;
  const std::int64_t row = shape_.side * shape_.channels;
  for (std::int64_t y = 1; y <= shape_.side; ++y) {
    const auto begin = codes_.begin() + y * (shape_.side + 2) * shape_.channels + shape_.channels;
    inner.insert(inner.end(), begin, begin + row);
  }
  return inner;
}

}  // namespace witin::bench
