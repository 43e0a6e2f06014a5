#include "sim/package/frame_reader.hpp"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/arith/rounding.hpp"
#include "sim/package/limits.hpp"

namespace witin::package {
namespace {

// The number of frames of an array of `found` for frames of `shape`; nothing when it is neither one nor several.
std::optional<std::int64_t> count_frames(const Shape& found, const Shape& shape) {
  if (found == shape) return 1;
  if (found.size() != shape.size() + 1 || !std::equal(shape.begin(), shape.end(), found.begin() + 1)) {
    return std::nullopt;
  }
  return found.front();
}

template <typename Value>
bool inside(Value value, CodeRange range) {
  return std::cmp_greater_equal(value, range.lo) && std::cmp_less_equal(value, range.hi);
}

}  // namespace

std::string input_label(std::string_view name) { return "input '" + std::string(name) + "'"; }

Result<FrameReader> FrameReader::open(std::shared_ptr<const ByteSource> file, const Input& input,
                                      const InputOptions& options) {
  Result<NpyHeader> header = read_npy_header(*file, limits::kRank + 1);
  if (!header) return std::move(header).error().within(input_label(input.name));
  if (options.quantize && header->type.kind != 'f') {
    return Error{"input.dtype",           "an input to quantise does not hold real values",
                 input_label(input.name), "float32 or float64",
                 header->type.name(),     "integers are codes already: do not quantise them"};
  }
  if (!options.quantize && !header->type.is_integer()) {
    return Error{"input.dtype",
                 "an input does not hold integer codes",
                 input_label(input.name),
                 "an integer dtype",
                 header->type.name(),
                 header->type.kind == 'f' ? "quantise real values with --quantize-input" : "save it as uint8"};
  }
  if (options.quantize && !input.scale) {
    return Error{"input.scale",
                 "the package gives no scale to quantise this input with",
                 input_label(input.name),
                 "",
                 "",
                 "quantise it yourself, or add \"scale\" to the input in the manifest"};
  }
  const std::optional<std::int64_t> frames = count_frames(header->shape, input.shape);
  if (!frames) {
    return Error{"input.shape",
                 "an input has another shape",
                 input_label(input.name),
                 "[frames] and " + to_string(input.shape),
                 to_string(header->shape),
                 ""};
  }
  if (*frames == 0) return Error{"input.empty", "an input holds no frames", input_label(input.name), "", "", ""};

  FrameReader reader;
  reader.file_ = std::move(file);
  reader.header_ = std::move(header).value();
  reader.name_ = input.name;
  reader.shape_ = input.shape;
  reader.range_ = input.range();
  reader.frames_ = *frames;
  reader.frame_elements_ = static_cast<std::uint64_t>(element_count(input.shape));
  reader.scale_ = static_cast<float>(input.scale.value_or(1.0));
  reader.shift_ = static_cast<float>(input.shift.value_or(0.0));
  return reader;
}

std::string FrameReader::place(std::uint64_t element) const {
  std::uint64_t rest = element % frame_elements_;
  Shape index(shape_.size());
  for (std::size_t axis = shape_.size(); axis-- > 0;) {
    const auto extent = static_cast<std::uint64_t>(shape_[axis]);
    index[axis] = static_cast<std::int64_t>(rest % extent);
    rest /= extent;
  }
  return input_label(name_) + " frame " + std::to_string(element / frame_elements_) + " element " +
         (index.size() == 1 ? std::to_string(index[0]) : to_string(index));
}

// Values that are read at once where they have to be converted: on the stack.
constexpr std::size_t kConvertedBytes = std::size_t{32} << 10;

// Written so that compilers use vectors: every code of an input passes here.
template <typename Value>
std::pair<Value, Value> extremes(std::span<const Value> values) {
  Value lowest = values.front();
  Value highest = values.front();
  for (const Value value : values) {
    lowest = value < lowest ? value : lowest;
    highest = value > highest ? value : highest;
  }
  return {lowest, highest};
}

template <typename Value, typename Code>
Status FrameReader::convert(std::span<const Value> values, std::uint64_t first, Code* codes) const {
  const auto [lowest, highest] = extremes(values);
  if (!inside(lowest, range_) || !inside(highest, range_)) {
    const auto bad = std::ranges::find_if(values, [&](Value value) { return !inside(value, range_); });
    return Error{"input.range",
                 "a code is out of range",
                 place(first + static_cast<std::uint64_t>(bad - values.begin())),
                 std::to_string(range_.lo) + ".." + std::to_string(range_.hi),
                 std::to_string(*bad),
                 ""};
  }
  // The same memory when values are read in place.
  if (static_cast<const void*>(values.data()) != static_cast<const void*>(codes)) {
    std::ranges::transform(values, codes, [](Value value) { return static_cast<Code>(value); });
  }
  return {};
}

template <typename Value, typename Code>
Status FrameReader::quantize(std::span<const Value> values, std::uint64_t first, Code* codes) const {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float scaled = static_cast<float>(values[i]) * scale_;
    const float shifted = scaled + shift_;
    if (shifted != shifted) {
      return Error{"input.nan", "a value is not a number", place(first + i), "a real number", "nan", ""};
    }
    codes[i] = static_cast<Code>(arith::clamp(arith::rne(shifted), range_));
  }
  return {};
}

