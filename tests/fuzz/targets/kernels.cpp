// Bytes to shape, input, weights and rule: matrix products and depthwise convolutions on every instruction set against
// sums in int64 (tests/kernels/oracle.hpp). Nothing beside the result may be written.
#include <algorithm>
#include <bit>
#include <string>

#include "sim/kernels/depthwise.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/kernels/oracle.hpp"

namespace witin::fuzz {
namespace {

using arith::OutputRule;
using kernels::Buffer;
using kernels::FusedRule;
using kernels::Isa;
using kernels::Output;
using testing::Codes;
using testing::ConvGeometry;

constexpr std::byte kUntouched{0x5a};
constexpr std::size_t kGuard = 64;  // bytes
constexpr std::int64_t kMostProducts = 1 << 14;

// Numbers from the input; after its end from its beginning, changed.
class Numbers {
 public:
  explicit Numbers(Bytes bytes) : bytes_(bytes) {}

  [[nodiscard]] std::int64_t up_to(std::int64_t most) {  // 0 .. most
    const std::uint64_t number = most < 256 ? byte() : byte() | std::uint64_t{byte()} << 8;
    return static_cast<std::int64_t>(number % static_cast<std::uint64_t>(most + 1));
  }
  // Codes whose ends are the bytes 0 and 255.
  [[nodiscard]] Codes codes(std::int64_t count, CodeRange range) {
    Codes out;
    for (std::int64_t i = 0; i < count; ++i) {
      out.push_back(static_cast<std::int32_t>(range.lo + (std::int64_t{range.hi} - range.lo) * byte() / 255));
    }
    return out;
  }

 private:
  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const auto round = static_cast<unsigned>(at_ / bytes_.size());
    const auto value = std::to_integer<unsigned>(bytes_[at_++ % bytes_.size()]);
    return static_cast<std::uint8_t>(value ^ (round * 0x9dU));
  }

