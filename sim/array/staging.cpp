#include "sim/array/staging.hpp"

#include <algorithm>
#include <optional>

#include "sim/arith/split.hpp"
#include "sim/ops/codes.hpp"

namespace witin::array {
namespace {

// Channels below which a transposition of 16 x 16 bytes mostly moves nothing.
constexpr std::int64_t kFewChannels = 4;

constexpr std::int32_t kHighest = 127;  // beyond every high part

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

// Bytes that are staged elements, channels farthest apart: to elements of one byte, channels from `position` of each
// pixel on.
void transpose(const Staging& staging, const StageSource& source, const StageTarget& target, std::int64_t pixel,
               std::int64_t position, bool flip) {
  const kernels::Isa isa = staging.operands.isa;
  const auto put = [&](std::int64_t w, std::int64_t h, std::int64_t columns, std::int64_t out_stride) {
    kernels::transpose_bytes(isa, at(source, w, h), source.stride_c, source.channels, columns, flip,
                             at(staging.storage(), target, pixel, w, h) + position, out_stride);
  };
  if (source.stride_w == 1) {
    for (std::int64_t h = 0; h < source.height; ++h) put(0, h, source.width, target.height * pixel);
  } else {
    for (std::int64_t w = 0; w < source.width; ++w) put(w, 0, source.height, pixel);
  }
}

bool has_lines(const StageSource& source) {
  return source.channels >= kFewChannels && (source.stride_w == 1 || source.stride_h == 1);
}

kernels::CodeSelection selection_of(CodePart part, bool two_polarities, bool negative) {
  kernels::CodeSelection selection;
  if (part != CodePart::kWhole) selection.mask = kHighUnit - 1;
  if (part == CodePart::kHigh) selection.shift = 8;
  if (two_polarities) {
    selection.positive = !negative;
    selection.negative = negative;
    selection.with_sign = false;
  }
  return selection;
}

// Parts or polarities of codes whose channels lie together.
void select_pixels(const Staging& staging, const kernels::CodeSelection& selection, const StageSource& source,
                   const StageTarget& target, std::int64_t pixel, std::int64_t position) {
  const auto put = [&](std::int64_t w, std::int64_t rows, std::int64_t in_stride, std::int64_t out_stride) {
    kernels::select_codes(
        staging.operands.isa, selection, {rows, source.channels, in_stride, out_stride}, at(source, w, 0),
        source.storage, staging.operands.x,
        at(staging.storage(), target, pixel, w, 0) + position * static_cast<std::int64_t>(size_of(staging.storage())));
  };
  if (source.height == 1) return put(0, source.width, source.stride_w, target.height * pixel);
  for (std::int64_t w = 0; w < source.width; ++w) put(w, source.height, source.stride_h, pixel);
}

// The same where channels lie farthest apart: selected as they lie, in bytes, then transposed.
void select_lines(const Staging& staging, const kernels::CodeSelection& selection, const StageSource& source,
                  const StageTarget& target, std::int64_t pixel, std::int64_t position, ops::Scratch& scratch) {
  const ops::Scratch::Mark mark = scratch.mark();
  const bool along_w = source.stride_w == 1;
  const std::int64_t lines = along_w ? source.height : source.width;
  const std::int64_t length = along_w ? source.width : source.height;
  const std::int64_t line_stride = along_w ? source.stride_h : source.stride_w;
  auto* const bytes = scratch.take<std::byte>(static_cast<std::size_t>(source.channels * lines * length)).data();
  for (std::int64_t c = 0; c < source.channels; ++c) {
    const auto* const from = static_cast<const std::byte*>(source.codes) +
                             c * source.stride_c * static_cast<std::int64_t>(size_of(source.storage));
    kernels::select_codes(staging.operands.isa, selection, {lines, length, line_stride, length}, from, source.storage,
                          staging.operands.x, bytes + c * lines * length);
  }
  const std::int64_t step = along_w ? length : 1;
  const StageSource selected{staging.storage(), bytes, source.channels,     source.height, source.width,
                             lines * length,    step,  along_w ? 1 : length};
  transpose(staging, selected, target, pixel, position, false);
  scratch.rewind(mark);
}

// The storage of one byte that holds whole codes, or parts.
std::optional<Storage> byte_codes(const StageSource& source) {
  return size_of(source.storage) == 1 ? std::optional(source.storage) : std::nullopt;
}

std::optional<Storage> byte_parts(const Staging& staging, CodePart part) {
  CodeRange range = staging.staged;
  if (part == CodePart::kHigh) range = {range.lo < 0 ? -kHighest : 0, kHighest};
  if (unsigned_range(8).contains(range)) return Storage::kU8;
  return signed_range(8).contains(range) ? std::optional(Storage::kS8) : std::nullopt;
}

// Parts of codes, or polarities: false where the codes lie in a way that needs stage_each.
bool stage_selected(const Staging& staging, CodePart part, const StageSource& source, const StageTarget& target,
                    ops::Scratch& scratch) {
  const bool together = source.stride_c == 1;
  const std::int64_t group = staging.two_polarities ? target.group : source.channels;
  if (!together && (!has_lines(source) || group < kFewChannels || size_of(staging.storage()) != 1)) return false;
  const std::int64_t pixel = source.channels * staging.polarities();
  for (std::int64_t first = 0; first < source.channels; first += group) {
    StageSource own = source;
    own.channels = group;
    own.codes = static_cast<const std::byte*>(source.codes) +
                first * source.stride_c * static_cast<std::int64_t>(size_of(source.storage));
    for (std::int64_t polarity = 0; polarity < staging.polarities(); ++polarity) {
      const kernels::CodeSelection selection = selection_of(part, staging.two_polarities, polarity == 1);
      const std::int64_t position = first * staging.polarities() + polarity * group;
      if (together) {
        select_pixels(staging, selection, own, target, pixel, position);
      } else {
        select_lines(staging, selection, own, target, pixel, position, scratch);
      }
    }
  }
  return true;
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
  const bool bytes = size_of(staging.storage()) == 1;
  const bool whole = part == CodePart::kWhole && !staging.two_polarities;
  const bool together = source.stride_c == 1 || source.channels == 1;
  if (whole && together) {
    const bool scattered = source.channels < kFewChannels && source.height > 1 && source.stride_h != source.channels;
    return scattered ? stage_each(staging, part, source, target) : stage_pixels(staging, source, target);
  }
  if (whole && bytes && has_lines(source) && size_of(source.storage) == 1) {
    return transpose(staging, source, target, source.channels, 0, staging.offset() != 0);
  }
  // Elements of 16 bits that fit bytes go by way of the same bytes, channels together.
  const std::optional<Storage> narrow = bytes || together || !has_lines(source) ? std::nullopt
                                        : whole                                 ? byte_codes(source)
                                                                                : byte_parts(staging, part);
  if (narrow) {
    const ops::Scratch::Mark mark = scratch.mark();
    const Staging small{{staging.operands.isa, {*narrow, 0}, false}, staging.two_polarities, staging.staged};
    const std::int64_t pixel = source.channels * staging.polarities();
    const std::int64_t column = source.height * pixel;
    void* const plane = take_plane(small, source.width * column, scratch);
    stage(small, part, source, {plane, source.height, 0, 0, target.group}, scratch);
    const Staging converted{staging.operands, false, staging.staged};
    stage_pixels(converted, {*narrow, plane, pixel, source.height, source.width, 1, pixel, column}, target);
    return scratch.rewind(mark);
  }
  if (whole || !stage_selected(staging, part, source, target, scratch)) stage_each(staging, part, source, target);
}

void stage_fill(const Staging& staging, CodePart part, std::int32_t code, void* plane, std::int64_t count) {
  ops::with_element(staging.storage(), [&]<typename Y>(Y*) {
    with_part(part, [&](auto part_of) {
      std::fill_n(static_cast<Y*>(plane), count, static_cast<Y>(part_of(code) + staging.offset()));
    });
  });
}

}  // namespace witin::array
