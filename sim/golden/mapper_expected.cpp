// expected_in, expected_out and their _complete forms; random_idx.txt.
#include <algorithm>

#include "sim/golden/mapper.hpp"

namespace witin::golden {
namespace {

constexpr std::int64_t kMaxHeader = 32767;

// Four files of the same lines.
class ExpectedFiles {
 public:
  // A number of lines that the int16 cannot hold is written as 0 in the binary header.
  ExpectedFiles(const std::filesystem::path& map, const std::string& suffix, std::int64_t lines)
      : in_bin_(map / ("expected_in" + suffix + ".bin")),
        out_bin_(map / ("expected_out" + suffix + ".bin")),
        in_text_(map / ("expected_in" + suffix + ".txt")),
        out_text_(map / ("expected_out" + suffix + ".txt")) {
    in_bin_.int16(static_cast<std::int32_t>(lines <= kMaxHeader ? lines : 0));
    in_text_ << "num = " << lines << '\n';
  }

  void begin(std::size_t net, std::size_t layer) {
    const std::string head = "net " + std::to_string(net) + " layer " + std::to_string(layer);
    in_text_ << head << " input 0\n";
    out_text_ << head << " output 0\n";
  }

  Status line(std::span<const std::int32_t> x, std::span<const std::int32_t> y) {
    write(x, in_bin_, in_text_);
    write(y, out_bin_, out_text_);
    return {};
  }

  Status close() {
    for (TextFile* file : {&in_bin_, &out_bin_, &in_text_, &out_text_}) {
      if (Status closed = file->close(); !closed) return closed;
    }
    return {};
  }

 private:
  static void write(std::span<const std::int32_t> codes, TextFile& binary, TextFile& text) {
    for (const std::int32_t code : codes) {
      binary.int16(code);
      text << std::int64_t{code} << ',';
    }
    text << '\n';
  }

  TextFile in_bin_, out_bin_, in_text_, out_text_;
};

Status write_sample(const MapperFolder& folder) {
  const auto count = std::ssize(folder.nets.front().layers.front().sample);
  ExpectedFiles files(folder.root / "map", "", count);
  for (std::size_t n = 0; n < folder.nets.size(); ++n) {
    const MapperNet& net = folder.nets[n];
    for (std::size_t l = 0; l < net.layers.size(); ++l) {
      const MapperLayer& layer = net.layers[l];
      files.begin(n, l);
      for (const std::int64_t index : layer.sample) {
        const Status done = net.run->lines(layer.array, layer.array.y, folder.start + index, 1,
                                           [&](auto x, auto y) { return files.line(x, y); });
        if (!done) return done;
      }
    }
  }
  return files.close();
}

Status write_complete(const MapperFolder& folder) {
  std::int64_t fewest = INT64_MAX;
  for (const MapperNet& net : folder.nets) {
    for (const MapperLayer& layer : net.layers) fewest = std::min(fewest, net.lines(layer) - folder.start);
  }
  ExpectedFiles files(folder.root / "map", "_complete", fewest);
  for (std::size_t n = 0; n < folder.nets.size(); ++n) {
    const MapperNet& net = folder.nets[n];
    for (std::size_t l = 0; l < net.layers.size(); ++l) {
      const MapperLayer& layer = net.layers[l];
      files.begin(n, l);
      const Status done = net.run->lines(layer.array, layer.array.y, folder.start, net.lines(layer) - folder.start,
                                         [&](auto x, auto y) { return files.line(x, y); });
      if (!done) return done;
    }
  }
  return files.close();
}

Status write_indices(const MapperFolder& folder) {
  TextFile file(folder.root / "map" / "random_idx.txt");
  file << "calibration_start = " << folder.start << '\n';
  for (std::size_t n = 0; n < folder.nets.size(); ++n) {
    for (std::size_t l = 0; l < folder.nets[n].layers.size(); ++l) {
      file << '\n' << "net " << static_cast<std::int64_t>(n) << ", layer " << static_cast<std::int64_t>(l + 1) << '\n';
      for (const std::int64_t index : folder.nets[n].layers[l].sample) file << index << ',';
    }
  }
  return file.close();
}

}  // namespace

Status write_expected(const MapperFolder& folder) {
  for (const auto write : {write_sample, write_complete, write_indices}) {
    if (Status done = write(folder); !done) return done;
  }
  return {};
}

}  // namespace witin::golden
