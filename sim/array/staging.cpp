#include "sim/array/staging.hpp"

#include <algorithm>

#include "sim/arith/split.hpp"
#include "sim/ops/codes.hpp"

namespace witin::array {
namespace {

template <typename Function>
void with_staged(Storage storage, Function&& function) {
  if (storage == Storage::kU8) {
    function(static_cast<std::uint8_t*>(nullptr));
  } else {
    function(static_cast<std::int16_t*>(nullptr));
  }
}

template <typename Function>
void with_part(CodePart part, Function&& function) {
  switch (part) {
    case CodePart::kWhole:
      function([](std::int32_t x) { return x; });
      break;
    case CodePart::kLow:
      function([](std::int32_t x) { return arith::split_code(x).low; });
      break;
    case CodePart::kHigh:
      function([](std::int32_t x) { return arith::split_code(x).high / kHighUnit; });
      break;
  }
}

template <typename X, typename Y, typename Place>
void copy(const StageSource& source, const StageTarget& target, std::int64_t pixel, std::int64_t position_of_channel,
          std::int64_t channel, const Place& place) {
  const X* const from = static_cast<const X*>(source.codes) + channel * source.stride_c;
  Y* const to = static_cast<Y*>(target.codes) + position_of_channel;
  for (std::int64_t w = 0; w < source.width; ++w) {
    Y* const column = to + ((target.first_w + w) * target.height + target.first_h) * pixel;
    const X* const row = from + w * source.stride_w;
    for (std::int64_t h = 0; h < source.height; ++h)
      column[h * pixel] = static_cast<Y>(place(row[h * source.stride_h]));
  }
}

}  // namespace

void stage(const Staging& staging, CodePart part, const StageSource& source, const StageTarget& target) {
  const std::int64_t pixel = source.channels * staging.polarities();
  ops::with_element(source.storage, [&]<typename X>(X*) {
    with_staged(staging.storage, [&]<typename Y>(Y*) {
      with_part(part, [&](auto code) {
        for (std::int64_t c = 0; c < source.channels; ++c) {
          if (!staging.two_polarities) {
            copy<X, Y>(source, target, pixel, c, c,
                       [&, offset = staging.offset](X x) { return code(std::int32_t{x}) + offset; });
            continue;
          }
          const std::int64_t position = c / target.group * 2 * target.group + c % target.group;
          copy<X, Y>(source, target, pixel, position, c, [&](X x) { return std::max(code(std::int32_t{x}), 0); });
          copy<X, Y>(source, target, pixel, position + target.group, c,
                     [&](X x) { return std::max(-code(std::int32_t{x}), 0); });
        }
      });
    });
  });
}

void stage_fill(const Staging& staging, CodePart part, std::int32_t code, void* plane, std::int64_t count) {
  with_staged(staging.storage, [&]<typename Y>(Y*) {
    with_part(part, [&](auto part_of) {
      std::fill_n(static_cast<Y*>(plane), count, static_cast<Y>(part_of(code) + staging.offset));
    });
  });
}

}  // namespace witin::array
