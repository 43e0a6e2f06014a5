// An .npy as input frames: header, codes and real values, all frames at once and one by one.
#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "sim/package/frame_reader.hpp"
#include "sim/package/limits.hpp"
#include "sim/package/npy.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/targets.hpp"

namespace witin::fuzz {
namespace {

using package::FrameReader;
using package::MemorySource;
using package::NpyHeader;

constexpr std::int64_t kMostFrames = 4096;

// A header that was read says again what it said, when this program writes it.
void check_written_header(const NpyHeader& header) {
  const auto dtype = header.type.dtype();
  if (!dtype) return;
  const std::string written = package::npy_header(*dtype, header.shape);
  std::int64_t bytes = header.type.bytes;
  for (const std::int64_t extent : header.shape) bytes = extent > kMostFrames || bytes > 65'536 ? -1 : bytes * extent;
  if (bytes < 0 || bytes > 65'536) return;
  const std::string whole = written + std::string(static_cast<std::size_t>(bytes), '\0');
  const auto again =
      package::read_npy_header(MemorySource(std::as_bytes(std::span(whole))), package::limits::kRank + 1);
  require_ok(again);
  require(again->shape == header.shape && again->type == header.type, "a written header differs from the one read");
}

void read_frames(const std::shared_ptr<const MemorySource>& file, const Input& input, const InputOptions& options) {
  const auto reader = FrameReader::open(file, input, options);
  if (!succeeded(reader) || reader->frames() > kMostFrames) return;
  const Storage storage = storage_for(input.range());
  const auto frame_elements = static_cast<std::size_t>(element_count(input.shape));
  const auto frames = static_cast<std::size_t>(reader->frames());
  std::vector<std::byte> whole(frames * frame_elements * size_of(storage));
  const Status status = reader->read(0, reader->frames(), storage, whole.data());
  if (!succeeded(status)) return;
  std::vector<std::byte> frame(frame_elements * size_of(storage));
  for (std::size_t i = 0; i < frames; ++i) {
    require_ok(reader->read(static_cast<std::int64_t>(i), 1, storage, frame.data()));
    require(std::memcmp(frame.data(), whole.data() + i * frame.size(), frame.size()) == 0,
            "a frame alone differs from the frame among all");
  }
  for (std::size_t i = 0; i < frames * frame_elements; ++i) {
    std::int32_t code = 0;
    if (storage == Storage::kS8) code = static_cast<std::int8_t>(whole[i]);
    if (storage == Storage::kU8) code = static_cast<std::uint8_t>(whole[i]);
    if (storage == Storage::kS16) {
      std::int16_t narrow = 0;
      std::memcpy(&narrow, whole.data() + 2 * i, sizeof(narrow));
      code = narrow;
    }
    if (storage == Storage::kS32) std::memcpy(&code, whole.data() + 4 * i, sizeof(code));
    require(input.range().lo <= code && code <= input.range().hi, "a code beyond its input's range");
  }
}

}  // namespace

void run_npy(Bytes bytes) {
  const auto file = std::make_shared<const MemorySource>(bytes);
  const auto header = package::read_npy_header(*file, package::limits::kRank + 1);
  if (!succeeded(header)) return;
  check_written_header(*header);
  Input input;
  input.name = "in";
  if (!header->shape.empty()) input.shape.assign(header->shape.begin() + 1, header->shape.end());
  for (const std::int64_t extent : input.shape) {
    if (extent == 0) return;  // no network has such an input
  }
  struct Codes {
    int bits;
    bool is_signed;
    NegIn neg_in;
  };
  for (const auto& [bits, is_signed, neg_in] :
       {Codes{8, false, NegIn::kNone}, Codes{8, true, NegIn::kNone}, Codes{12, true, NegIn::kPn},
        Codes{16, false, NegIn::kNone}, Codes{1, true, NegIn::kNone}}) {
    input.bits = bits;
    input.is_signed = is_signed;
    input.neg_in = neg_in;
    read_frames(file, input, {});
    input.scale = 127.5;
    input.shift = -3;
    read_frames(file, input, {.quantize = true});
  }
}

}  // namespace witin::fuzz
