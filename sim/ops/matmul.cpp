// matmul: y[..., m, n] = clip(rne(f32(f32(f32(acc / scale_left) / scale_right) * scale_y))), acc = sum_k a[..., m, k] *
//         b[..., k, n], exact
// With g instead of the scales the output is the profile's array output of acc: sim/arith/output_rule.hpp.
//
// Two frames of at least two axes; the axes before the last two broadcast as NumPy does.
//   scale_left*, scale_right*, scale_y*, or g*
//   y_bits  2..16, default 8
#include <algorithm>
#include <array>

#include "sim/arith/output_rule.hpp"
#include "sim/kernels/code_product.hpp"
#include "sim/kernels/matmul.hpp"
#include "sim/ops/attributes.hpp"
#include "sim/ops/broadcast.hpp"
#include "sim/ops/codes.hpp"
#include "sim/ops/defs.hpp"

namespace witin::ops {
namespace {

constexpr std::size_t kTile = 64;  // columns added up at a time

struct Product {
  Broadcast batch;  // which matrices belong together
  std::size_t m = 1;
  std::size_t k = 1;
  std::size_t n = 1;
};

// Of any codes, sums in int64.
template <typename Output>
class WideMatmul final : public FrameOperator {
 public:
  WideMatmul(ValueType type, std::span<const ValueType> inputs, Product product, Output output)
      : FrameOperator(std::move(type), inputs), product_(std::move(product)), output_(std::move(output)) {}

 protected:
  Status frame(std::span<const std::span<const std::int32_t>> inputs, std::span<std::int32_t> output) const override {
    const auto& [batch, m, k, n] = product_;
    const auto count = static_cast<std::size_t>(element_count(batch.shape));
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t left = batch.left.empty() ? i : batch.left[i];
      const std::size_t right = batch.right.empty() ? i : batch.right[i];
      multiply(inputs[0].subspan(left * m * k, m * k), inputs[1].subspan(right * k * n, k * n),
               output.subspan(i * m * n, m * n));
    }
    return {};
  }

 private:
  void multiply(std::span<const std::int32_t> a, std::span<const std::int32_t> b, std::span<std::int32_t> y) const {
    const auto& [batch, rows, depth, columns] = product_;
    std::array<std::int64_t, kTile> acc{};
    for (std::size_t first = 0; first < columns; first += kTile) {
      const std::size_t width = std::min(kTile, columns - first);
      for (std::size_t row = 0; row < rows; ++row) {
        std::fill_n(acc.begin(), width, 0);
        for (std::size_t k = 0; k < depth; ++k) {
          const std::int64_t x = a[row * depth + k];
          const std::int32_t* const w = b.data() + k * columns + first;
          for (std::size_t j = 0; j < width; ++j) acc[j] += x * w[j];
        }
        for (std::size_t j = 0; j < width; ++j) y[row * columns + first + j] = output_(acc[j]);
      }
    }
  }

  Product product_;
  Output output_;
};

// Of codes of 16 bits whose sums are within int32, on the kernels.
template <typename Output>
class Matmul final : public Operator {
 public:
  Matmul(const NodeContext& context, ValueType type, Product product, Output output)
      : Operator(std::move(type)),
        inputs_{context.input(0), context.input(1)},
        isa_(context.isa()),
        product_(std::move(product)),
        kernel_(isa_, static_cast<std::int64_t>(product_.m), static_cast<std::int64_t>(product_.k),
                static_cast<std::int64_t>(product_.n)),
        output_(std::move(output)) {}

  Status run(const Run& run) const override {
    const auto& [batch, m, k, n] = product_;
    const auto count = static_cast<std::size_t>(element_count(batch.shape));
    const auto packed = run.scratch->take<std::int16_t>(static_cast<std::size_t>(kernel_.packed_elements()));
    const auto sums = run.scratch->take<std::int32_t>(m * n);
    const auto y = run.scratch->take<std::int32_t>(count * m * n);
    const std::array<std::span<std::int16_t>, 2> codes{take(0, *run.scratch), take(1, *run.scratch)};
    for (std::int64_t f = 0; f < run.frames; ++f) {
      convert(0, run, f, codes[0]);
      convert(1, run, f, codes[1]);
      std::size_t in_packed = SIZE_MAX;
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t left = batch.left.empty() ? i : batch.left[i];
        const std::size_t right = batch.right.empty() ? i : batch.right[i];
        if (right != in_packed) kernel_.pack(codes[1].data() + right * k * n, packed.data());
        in_packed = right;
        kernel_.multiply(codes[0].data() + left * m * k, packed.data(), sums.data());
        std::ranges::transform(sums, y.begin() + static_cast<std::ptrdiff_t>(i * m * n), output_);
      }
      narrow(y, output().storage(), run.output, static_cast<std::size_t>(f) * y.size());
    }
    return {};
  }

