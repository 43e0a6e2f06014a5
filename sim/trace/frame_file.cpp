#include "sim/trace/frame_file.hpp"

#include <mutex>
#include <set>
#include <utility>

#include "sim/guard.hpp"
#include "sim/package/bytes.hpp"
#include "sim/package/digest.hpp"
#include "sim/package/limits.hpp"
#include "sim/package/npy.hpp"
#include "sim/trace/crc_runs.hpp"
#include "sim/trace/zip_layout.hpp"

namespace witin::trace {
namespace {

using package::as_bytes;

Error impossible(std::string what, const std::filesystem::path& path) {
  return Error{"internal.frame_file", std::move(what), path.string(), "", "", ""};
}

// Bytes of `frames` frames, or nothing on overflow.
std::optional<std::uint64_t> bytes_of(const FrameArray& array, std::uint64_t frames) {
  std::optional<std::uint64_t> bytes = package::checked_mul(size_of(array.dtype), frames);
  for (const std::int64_t extent : array.shape) {
    if (bytes) bytes = package::checked_mul(*bytes, static_cast<std::uint64_t>(extent));
  }
  constexpr std::uint64_t kMost = std::uint64_t{1} << 62;
  return bytes && *bytes <= kMost ? bytes : std::nullopt;
}

std::string header_of(const FrameArray& array, std::int64_t frames) {
  Shape shape = array.shape;
  shape.insert(shape.begin(), frames);
  return package::npy_header(array.dtype, shape);
}

}  // namespace

struct FrameFile::State {
  struct Place {
    std::uint64_t data_offset = 0;  // of frame 0
    std::uint64_t frame_bytes = 0;
    std::uint64_t bytes = 0;
    std::uint32_t header_crc = 0;
    std::mutex mutex;
    CrcRuns runs;
  };

  explicit State(OutputFile output) : file(std::move(output)) {}

  OutputFile file;
  std::int64_t frames = 0;
  std::vector<std::unique_ptr<Place>> places;
  std::optional<ZipLayout> layout;  // of a zip
  std::size_t texts = 0;
  bool sealed = false;

  // Writes the npy header of an array that begins at `offset` and notes where its frames go.
  Status place(const FrameArray& array, std::uint64_t offset) {
    const std::string header = header_of(array, frames);
    auto place = std::make_unique<Place>();
    place->data_offset = offset + header.size();
    place->frame_bytes = *bytes_of(array, 1);
    place->bytes = *bytes_of(array, static_cast<std::uint64_t>(frames));
    place->header_crc = package::crc32(as_bytes(header));
    places.push_back(std::move(place));
    return file.write(offset, as_bytes(header));
  }
};

FrameFile::FrameFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
FrameFile::FrameFile(FrameFile&&) noexcept = default;
FrameFile& FrameFile::operator=(FrameFile&&) noexcept = default;
FrameFile::~FrameFile() = default;

Result<FrameFile> FrameFile::create_npy(const std::filesystem::path& path, const FrameArray& array,
                                        std::int64_t frames) {
  return guarded(path.native(), [&]() -> Result<FrameFile> {
    const std::optional<std::uint64_t> bytes = bytes_of(array, static_cast<std::uint64_t>(frames));
    if (frames < 0 || !bytes) return impossible("the array is too large", path);
    Result<OutputFile> file = OutputFile::create(path, header_of(array, frames).size() + *bytes);
    if (!file) return std::move(file).error();
    auto state = std::make_unique<State>(std::move(file).value());
    state->frames = frames;
    if (Status status = state->place(array, 0); !status) return std::move(status).error();
    return FrameFile(std::move(state));
  });
}

Result<FrameFile> FrameFile::create_zip(const std::filesystem::path& path, const std::vector<TextMember>& texts,
                                        const std::vector<FrameArray>& arrays, std::int64_t frames) {
  return guarded(path.native(), [&]() -> Result<FrameFile> {
    std::vector<ZipEntry> entries;
    std::set<std::string_view> names;
    for (const TextMember& text : texts) {
      entries.push_back({.name = text.member, .size = text.text.size(), .crc = package::crc32(as_bytes(text.text))});
      names.insert(text.member);
    }
    for (const FrameArray& array : arrays) {
      const std::optional<std::uint64_t> bytes = bytes_of(array, static_cast<std::uint64_t>(frames));
      if (frames < 0 || !bytes) return impossible("the array is too large: " + array.member, path);
      entries.push_back({.name = array.member, .size = header_of(array, frames).size() + *bytes});
      names.insert(array.member);
    }
    if (names.size() != entries.size()) return impossible("two members have the same name", path);
    if (entries.size() > package::limits::kMembers) {
      return Error{"output.too_many_members",
                   "there are more arrays than one file may hold",
                   path.string(),
                   "at most " + std::to_string(package::limits::kMembers),
                   std::to_string(entries.size()),
                   "record fewer nodes or a lower level"};
    }
    std::optional<ZipLayout> layout = ZipLayout::make(std::move(entries));
    if (!layout) return impossible("the file is too large", path);
    Result<OutputFile> file = OutputFile::create(path, layout->size());
    if (!file) return std::move(file).error();

    auto state = std::make_unique<State>(std::move(file).value());
    state->frames = frames;
    state->texts = texts.size();
    state->layout = std::move(layout);
    const std::vector<ZipEntry>& placed = state->layout->entries();
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (Status status = state->file.write(placed[i].data_offset, as_bytes(texts[i].text)); !status) {
        return std::move(status).error();
      }
    }
    for (std::size_t i = 0; i < arrays.size(); ++i) {
      if (Status status = state->place(arrays[i], placed[texts.size() + i].data_offset); !status) {
        return std::move(status).error();
      }
    }
    return FrameFile(std::move(state));
  });
}

