#include "sim/array/array_layer.hpp"

#include <algorithm>
#include <limits>

#include "sim/ops/codes.hpp"

namespace witin::array {
namespace {

constexpr std::int64_t kAccumulatorsAtOnce = 8192;
constexpr std::int32_t kEveryPart = -1;

// The digital side's division as an output rule. A sum of `parts` parts of y_bits and a quotient that is clipped to two
// bits more saturates as with the whole quotient while there are at most three parts.
std::optional<kernels::FusedRule> digital_rule(const arith::IntegerDivider& divider, int y_bits, std::int32_t parts) {
  constexpr int kMostBits = 16;  // of an output rule
  if (y_bits + 2 > kMostBits || parts > 3) return std::nullopt;
  arith::OutputRuleSpec spec;
  spec.arithmetic = Arithmetic::kNb01;
  spec.g = static_cast<double>(divider.divisor());
  spec.y_bits = y_bits + 2;
  const Result<arith::OutputRule> rule = arith::OutputRule::make(spec);
  if (!rule) return std::nullopt;
  return kernels::FusedRule::make(*rule);
}

}  // namespace

Staging choose_staging(kernels::Isa isa, CodeRange x, bool split, const Weights& weight, const Weights& weight_neg) {
  const bool two_polarities = !weight_neg.empty();
  if (two_polarities) x = {0, std::max(x.hi, -x.lo)};
  if (split) x = {x.lo < 0 ? -255 : 0, 255};
  const CodeRange w = weight.range();
  const CodeRange negative = weight_neg.range();
  const CodeRange both{std::min(w.lo, negative.lo), std::max(w.hi, negative.hi)};
  return {kernels::choose_operands(isa, x, both), two_polarities, x};
}

Result<ArrayLayer> ArrayLayer::with_conversions(const LayerSpec& spec) {
  const Result<arith::OutputRule> rule = arith::OutputRule::make(spec.rule);
  if (!rule) return rule.error();
  ArrayLayer layer(*rule);
  if (spec.split || spec.parts > 1) layer.part_rule_ = kernels::FusedRule::make(rule->without_limit());
  if (spec.split) {
    Result<arith::IntegerDivider> divider = arith::IntegerDivider::make(*rule);
    if (!divider) return std::move(divider).error();
    layer.divider_ = *divider;
    layer.digital_ = digital_rule(*divider, spec.rule.y_bits, spec.parts);
  }
  return layer;
}

Result<ArrayLayer> ArrayLayer::make(LayerSpec spec, const ArrayLayer* alike) {
  Result<ArrayLayer> made = alike != nullptr ? ArrayLayer(*alike, Conversions{}) : with_conversions(spec);
  if (!made) return made;
  ArrayLayer layer = *std::move(made);
  layer.parts_ = spec.parts;
  layer.layout_ = std::move(spec.layout);
  layer.macs_ = std::ssize(spec.weight.rows) * spec.weight.columns;
  for (std::int32_t part = 0; part < spec.parts; ++part) {
    const std::span<const std::int32_t> bias =
        part == 0 ? std::span<const std::int32_t>(spec.bias) : std::span<const std::int32_t>();
    layer.matrices_.push_back(layer.pack(spec, bias, part));
  }
  if (spec.split) {
    layer.high_ = layer.pack(spec, {}, kEveryPart);
    layer.high_start_ = std::move(spec.bias_d);
  }
  return layer;
}

ArrayMatrix ArrayLayer::pack(const LayerSpec& spec, std::span<const std::int32_t> bias, std::int32_t part) const {
  const bool some = parts_ > 1 && part != kEveryPart;
  if (!some && spec.weight_neg.empty()) return ArrayMatrix::pack(layout_, spec.weight, bias);
  const auto channels = static_cast<std::size_t>(spec.channels);
  kernels::WeightRows own = spec.weight.like();
  const auto append = [&](const std::vector<const void*>& polarity, std::size_t tap) {
    for (std::size_t row = tap * channels; row < (tap + 1) * channels; ++row) {
      own.append(spec.weight, row, !some || spec.part[row] == part ? polarity[row] : nullptr);
    }
  };
  for (std::size_t tap = 0; tap < layout_.taps.size(); ++tap) {
    append(spec.weight.rows, tap);
    if (!spec.weight_neg.empty()) append(spec.weight_neg, tap);
  }
  return ArrayMatrix::pack(layout_, own, bias);
}

std::int64_t ArrayLayer::rows_at_once(const Patches& x) const {
  const std::int64_t step = depthwise() ? x.grid_width : 1;
  return std::min(x.count, std::max<std::int64_t>(1, kAccumulatorsAtOnce / outputs() / step) * step);
}

void ArrayLayer::run(const Patches& x, const Sink& sink, ops::Scratch& scratch) const {
  if (parts_ == 1 && !split() && sink.acc == nullptr && sink.v == nullptr) {
    matrices_.front().multiply({x.codes, x.rows, 0, x.count, x.grid_width}, &fused_,
                               {.data = sink.y,
                                .storage = sink.storage,
                                .row_stride = sink.places.stride,
                                .column_stride = sink.output_stride,
                                .row_offsets = sink.places.offsets});
    return;
  }
  const ops::Scratch::Mark mark = scratch.mark();
  const std::int64_t block = rows_at_once(x);
  const auto each = static_cast<std::size_t>(block * outputs());
  const std::span<std::int32_t> acc = scratch.take<std::int32_t>(each * static_cast<std::size_t>(parts_));
  const std::span<std::int32_t> high = scratch.take<std::int32_t>(split() ? each : 0);
  for (std::int64_t first = 0; first < x.count; first += block) {
    const std::int64_t count = std::min(block, x.count - first);
    const auto used = static_cast<std::size_t>(count * outputs());
    const auto all = acc.first(used * static_cast<std::size_t>(parts_));
    const auto digital = high.first(split() ? used : 0);
    accumulate(x, first, count, all, digital);
    convert(all, digital, first, count, sink, scratch);
  }
  scratch.rewind(mark);
}

void ArrayLayer::accumulate(const Patches& x, std::int64_t first, std::int64_t count, std::span<std::int32_t> acc,
                            std::span<std::int32_t> high) const {
  const auto sums = [&](const void* codes, const ArrayMatrix& matrix, std::int32_t* out) {
    matrix.multiply({codes, x.rows, first, count, x.grid_width}, nullptr,
                    {.data = out, .storage = Storage::kS32, .row_stride = outputs()});
  };
  std::int32_t* out = acc.data();
  for (const ArrayMatrix& matrix : matrices_) {
    sums(x.codes, matrix, out);
    out += count * outputs();
  }
  if (!split()) return;
  sums(x.high, *high_, high.data());
  const auto columns = high_start_.size();
  for (std::size_t m = 0; m < high.size(); m += columns) {
    for (std::size_t n = 0; n < columns; ++n) high[m + n] = high[m + n] * kHighUnit + high_start_[n];
  }
}

void ArrayLayer::convert(std::span<const std::int32_t> acc, std::span<const std::int32_t> high, std::int64_t first,
                         std::int64_t count, const Sink& sink, ops::Scratch& scratch) const {
  const ops::Scratch::Mark mark = scratch.mark();
  const auto each = static_cast<std::size_t>(count * outputs());
  const kernels::Isa isa = layout_.operands.isa;
  if (parts_ == 1 && !split()) {
    const auto codes = scratch.take<std::byte>(each * size_of(sink.storage));
    kernels::apply_rule(isa, fused_, acc, codes.data(), sink.storage);
    store(sink.storage, codes.data(), first, count, sink);
  } else {
    const auto sum = scratch.take<std::int32_t>(each);
    const auto codes = scratch.take<std::int16_t>(each);
    std::ranges::fill(sum, 0);
    for (std::size_t part = 0; part < matrices_.size(); ++part) {
      kernels::apply_rule(isa, part_rule_, acc.subspan(part * each, each), codes.data(), Storage::kS16);
      for (std::size_t i = 0; i < each; ++i) sum[i] += codes[i];
    }
    if (split()) add_digital(high, sum, scratch);
    for (std::int32_t& code : sum) code = rule_.clip(code);
    store(Storage::kS32, sum.data(), first, count, sink);
  }
  show(acc, high, first, count, sink);
  scratch.rewind(mark);
}

void ArrayLayer::add_digital(std::span<const std::int32_t> high, std::span<std::int32_t> sum,
                             ops::Scratch& scratch) const {
  if (!digital_) {
    // What the clip of the sum leaves of a quotient fits 30 bits.
    constexpr std::int64_t kMost = 1 << 30;
    for (std::size_t i = 0; i < sum.size(); ++i) {
      sum[i] += static_cast<std::int32_t>(std::clamp((*divider_)(high[i]), -kMost, kMost));
    }
    return;
  }
  const auto quotients = scratch.take<std::int16_t>(sum.size());
  kernels::apply_rule(layout_.operands.isa, *digital_, high, quotients.data(), Storage::kS16);
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += quotients[i];
}

void ArrayLayer::store(Storage storage, const void* codes, std::int64_t first, std::int64_t count,
                       const Sink& sink) const {
  const std::int64_t columns = outputs();
  ops::with_element(storage, [&]<typename X>(X*) {
    ops::with_element(sink.storage, [&]<typename Y>(Y*) {
      const X* const from = static_cast<const X*>(codes);
      Y* const to = static_cast<Y*>(sink.y);
      if (sink.output_stride == 1) {
        for (std::int64_t m = 0; m < count; ++m) {
          Y* const row = to + sink.places[first + m];
          for (std::int64_t n = 0; n < columns; ++n) row[n] = static_cast<Y>(from[m * columns + n]);
        }
        return;
      }
      for (std::int64_t n = 0; n < columns; ++n) {
        Y* const column = to + n * sink.output_stride;
        for (std::int64_t m = 0; m < count; ++m) {
          column[sink.places[first + m]] = static_cast<Y>(from[m * columns + n]);
        }
      }
    });
  });
}

void ArrayLayer::show(std::span<const std::int32_t> acc, std::span<const std::int32_t> high, std::int64_t first,
                      std::int64_t count, const Sink& sink) const {
  if (sink.acc == nullptr && sink.v == nullptr && sink.y_d == nullptr) return;
  const std::int64_t columns = outputs();
  for (std::int64_t m = 0; m < count; ++m) {
    for (std::int64_t n = 0; n < columns; ++n) {
      const std::int64_t place = sink.places[first + m] + n * sink.output_stride;
      const auto index = static_cast<std::size_t>(m * columns + n);
      if (sink.y_d != nullptr) sink.y_d[place] = arith::sat((*divider_)(high[index]), 32);
      for (std::int64_t p = 0; p < parts_; ++p) {
        const std::int32_t value = acc[static_cast<std::size_t>(p * count * columns) + index];
        const std::int64_t at = parts_ == 1 ? place
                                            : (place / sink.frame_elements * parts_ + p) * sink.frame_elements +
                                                  place % sink.frame_elements;
        if (sink.acc != nullptr) sink.acc[at] = value;
        if (sink.v != nullptr) sink.v[at] = arith::sat(rule_.v(value), 32);
      }
    }
  }
}

}  // namespace witin::array