template <typename Value, typename Code>
Status FrameReader::read_values(std::uint64_t first, std::uint64_t count, Code* codes) const {
  // Integers as wide as the codes are read in place: inside the range both have the same bits.
  constexpr bool kInPlace = std::is_integral_v<Value> && sizeof(Value) == sizeof(Code);
  constexpr std::uint64_t kBlock = (kInPlace ? limits::kBlockBytes : kConvertedBytes) / sizeof(Value);
  std::array<Value, kInPlace ? 1 : kBlock> block;
  for (std::uint64_t done = 0; done < count;) {
    const auto length = static_cast<std::size_t>(std::min(count - done, kBlock));
    Value* data = block.data();
    if constexpr (kInPlace) data = reinterpret_cast<Value*>(codes + done);
    const std::span<Value> values(data, length);
    const std::uint64_t offset = header_.data_offset + (first + done) * sizeof(Value);
    if (Status status = file_->read(offset, std::as_writable_bytes(values)); !status) {
      return std::move(status).error().within(input_label(name_));
    }
    Status status;
    if constexpr (std::is_floating_point_v<Value>) {
      status = quantize<Value>(values, first + done, codes + done);
    } else {
      status = convert<Value>(values, first + done, codes + done);
    }
    if (!status) return status;
    done += length;
  }
  return {};
}

template <typename Code>
Status FrameReader::read_as(std::int64_t first, std::int64_t count, Code* codes) const {
  const std::uint64_t begin = static_cast<std::uint64_t>(first) * frame_elements_;
  const std::uint64_t elements = static_cast<std::uint64_t>(count) * frame_elements_;
  const bool is_signed = header_.type.kind == 'i';
  if (header_.type.kind == 'f') {
    return header_.type.bytes == 4 ? read_values<float>(begin, elements, codes)
                                   : read_values<double>(begin, elements, codes);
  }
  switch (header_.type.bytes) {
    case 1:
      return is_signed ? read_values<std::int8_t>(begin, elements, codes)
                       : read_values<std::uint8_t>(begin, elements, codes);
    case 2:
      return is_signed ? read_values<std::int16_t>(begin, elements, codes)
                       : read_values<std::uint16_t>(begin, elements, codes);
    case 4:
      return is_signed ? read_values<std::int32_t>(begin, elements, codes)
                       : read_values<std::uint32_t>(begin, elements, codes);
    default:
      return is_signed ? read_values<std::int64_t>(begin, elements, codes)
                       : read_values<std::uint64_t>(begin, elements, codes);
  }
}

Status FrameReader::read(std::int64_t first, std::int64_t count, Storage storage, void* codes) const {
  if (first < 0 || count < 0 || count > frames_ - first) {
    return Error{"internal.frames",
                 "frames outside the input were asked for",
                 input_label(name_),
                 "0.." + std::to_string(frames_),
                 std::to_string(first) + " and " + std::to_string(count) + " more",
                 ""};
  }
  switch (storage) {
    case Storage::kS8:
      return read_as(first, count, static_cast<std::int8_t*>(codes));
    case Storage::kU8:
      return read_as(first, count, static_cast<std::uint8_t*>(codes));
    case Storage::kS16:
      return read_as(first, count, static_cast<std::int16_t*>(codes));
    case Storage::kS32:
      return read_as(first, count, static_cast<std::int32_t*>(codes));
  }
  return {};
}

}  // namespace witin::package
