#include "sim/array/array_layer.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "sim/array/accumulate.hpp"
#include "sim/ops/codes.hpp"

namespace witin::array {
namespace {

// Rows of codes converted at a time: their accumulators stay in the first-level cache.
constexpr std::int64_t kAccumulatorsAtOnce = 8192;

// The matrix the staged codes meet: with two polarities each tap's rows are followed by their negative ones.
std::vector<std::int16_t> staged_matrix(const LayerSpec& spec, std::int32_t part, bool every_part) {
  const auto columns = static_cast<std::size_t>(spec.columns);
  const auto channels = static_cast<std::size_t>(spec.channels);
  std::vector<std::int16_t> out;
  const auto append = [&](const std::vector<std::int16_t>& weight, std::size_t row) {
    const auto first = weight.begin() + static_cast<std::ptrdiff_t>(row * columns);
    if (every_part || spec.part.empty() || spec.part[row] == part) {
      out.insert(out.end(), first, first + static_cast<std::ptrdiff_t>(columns));
    } else {
      out.insert(out.end(), columns, 0);
    }
  };
  for (std::size_t tap = 0; tap < static_cast<std::size_t>(spec.taps); ++tap) {
    for (std::size_t c = 0; c < channels; ++c) append(spec.weight, tap * channels + c);
    if (spec.weight_neg.empty()) continue;
    for (std::size_t c = 0; c < channels; ++c) append(spec.weight_neg, tap * channels + c);
  }
  return out;
}

// start - offset * (sum of the column): what makes accumulators of offset codes those of the codes.
std::vector<std::int32_t> without_offset(std::vector<std::int32_t> start, const std::vector<std::int16_t>& weight,
                                         std::int32_t offset) {
  if (offset == 0) return start;
  for (std::size_t i = 0; i < weight.size(); ++i) start[i % start.size()] -= offset * weight[i];
  return start;
}

std::int32_t as_int32(std::int64_t value) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(value, std::numeric_limits<std::int32_t>::min(),
                                                            std::numeric_limits<std::int32_t>::max()));
}

bool fits_s8(std::span<const std::int32_t> weight) {
  return std::ranges::all_of(weight, [](std::int32_t w) { return -128 <= w && w <= 127; });
}

// Codes plus 128 stay exact in int32 whatever they are.
bool offset_fits(std::int64_t rows, std::span<const std::int32_t> bias) {
  std::int64_t bound = 0;
  for (const std::int32_t b : bias) bound = std::max(bound, std::abs(std::int64_t{b}));
  return 2 * rows * 255 * 128 + bound < std::int64_t{1} << 31;
}

}  // namespace

Staging choose_staging(CodeRange x, bool split, std::int64_t rows, std::span<const std::int32_t> weight,
                       std::span<const std::int32_t> weight_neg, std::span<const std::int32_t> bias) {
  Staging staging;
  staging.two_polarities = !weight_neg.empty();
  if (!fits_s8(weight) || !fits_s8(weight_neg)) return staging;
  if (staging.two_polarities) x = {0, std::max(x.hi, -x.lo)};
  if (split) x = {x.lo < 0 ? -255 : 0, 255};
  if (unsigned_range(8).contains(x)) {
    staging.storage = Storage::kU8;
  } else if (signed_range(8).contains(x) && offset_fits(rows, bias)) {
    staging.storage = Storage::kU8;
    staging.offset = 128;
  }
  return staging;
}

Result<ArrayLayer> ArrayLayer::make(LayerSpec spec) {
  const Result<arith::OutputRule> rule = arith::OutputRule::make(spec.rule);
  if (!rule) return rule.error();
  ArrayLayer layer(*rule);
  if (spec.split) {
    Result<arith::IntegerDivider> divider = arith::IntegerDivider::make(*rule);
    if (!divider) return std::move(divider).error();
    layer.divider_ = *divider;
  }
  layer.rows_ = spec.taps * spec.channels;
  layer.columns_ = spec.columns;
  layer.parts_ = spec.parts;
  layer.staging_ = spec.staging;
  for (std::int32_t part = 0; part < spec.parts; ++part) {
    layer.weights_.push_back(staged_matrix(spec, part, false));
    std::vector<std::int32_t> start =
        part == 0 ? spec.bias : std::vector<std::int32_t>(static_cast<std::size_t>(spec.columns), 0);
    layer.starts_.push_back(without_offset(std::move(start), layer.weights_.back(), layer.staging_.offset));
  }
  if (spec.split) {
    if (spec.parts > 1) layer.high_weight_ = staged_matrix(spec, 0, true);
    layer.high_start_ = std::move(spec.bias_d);
  }
  return layer;
}

