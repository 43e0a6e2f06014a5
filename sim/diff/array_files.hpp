// A side whose arrays lie in text files, or in parts of binary files.
#pragma once

#include <memory>
#include <vector>

#include "sim/diff/side.hpp"
#include "sim/package/byte_source.hpp"
#include "sim/package/text_table.hpp"

namespace witin::diff {

class ArrayFiles final : public Side {
 public:
  explicit ArrayFiles(SideInfo info) { info_ = std::move(info); }

  // Text files whose rows are frames, one file after the other; all as wide as the first. Error text.columns.
  Status add_text(Entry entry, const std::vector<std::filesystem::path>& files);
  // entry.frames frames in little endian of entry.dtype from `offset` on, which lie in the file.
  void add_binary(Entry entry, std::shared_ptr<const package::ByteSource> file, std::uint64_t offset);
  // Of the array that was added last; ignored where they are not as many as its frames.
  void set_frame_numbers(const std::vector<std::int64_t>& frames);
  void add_logged(LoggedLayer layer) { logged_.push_back(layer); }

  [[nodiscard]] Status read(std::size_t entry, std::int64_t first, std::int64_t count,
                            std::span<std::byte> out) const override;

 private:
  struct Array {
    std::vector<package::TextTable> tables = {};
    std::shared_ptr<const package::ByteSource> binary = {};
    std::uint64_t offset = 0;
  };
  void add(Entry entry, Array array);

  std::vector<Array> arrays_;
};

}  // namespace witin::diff
