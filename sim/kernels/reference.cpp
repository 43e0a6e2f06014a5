// The normative kernels: plain loops over the packed weights, the output rule in its exact form.
#include "sim/kernels/kernel_table.hpp"
#include "sim/kernels/noise_loops.hpp"

namespace witin::kernels {
namespace {

std::int32_t load(const void* x, Element element, std::int64_t i) {
  switch (element) {
    case Element::kS8:
      return static_cast<const std::int8_t*>(x)[i];
    case Element::kU8:
      return static_cast<const std::uint8_t*>(x)[i];
    case Element::kS16:
      return static_cast<const std::int16_t*>(x)[i];
    case Element::kS32:
      return static_cast<const std::int32_t*>(x)[i];
  }
  return 0;
}

void store(void* data, Element element, std::int64_t i, std::int32_t value) {
  switch (element) {
    case Element::kS8:
      static_cast<std::int8_t*>(data)[i] = static_cast<std::int8_t>(value);
      return;
    case Element::kU8:
      static_cast<std::uint8_t*>(data)[i] = static_cast<std::uint8_t>(value);
      return;
    case Element::kS16:
      static_cast<std::int16_t*>(data)[i] = static_cast<std::int16_t>(value);
      return;
    case Element::kS32:
      static_cast<std::int32_t*>(data)[i] = value;
      return;
  }
}

std::int32_t finish(const RuleArgs& rule, std::int32_t acc) {
  return rule.form == RuleForm::kNone ? acc : rule.exact(rule.exact_rule, acc);
}

void store_output(const OutputArgs& out, std::int64_t m, std::int64_t n, std::int32_t value) {
  const std::int64_t row = out.row_offsets != nullptr ? out.row_offsets[m] : m * out.row_stride;
  store(out.data, out.element, row + n * out.column_stride, value);
}

constexpr std::int64_t kPanel = 16;  // columns

// w[k, n] of the packed weights, k = segment * run + position.
std::int32_t weight(const MatmulArgs& a, std::int64_t segment, std::int64_t position, std::int64_t n) {
  const std::int64_t group = a.wide ? 2 : 4;
  const std::int64_t step =
      n / kPanel * a.segments * a.groups_per_run + packed_step(a.segments, a.groups_per_run, segment, position / group);
  const std::int64_t index = (step * kPanel + n % kPanel) * group + position % group;
  return load(a.weights, a.wide ? Element::kS16 : Element::kS8, index);
}

void matmul(const MatmulArgs& a) {
  for (std::int64_t m = 0; m < a.rows; ++m) {
    const std::int64_t row = a.row_offsets != nullptr ? a.row_offsets[m] : m * a.row_stride;
    for (std::int64_t n = 0; n < a.n; ++n) {
      std::int32_t acc = a.init[n];
      for (std::int64_t s = 0; s < a.segments; ++s) {
        const std::int64_t start = row + (a.segment_offsets != nullptr ? a.segment_offsets[s] : 0);
        for (std::int64_t i = 0; i < a.run; ++i) acc += load(a.x, a.x_element, start + i) * weight(a, s, i, n);
      }
      store_output(a.out, m, n, finish(a.rule, acc));
    }
  }
}

void depthwise(const DepthwiseArgs& a) {
  for (std::int64_t m = 0; m < a.out_height * a.out_width; ++m) {
    const std::int64_t pixel = m / a.out_width * a.step_y + m % a.out_width * a.step_x;
    for (std::int64_t c = 0; c < a.channels; ++c) {
      std::int32_t acc = a.init[c];
      for (std::int64_t tap = 0; tap < a.kernel_h * a.kernel_w; ++tap) {
        const std::int64_t at = pixel + tap / a.kernel_w * a.tap_y + tap % a.kernel_w * a.tap_x + c;
        acc += load(a.x, a.x_element, at) * static_cast<const std::int16_t*>(a.weights)[tap * a.channels + c];
      }
      store_output(a.out, m, c, finish(a.rule, acc));
    }
  }
}

void apply_rule(const RuleArgs& rule, const std::int32_t* acc, std::int64_t count, void* codes, Element element) {
  for (std::int64_t i = 0; i < count; ++i) store(codes, element, i, finish(rule, acc[i]));
}

void transpose(const TransposeArgs& t) {
  for (std::int64_t r = 0; r < t.rows; ++r) {
    for (std::int64_t c = 0; c < t.columns; ++c) {
      static_cast<std::uint8_t*>(t.out)[c * t.out_stride + r] =
          static_cast<const std::uint8_t*>(t.in)[r * t.in_stride + c] ^ t.flip;
    }
  }
}

void convert(const void* codes, Element from, std::int64_t count, void* out, Element to, std::int32_t offset) {
  for (std::int64_t i = 0; i < count; ++i) store(out, to, i, load(codes, from, i) + offset);
}

void part(const PartArgs& a) {
  for (std::int64_t row = 0; row < a.rows; ++row) {
    for (std::int64_t i = 0; i < a.count; ++i) {
      const std::int32_t code = load(a.codes, a.from, row * a.in_stride + i);
      const bool taken = code < 0 ? a.negative : a.positive;
      const std::int32_t magnitude = taken ? ((code < 0 ? -code : code) >> a.shift) & a.mask : 0;
      store(a.out, a.to, row * a.out_stride + i, (a.with_sign && code < 0 ? -magnitude : magnitude) + a.offset);
    }
  }
}

}  // namespace

const KernelTable kRefKernels{kPanel,
                              matmul,
                              depthwise,
                              apply_rule,
                              transpose,
                              convert,
                              part,
                              reference_normals,
                              noise_kernels({noise_loops::finish, nullptr, nullptr, noise_loops::functions}),
                              nullptr};

}  // namespace witin::kernels