 private:
  // Room for a frame of an input in 16 bits.
  std::span<std::int16_t> take(std::size_t input, Scratch& scratch) const {
    const auto elements = static_cast<std::size_t>(inputs_[input].elements());
    return scratch.take<std::int16_t>(elements + kernels::kReadSlack).first(elements);
  }

  void convert(std::size_t input, const Run& run, std::int64_t frame, std::span<std::int16_t> out) const {
    const ValueType& type = inputs_[input];
    const auto* const from =
        static_cast<const std::byte*>(run.inputs[input]) + static_cast<std::size_t>(frame) * type.frame_bytes();
    kernels::convert_codes(isa_, from, type.storage(), std::ssize(out), {Storage::kS16, 0}, out.data());
  }

  std::array<ValueType, 2> inputs_;
  kernels::Isa isa_;
  Product product_;
  kernels::CodeProduct kernel_;
  Output output_;
};

// Whether codes are of 16 bits and sums within int32, and the right matrices are not much larger packed.
bool is_narrow(const NodeContext& context, const Product& product) {
  constexpr CodeRange kCodes = signed_range(16);
  constexpr std::size_t kFewestColumns = 4;  // packed, 16
  if (product.n < kFewestColumns) return false;
  std::int64_t bound = static_cast<std::int64_t>(product.k);  // below 2^31, as every extent
  for (const std::size_t input : {0U, 1U}) {
    const CodeRange range = context.input(input).range;
    if (range.lo < kCodes.lo || range.hi > kCodes.hi) return false;
    const std::int64_t most = std::max(-std::int64_t{range.lo}, std::int64_t{range.hi});
    if (most != 0 && bound > ((std::int64_t{1} << 31) - 1) / most) return false;
    bound *= most;
  }
  return true;
}

Result<Product> product_of(const NodeContext& context) {
  const Shape& a = context.input(0).shape;
  const Shape& b = context.input(1).shape;
  const std::string found = to_string(a) + " and " + to_string(b);
  if (a.size() < 2 || b.size() < 2 || a.back() != b[b.size() - 2]) {
    return context.node_error("node.shape", "the inputs cannot be multiplied", "[..., M, K] and [..., K, N]", found);
  }
  Product product;
  auto batch = broadcast({a.begin(), a.end() - 2}, {b.begin(), b.end() - 2});
  if (!batch) {
    return context.node_error("node.shape", "the shapes cannot be broadcast", "extents that are equal or 1", found);
  }
  product.batch = std::move(*batch);
  product.m = static_cast<std::size_t>(a[a.size() - 2]);
  product.k = static_cast<std::size_t>(a.back());
  product.n = static_cast<std::size_t>(b.back());
  return product;
}

template <typename Output>
std::unique_ptr<Operator> make(const NodeContext& context, Product product, CodeRange range, Output output) {
  Shape shape = product.batch.shape;
  shape.push_back(static_cast<std::int64_t>(product.m));
  shape.push_back(static_cast<std::int64_t>(product.n));
  ValueType type{std::move(shape), range};
  if (is_narrow(context, product)) {
    return std::make_unique<Matmul<Output>>(context, std::move(type), std::move(product), std::move(output));
  }
  return std::make_unique<WideMatmul<Output>>(std::move(type), context.inputs(), std::move(product), std::move(output));
}

Status check_attributes(const NodeContext& context) {
  for (const std::string_view scale : {"scale_left", "scale_right", "scale_y"}) {
    if (context.has(scale) != context.has("g")) continue;
    return context.attribute_error(scale, context.has("g") ? "attribute.value" : "attribute.missing",
                                   "matmul has either its three scales or g", "one of them",
                                   context.has("g") ? "both" : "neither");
  }
  return {};
}

Result<std::unique_ptr<Operator>> prepare_matmul(const NodeContext& context) {
  auto product = product_of(context);
  if (!product) return std::move(product).error();
  if (Status checked = check_attributes(context); !checked) return std::move(checked).error();
  if (context.has("g")) {
    auto rule = arith::OutputRule::make({.arithmetic = context.arithmetic(),
                                         .g = context.number("g", 1),
                                         .y_bits = static_cast<int>(context.integer("y_bits", 8))});
    if (!rule) return std::move(rule).error();
    const CodeRange range = rule->range();
    return {make(context, std::move(*product), range, [rule = *rule](std::int64_t acc) { return rule.y(acc); })};
  }
  const float left = f32_of(context, "scale_left");
  const float right = f32_of(context, "scale_right");
  const float scale_y = f32_of(context, "scale_y");
  const CodeRange range = output_range(context, true);
  return {make(context, std::move(*product), range, [=](std::int64_t acc) {
    const float value = static_cast<float>(acc) / left / right;
    return arith::clamp(arith::rne(value * scale_y), range);
  })};
}

}  // namespace

const OpDef kMatmul{"matmul",
                    kOnAll,
                    2,
                    2,
                    {},
                    {scale_rule("scale_left", false), scale_rule("scale_right", false), scale_rule("scale_y", false),
                     scale_rule("g", false), bits_rule("y_bits")},
                    prepare_matmul};

}  // namespace witin::ops
