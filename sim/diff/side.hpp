// One side of a comparison: named arrays of integer codes, whatever file or folder they lie in.
//
//   .wtrace, .npz, .npy, folder of .npy    NODE/FIELD, NODE for npu_y; a single .npy has no name
//   folder of the mapper                   layer_debug/, map/expected_*.bin or .txt, map/layers.txt
//   capture of the hardware                infer_output.txt, tmp_output/L<k>.txt (and EL<k>.txt, I<k>.txt), program.log
//
// Reading is by blocks of frames; memory does not grow with their number. Sides are immutable, and read from several
// threads.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/diff/report.hpp"
#include "witin/error.hpp"

namespace witin::diff {

struct Entry {
  std::string node;                                     // empty: the side does not say
  std::string field = "npu_y";                          // of sim/trace/format.md
  std::string op = {};                                  // empty: unknown
  std::optional<std::vector<std::string>> inputs = {};  // names of what the node reads; absent: unknown
  std::optional<std::int64_t> lookahead = {};           // the node remembers frames, and sees this many after its own
  Shape shape = {};                                     // of one frame
  bool flat = false;                                    // the shape is only known as a number of values
  bool after_table = false;                             // what the layer's ReLU or look-up table made of its output
  std::optional<std::size_t> layer = {};                // position among the layers of map/layers.txt
  DType dtype = DType::kI8;                             // an integer type
  std::int64_t frames = 0;                              // stored
  std::vector<std::int64_t> frame_numbers = {};         // frame of the run of each stored one; empty: 0, 1, 2, ...
  std::string source = {};                              // the member or file
};

// What a capture's program.log says of one layer.
struct LoggedLayer {
  std::size_t layer = 0;
  CaptureFigures raw;
  CaptureFigures corrected;
};

class Side {
 public:
  virtual ~Side() = default;
  [[nodiscard]] const SideInfo& info() const { return info_; }
  [[nodiscard]] std::span<const Entry> entries() const { return entries_; }  // in execution order
  // Names of the network's inputs, where they are known: entries may read them, no entry holds them.
  [[nodiscard]] const std::vector<std::string>& network_inputs() const { return network_inputs_; }

  // Of a capture with a program.log; of layers that stand in it several times the last.
  [[nodiscard]] std::span<const LoggedLayer> logged() const { return logged_; }

  // Copies the stored frames [first, first + count) of an entry to `out`, which has exactly their size.
  // Errors: of the file, with its name and place.
  [[nodiscard]] virtual Status read(std::size_t entry, std::int64_t first, std::int64_t count,
                                    std::span<std::byte> out) const = 0;
  // The same for readers that take every frame of an entry once, in any order: digests are compared by the reading that
  // completes it instead of beforehand.
  [[nodiscard]] virtual Status read_once(std::size_t entry, std::int64_t first, std::int64_t count,
                                         std::span<std::byte> out) const {
    return read(entry, first, count, out);
  }

  [[nodiscard]] std::int64_t frame_values(std::size_t entry) const { return element_count(entries_[entry].shape); }
  // The frame of the run that stored frame `position` is.
  [[nodiscard]] std::int64_t frame_number(std::size_t entry, std::int64_t position) const {
    const auto& numbers = entries_[entry].frame_numbers;
    return numbers.empty() ? position : numbers[static_cast<std::size_t>(position)];
  }

 protected:
  SideInfo info_;
  std::vector<Entry> entries_;
  std::vector<std::string> network_inputs_;
  std::vector<LoggedLayer> logged_;
};

// Errors: diff.unknown_side where a folder holds nothing of the above; those of the files.
[[nodiscard]] Result<std::unique_ptr<Side>> open_side(const std::filesystem::path& path);

}  // namespace witin::diff