Status FrameFile::write(std::size_t array, std::int64_t first, std::int64_t count, const void* data) {
  return guarded(state_->file.path().native(), [&]() -> Status {
    State::Place& place = *state_->places[array];
    if (first < 0 || count < 0 || count > state_->frames - first) {
      return impossible("frames outside the file were written", state_->file.path());
    }
    const std::uint64_t offset = static_cast<std::uint64_t>(first) * place.frame_bytes;
    const std::uint64_t length = static_cast<std::uint64_t>(count) * place.frame_bytes;
    const std::span<const std::byte> bytes(static_cast<const std::byte*>(data), static_cast<std::size_t>(length));
    if (Status status = state_->file.write(place.data_offset + offset, bytes); !status) return status;
    const std::uint32_t crc = state_->layout ? package::crc32(bytes) : 0;
    const std::lock_guard lock(place.mutex);
    if (!place.runs.add(offset, length, crc)) return impossible("a frame was written twice", state_->file.path());
    return {};
  });
}

Status FrameFile::seal() {
  return guarded(state_->file.path().native(), [&]() -> Status {
    for (std::size_t i = 0; i < state_->places.size(); ++i) {
      const State::Place& place = *state_->places[i];
      const std::optional<std::uint32_t> crc = place.runs.whole(place.bytes);
      if (!crc) {
        return Error{"internal.incomplete", "not every frame was written", state_->file.path().string(), "", "", ""};
      }
      if (state_->layout) {
        state_->layout->entries()[state_->texts + i].crc = combine_crc(place.header_crc, *crc, place.bytes);
      }
    }
    if (state_->layout) {
      for (const ZipEntry& entry : state_->layout->entries()) {
        const std::string header = ZipLayout::local_header(entry);
        if (Status status = state_->file.write(entry.header_offset, as_bytes(header)); !status) return status;
      }
      const std::string directory = state_->layout->directory();
      if (Status status = state_->file.write(state_->layout->directory_offset(), as_bytes(directory)); !status) {
        return status;
      }
    }
    state_->sealed = true;
    return {};
  });
}

Status FrameFile::finish() {
  return guarded(state_->file.path().native(), [&]() -> Status {
    if (!state_->sealed) {
      if (Status status = seal(); !status) return status;
    }
    return state_->file.commit();
  });
}

}  // namespace witin::trace