void ArrayLayer::run(const Patches& x, const Sink& sink, ops::Scratch& scratch) const {
  const std::int64_t at_once = std::max<std::int64_t>(1, kAccumulatorsAtOnce / columns_);
  const auto block = static_cast<std::size_t>(std::min<std::int64_t>(at_once, std::ssize(x.rows)));
  const auto columns = static_cast<std::size_t>(columns_);
  const std::span<std::int32_t> acc = scratch.take<std::int32_t>(block * columns * static_cast<std::size_t>(parts_));
  const std::span<std::int32_t> high = scratch.take<std::int32_t>(split() ? block * columns : 0);
  const auto sum = [&](const void* codes, std::span<const std::int64_t> rows, const std::vector<std::int16_t>& weight,
                       std::span<std::int32_t> out) {
    if (staging_.storage == Storage::kU8) {
      accumulate(static_cast<const std::uint8_t*>(codes), rows, x.segments, x.segment, weight, out);
    } else {
      accumulate(static_cast<const std::int16_t*>(codes), rows, x.segments, x.segment, weight, out);
    }
  };
  for (std::size_t first = 0; first < x.rows.size(); first += block) {
    const std::size_t count = std::min(block, x.rows.size() - first);
    const std::span<const std::int64_t> rows = x.rows.subspan(first, count);
    for (std::size_t part = 0; part < weights_.size(); ++part) {
      const std::span<std::int32_t> out = acc.subspan(part * block * columns, count * columns);
      for (std::size_t m = 0; m < count; ++m) std::ranges::copy(starts_[part], out.subspan(m * columns).begin());
      sum(x.codes, rows, weights_[part], out);
    }
    if (split()) {
      std::ranges::fill(high, 0);
      sum(x.high, rows, high_weight_.empty() ? weights_[0] : high_weight_, high.first(count * columns));
      for (std::size_t i = 0; i < count * columns; ++i) {
        high[i] = high[i] * kHighUnit + high_start_[i % columns];
      }
    }
    convert(acc, high, first, count, sink);
  }
}

void ArrayLayer::convert(std::span<const std::int32_t> acc, std::span<const std::int32_t> high, std::size_t first,
                         std::size_t count, const Sink& sink) const {
  const auto columns = static_cast<std::size_t>(columns_);
  const std::size_t block = acc.size() / columns / static_cast<std::size_t>(parts_);
  const bool direct = !split() && parts_ == 1;
  ops::with_element(sink.storage, [&]<typename Y>(Y*) {
    Y* const y = static_cast<Y*>(sink.y);
    for (std::size_t m = 0; m < count; ++m) {
      for (std::size_t n = 0; n < columns; ++n) {
        const std::int64_t place = sink.places[first + m] + static_cast<std::int64_t>(n) * sink.column_stride;
        if (direct) {
          y[place] = static_cast<Y>(rule_.y(acc[m * columns + n]));
        } else {
          std::int64_t code = 0;
          for (std::size_t p = 0; p < weights_.size(); ++p) code += part_rule_.y(acc[(p * block + m) * columns + n]);
          if (split()) {
            const std::int64_t digital = (*divider_)(high[m * columns + n]);
            if (sink.y_d != nullptr) sink.y_d[place] = as_int32(digital);
            code += digital;
          }
          y[place] = static_cast<Y>(rule_.clip(code));
        }
        if (sink.acc == nullptr && sink.v == nullptr) continue;
        for (std::int64_t p = 0; p < parts_; ++p) {
          const std::int32_t value = acc[(static_cast<std::size_t>(p) * block + m) * columns + n];
          const std::int64_t at = parts_ == 1 ? place
                                              : (place / sink.frame_elements * parts_ + p) * sink.frame_elements +
                                                    place % sink.frame_elements;
          if (sink.acc != nullptr) sink.acc[at] = value;
          if (sink.v != nullptr) sink.v[at] = as_int32(rule_.v(value));
        }
      }
    }
  });
}

}  // namespace witin::array