  Bytes bytes_;
  std::size_t at_ = 0;
};

CodeRange input_range(Numbers& numbers) {
  const auto bits = static_cast<int>(1 + numbers.up_to(11));
  const std::int64_t kind = numbers.up_to(2);
  return kind == 0 ? unsigned_range(bits) : kind == 1 ? signed_range(bits) : pn_range(bits);
}

CodeRange weight_range(Numbers& numbers) { return numbers.up_to(1) == 0 ? signed_range(8) : CodeRange{-275, 275}; }

OutputRule output_rule(Numbers& numbers) {
  arith::OutputRuleSpec spec;
  spec.arithmetic = static_cast<Arithmetic>(numbers.up_to(2));
  spec.y_bits = static_cast<int>(2 + numbers.up_to(8));  // more make rules slow to prepare
  const std::int64_t kind = numbers.up_to(3);
  if (spec.arithmetic == Arithmetic::kWitinNn && kind == 0) {
    spec.divisor = static_cast<double>(1 + numbers.up_to(65'535)) / 16;
    spec.multiplier = static_cast<double>(1 + numbers.up_to(65'535)) / 256;
    spec.clip_value = static_cast<double>(numbers.up_to(255)) / 8;
  } else if (kind == 1) {
    spec.g = static_cast<double>(1 + numbers.up_to(65'535)) / 97;
  } else {
    spec.g = static_cast<double>(std::int64_t{1} << numbers.up_to(16));
  }
  const Result<OutputRule> rule = OutputRule::make(spec);
  return rule.ok() ? *rule : *OutputRule::make({.g = 1024});
}

std::int64_t element(const Buffer& buffer, Storage storage, std::size_t i) {
  if (storage == Storage::kS8) return buffer.as<std::int8_t>()[i];
  if (storage == Storage::kS16) return buffer.as<std::int16_t>()[i];
  return buffer.as<std::int32_t>()[i];
}

// Calls run(output, rule) for accumulators and for codes, rows and columns in both orders. expected: [rows, columns].
template <typename Run>
void check_outputs(Isa isa, const FusedRule& fused, const std::vector<std::int64_t>& expected, std::int64_t rows,
                   std::int64_t columns, Run&& run) {
  const OutputRule& rule = fused.rule();
  for (const bool codes : {false, true}) {
    const Storage storage = !codes                                      ? Storage::kS32
                            : storage_for(rule.range()) == Storage::kS8 ? Storage::kS8
                                                                        : Storage::kS16;
    for (const bool transposed : {false, true}) {
      Buffer out(expected.size() * size_of(storage) + kGuard);
      std::fill_n(out.data(), out.size(), kUntouched);
      run(Output{.data = out.data(),
                 .storage = storage,
                 .row_stride = transposed ? 1 : columns,
                 .column_stride = transposed ? rows : 1},
          codes ? &fused : nullptr);
      for (std::int64_t m = 0; m < rows; ++m) {
        for (std::int64_t n = 0; n < columns; ++n) {
          const std::int64_t acc = expected[static_cast<std::size_t>(m * columns + n)];
          const std::int64_t found =
              element(out, storage, static_cast<std::size_t>(transposed ? n * rows + m : m * columns + n));
          require(found == (codes ? rule.y(acc) : acc), "another value on " + std::string(kernels::name(isa)));
        }
      }
      const std::span<const std::byte> guard(out.data() + expected.size() * size_of(storage), kGuard);
      require(std::ranges::all_of(guard, [](std::byte byte) { return byte == kUntouched; }),
              "bytes behind the result were written on " + std::string(kernels::name(isa)));
    }
  }
}

// Rows lie apart, and so do the segments of a row.
void check_matmul(Numbers& numbers) {
  std::int64_t m = 1 + numbers.up_to(39);
  const std::int64_t segments = 1 + numbers.up_to(8);
  const std::int64_t run = 1 + numbers.up_to(300);
  std::int64_t n = 1 + numbers.up_to(149);
  const std::int64_t gap = numbers.up_to(5);
  const std::int64_t k = segments * run;
  const CodeRange x_range = input_range(numbers);
  const CodeRange w_range = weight_range(numbers);
  const FusedRule rule = FusedRule::make(output_rule(numbers));
  n = std::clamp<std::int64_t>(kMostProducts / k, 1, n);
  m = std::clamp<std::int64_t>(kMostProducts / (k * n), 1, m);
  const Codes bias = numbers.up_to(1) == 0 ? Codes{} : numbers.codes(n, {-260'096, 260'096});
  const Codes x = numbers.codes(m * k, x_range);
  const Codes w = numbers.codes(k * n, w_range);
  const std::vector<std::int64_t> expected = testing::matmul(x, w, bias, m, k, n);

  const std::int64_t segment_stride = run + gap;
  const std::int64_t row_stride = segments * segment_stride;
  Codes apart(static_cast<std::size_t>(m * row_stride), x_range.hi);
  std::vector<std::int64_t> segment_offsets;
  for (std::int64_t s = 0; s < segments; ++s) segment_offsets.push_back(s * segment_stride);
  for (std::int64_t i = 0; i < m * k; ++i) {
    apart[static_cast<std::size_t>(i / k * row_stride + i % k / run * segment_stride + i % run)] =
        x[static_cast<std::size_t>(i)];
  }
  const auto weights = testing::narrow(w);
  for (const Isa isa : kernels::runnable_isas()) {
    const auto packed =
        kernels::PackedMatrix::pack(testing::operands_of(isa, x_range, weights), weights, k, n, segments, bias);
    const Buffer input = testing::stored(apart, packed.x_format());
    const kernels::Rows rows{
        .x = input.data(), .count = m, .stride = row_stride, .segment_offsets = segment_offsets.data()};
    check_outputs(isa, rule, expected, m, n,
                  [&](const Output& out, const FusedRule* fused) { kernels::matmul(packed, rows, fused, out); });
  }
}

void check_depthwise(Numbers& numbers) {
  ConvGeometry g;
  g.kernel_h = 1 + numbers.up_to(5);
  g.kernel_w = 1 + numbers.up_to(5);
  g.stride_h = 1 + numbers.up_to(2);
  g.stride_w = 1 + numbers.up_to(2);
  g.dilation_h = 1 + numbers.up_to(1);
  g.dilation_w = 1 + numbers.up_to(1);
  g.pad_top = numbers.up_to(2);
  g.pad_left = numbers.up_to(2);
  g.pad_bottom = numbers.up_to(2);
  g.pad_right = numbers.up_to(2);
  g.height = g.dilation_h * (g.kernel_h - 1) + 1 + numbers.up_to(6);
  g.width = g.dilation_w * (g.kernel_w - 1) + 1 + numbers.up_to(9);
  const CodeRange x_range = input_range(numbers);
  const CodeRange w_range = weight_range(numbers);
  const FusedRule rule = FusedRule::make(output_rule(numbers));
  const std::int64_t most = kMostProducts / (g.out_pixels() * g.kernel_h * g.kernel_w);
  g.channels = g.groups = std::clamp<std::int64_t>(most, 1, 1 + numbers.up_to(130));
  const Codes bias = numbers.codes(g.channels, {-260'096, 260'096});
  const Codes x = numbers.codes(g.channels * g.height * g.width, x_range);
  const Codes w = numbers.codes(g.channels * g.kernel_h * g.kernel_w, w_range);
  const std::int32_t pad_code = numbers.codes(1, x_range).front();
  const std::vector<std::int64_t> expected = testing::conv(g, x, w, bias, g.channels, pad_code);
  const auto weights = testing::narrow(w);
  for (const Isa isa : kernels::runnable_isas()) {
    const auto packed = kernels::PackedDepthwise::pack(testing::operands_of(isa, x_range, weights),
                                                       {.channels = g.channels,
                                                        .kernel_h = g.kernel_h,
                                                        .kernel_w = g.kernel_w,
                                                        .step_y = g.stride_h * g.map_row(),
                                                        .step_x = g.stride_w * g.channels,
                                                        .tap_y = g.dilation_h * g.map_row(),
                                                        .tap_x = g.dilation_w * g.channels},
                                                       weights, bias);
    const Buffer map = testing::padded_map(g, x, pad_code, packed.x_format());
    // Expected values are [channel, pixel]: the output's columns are the rows here.
    check_outputs(isa, rule, expected, g.channels, g.out_pixels(), [&](Output out, const FusedRule* fused) {
      std::swap(out.row_stride, out.column_stride);
      depthwise(packed, map.data(), {g.out_height(), g.out_width()}, fused, out);
    });
  }
}

}  // namespace

void run_kernels(Bytes bytes) {
  Numbers numbers(bytes);
  if (numbers.up_to(1) == 0) {
    check_matmul(numbers);
  } else {
    check_depthwise(numbers);
  }
}

}  // namespace witin::fuzz
