#include "sim/array/staging.hpp"

#include <algorithm>

#include "sim/arith/split.hpp"
#include "sim/ops/codes.hpp"

namespace witin::array {
namespace {

// Channels below which a transposition of 16 x 16 bytes mostly moves nothing.
constexpr std::int64_t kFewChannels = 4;

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

// Any codes, one at a time.
void stage_each(const Staging& staging, CodePart part, const StageSource& source, const StageTarget& target) {
  const std::int64_t pixel = source.channels * staging.polarities();
  ops::with_element(source.storage, [&]<typename X>(X*) {
    ops::with_element(staging.storage(), [&]<typename Y>(Y*) {
      with_part(part, [&](auto code) {
        for (std::int64_t c = 0; c < source.channels; ++c) {
          if (!staging.two_polarities) {
            copy<X, Y>(source, target, pixel, c, c,
                       [&, offset = staging.offset()](X x) { return code(std::int32_t{x}) + offset; });
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

const std::byte* at(const StageSource& source, std::int64_t w, std::int64_t h) {
  return static_cast<const std::byte*>(source.codes) +
         (w * source.stride_w + h * source.stride_h) * static_cast<std::int64_t>(size_of(source.storage));
}

std::byte* at(Storage storage, const StageTarget& target, std::int64_t pixel, std::int64_t w, std::int64_t h) {
  return static_cast<std::byte*>(target.codes) + ((target.first_w + w) * target.height + target.first_h + h) * pixel *
                                                     static_cast<std::int64_t>(size_of(storage));
}

// Whole codes whose channels already lie together.
void stage_pixels(const Staging& staging, const StageSource& source, const StageTarget& target) {
  const kernels::XFormat format = staging.operands.x;
  const auto convert = [&](std::int64_t w, std::int64_t h, std::int64_t pixels) {
    kernels::convert_codes(staging.operands.isa, at(source, w, h), source.storage, pixels * source.channels, format,
                           at(format.storage, target, source.channels, w, h));
  };
  const bool whole_columns = source.height == 1 || source.stride_h == source.channels;
  const std::int64_t column = source.height * source.channels;
  if (whole_columns && target.height == source.height && (source.width == 1 || source.stride_w == column)) {
    return convert(0, 0, source.width * source.height);
  }
  for (std::int64_t w = 0; w < source.width; ++w) {
    if (whole_columns) {
      convert(w, 0, source.height);
    } else {
      for (std::int64_t h = 0; h < source.height; ++h) convert(w, h, 1);
    }
  }
}

// Whole codes of one byte, channels farthest apart, to elements of one byte.
void transpose(const Staging& staging, const StageSource& source, const StageTarget& target) {
  const std::int64_t pixel = source.channels;
  const bool flip = staging.offset() != 0;
  if (source.stride_w == 1) {
    for (std::int64_t h = 0; h < source.height; ++h) {
      kernels::transpose_bytes(staging.operands.isa, at(source, 0, h), source.stride_c, source.channels, source.width,
                               flip, at(staging.storage(), target, pixel, 0, h), target.height * pixel);
    }
    return;
  }
  for (std::int64_t w = 0; w < source.width; ++w) {
    kernels::transpose_bytes(staging.operands.isa, at(source, w, 0), source.stride_c, source.channels, source.height,
                             flip, at(staging.storage(), target, pixel, w, 0), pixel);
  }
}

}  // namespace

bool is_staged(const Staging& staging, CodePart part, Storage storage) {
  // Codes of int8 storage that are staged as uint8 without an offset are not negative.
  return part == CodePart::kWhole && !staging.two_polarities && staging.offset() == 0 &&
         size_of(storage) == size_of(staging.storage());
}

void* take_plane(const Staging& staging, std::int64_t count, ops::Scratch& scratch) {
  return scratch.take<std::byte>(static_cast<std::size_t>(count) * size_of(staging.storage()) + kernels::kReadSlack)
      .data();
}

void stage(const Staging& staging, CodePart part, const StageSource& source, const StageTarget& target,
           ops::Scratch& scratch) {
  if (part != CodePart::kWhole || staging.two_polarities) return stage_each(staging, part, source, target);
  if (source.stride_c == 1 || source.channels == 1) {
    const bool scattered = source.channels < kFewChannels && source.height > 1 && source.stride_h != source.channels;
    return scattered ? stage_each(staging, part, source, target) : stage_pixels(staging, source, target);
  }
  const bool rows = source.stride_w == 1 || source.stride_h == 1;
  if (source.channels < kFewChannels || !rows || size_of(source.storage) != 1) {
    return stage_each(staging, part, source, target);
  }
  if (size_of(staging.storage()) == 1) return transpose(staging, source, target);
  // By way of the same bytes transposed.
  const ops::Scratch::Mark mark = scratch.mark();
  const Staging bytes{{staging.operands.isa, {source.storage, 0}, false}, false};
  const std::int64_t column = source.height * source.channels;
  StageSource transposed{source.storage,  take_plane(bytes, source.width * column, scratch),
                         source.channels, source.height,
                         source.width,    1,
                         source.channels, column};
  transpose(bytes, source, {const_cast<void*>(transposed.codes), source.height, 0, 0, target.group});
  stage_pixels(staging, transposed, target);
  scratch.rewind(mark);
}

void stage_fill(const Staging& staging, CodePart part, std::int32_t code, void* plane, std::int64_t count) {
  ops::with_element(staging.storage(), [&]<typename Y>(Y*) {
    with_part(part, [&](auto part_of) {
      std::fill_n(static_cast<Y*>(plane), count, static_cast<Y>(part_of(code) + staging.offset()));
    });
  });
}

}  // namespace witin::array
