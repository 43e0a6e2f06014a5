#include "sim/diff/array_files.hpp"

#include <algorithm>
#include <cstring>

#include "sim/guard.hpp"

namespace witin::diff {

using package::File;
using package::TextTable;

Status ArrayFiles::add_text(Entry entry, const std::vector<std::filesystem::path>& files) {
  Array array;
  entry.dtype = DType::kI32;
  entry.flat = true;
  entry.frames = 0;
  for (const std::filesystem::path& path : files) {
    Result<File> file = File::open(path);
    if (!file) return std::move(file).error().within(path.string());
    Result<TextTable> table = TextTable::open(std::make_shared<const File>(*std::move(file)));
    if (!table) return std::move(table).error().within(path.string());
    if (array.tables.empty()) entry.shape = {table->columns()};
    if (entry.shape.front() != table->columns()) {
      return Error{"text.columns",
                   "the rounds of a layer are of different width",
                   path.string(),
                   std::to_string(entry.shape.front()),
                   std::to_string(table->columns()),
                   ""};
    }
    entry.frames += table->rows();
    array.tables.push_back(*std::move(table));
  }
  if (entry.source.empty()) entry.source = files.front().lexically_relative(info_.path).generic_string();
  if (entry.source.empty() || entry.source == ".") entry.source = files.front().filename().string();
  add(std::move(entry), std::move(array));
  return {};
}

void ArrayFiles::add_binary(Entry entry, std::shared_ptr<const package::ByteSource> file, std::uint64_t offset) {
  Array array;
  array.binary = std::move(file);
  array.offset = offset;
  add(std::move(entry), std::move(array));
}

void ArrayFiles::add(Entry entry, Array array) {
  info_.frames = std::max(info_.frames, entry.frames);
  for (const std::int64_t frame : entry.frame_numbers) info_.frames = std::max(info_.frames, frame + 1);
  entries_.push_back(std::move(entry));
  arrays_.push_back(std::move(array));
}

void ArrayFiles::set_frame_numbers(const std::vector<std::int64_t>& frames) {
  Entry& entry = entries_.back();
  if (static_cast<std::int64_t>(frames.size()) != entry.frames) return;
  entry.frame_numbers = frames;
  for (const std::int64_t frame : frames) info_.frames = std::max(info_.frames, frame + 1);
}

Status ArrayFiles::read(std::size_t entry, std::int64_t first, std::int64_t count, std::span<std::byte> out) const {
  return guarded("", [&]() -> Status {
    const Entry& described = entries_[entry];
    const Array& array = arrays_[entry];
    const auto values = static_cast<std::uint64_t>(element_count(described.shape));
    const std::uint64_t frame_bytes = values * size_of(described.dtype);
    if (array.binary) {
      Status status = array.binary->read(array.offset + static_cast<std::uint64_t>(first) * frame_bytes, out);
      return status ? status : Status(std::move(status).error().within(described.source));
    }
    std::vector<std::int32_t> rows(static_cast<std::size_t>(count) * values);
    std::int64_t done = 0;
    for (const TextTable& table : array.tables) {
      const std::int64_t part = std::min(count - done, table.rows() - first);
      if (part > 0) {
        Status status = table.read(first, part, rows.data() + static_cast<std::size_t>(done) * values);
        if (!status) return std::move(status).error().within(described.source);
        done += part;
      }
      first = std::max<std::int64_t>(first - table.rows(), 0);
    }
    std::memcpy(out.data(), rows.data(), out.size());
    return {};
  });
}

}  // namespace witin::diff
