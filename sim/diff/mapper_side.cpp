#include "sim/diff/mapper_side.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <system_error>

#include "sim/diff/array_files.hpp"
#include "sim/package/bytes.hpp"
#include "sim/package/is_there.hpp"
#include "sim/package/limits.hpp"
#include "sim/package/mapper_files.hpp"

namespace witin::diff {
namespace {

namespace fs = std::filesystem;
using package::File;
using package::is_there;
using package::MappedLayer;

struct Numbered {
  std::int64_t number;
  std::string rest;
  fs::path path;
};

// What stands in a folder under names PREFIX<number>REST, by number.
Result<std::vector<Numbered>> numbered(const fs::path& folder, std::string_view prefix) {
  std::vector<Numbered> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with(prefix)) continue;
    std::int64_t number = 0;
    const char* end_of_name = name.data() + name.size();
    const auto [next, bad] = std::from_chars(name.data() + prefix.size(), end_of_name, number);
    if (bad != std::errc() || number < 0) continue;
    if (found.size() == package::limits::kMembers) {
      return Error{"mapper.too_many", "the folder holds too many entries", folder.string(), "", "", ""};
    }
    found.push_back({number, std::string(next, end_of_name), it->path()});
  }
  if (error) return Error{"file.open", "the folder cannot be read", folder.string(), "", error.message(), ""};
  std::ranges::sort(found, [](const Numbered& a, const Numbered& b) {
    return std::tie(a.number, a.rest) < std::tie(b.number, b.rest);
  });
  return found;
}

class MapperReader {
 public:
  explicit MapperReader(const fs::path& root)
      : root_(root),
        map_(is_there(root / "map") ? root / "map" : root),
        side_(std::make_unique<ArrayFiles>(SideInfo{root.string(), "mapper", "", "", 0})) {}

  Result<std::unique_ptr<Side>> read() {
    if (Status status = find_layers(); !status) return std::move(status).error();
    for (std::size_t layer = 0; layer < folders_.size(); ++layer) {
      if (Status status = add_recorded(layer, "input"); !status) return std::move(status).error();
      if (Status status = add_recorded(layer, "output"); !status) return std::move(status).error();
    }
    if (is_there(map_ / "layers.txt")) {
      if (Status status = add_expected(); !status) return std::move(status).error();
    }
    return std::unique_ptr<Side>(std::move(side_));
  }

 private:
  Status find_layers() {
    const fs::path debug = root_ / "layer_debug";
    if (!is_there(debug)) return {};
    const auto nets = numbered(debug, "net");
    if (!nets) return nets.error();
    std::set<std::string> taken;
    for (const Numbered& net : *nets) {
      const auto layers = numbered(net.path, "");
      if (!layers) return layers.error();
      for (const Numbered& layer : *layers) {
        if (layer.rest.size() < 2 || layer.rest.front() != '_') continue;
        std::string name = layer.rest.substr(1);
        // Names need not differ between nets.
        if (!taken.insert(name).second) name = "net" + std::to_string(net.number) + "/" + name;
        taken.insert(name);
        names_.push_back(std::move(name));
        folders_.push_back(layer.path);
      }
    }
    return {};
  }

  // input<k> or output<k> of all rounds.
  Status add_recorded(std::size_t layer, const std::string& what) {
    const auto rounds = numbered(folders_[layer], "round");
    if (!rounds) return rounds.error();
    std::map<std::int64_t, std::vector<fs::path>> files;
    for (const Numbered& round : *rounds) {
      const auto arrays = numbered(round.path, what);
      if (!arrays) return arrays.error();
      for (const Numbered& array : *arrays) {
        if (array.rest == ".txt") files[array.number].push_back(array.path);
      }
    }
    for (const auto& [number, paths] : files) {
      Entry entry;
      entry.node = names_[layer];
      entry.layer = layer;
      entry.after_table = what == "output";
      entry.field = number != 0 ? what + std::to_string(number) : what == "output" ? "npu_y" : "npu_x";
      if (Status status = side_->add_text(std::move(entry), paths); !status) return status;
    }
    return {};
  }

  Status add_expected() {
    auto layers = package::read_layers(map_ / "layers.txt");
    if (!layers) return Error(layers.error()).within((map_ / "layers.txt").string());
    layers_ = *std::move(layers);
    if (const fs::path path = map_ / "random_idx.txt"; is_there(path)) {
      auto sampled = package::read_sampled_frames(path);
      if (!sampled) return Error(sampled.error()).within(path.string());
      sampled_ = *std::move(sampled);
    }
    // With recorded layers of another number the names cannot be told.
    if (!folders_.empty() && folders_.size() != layers_.size()) names_.clear();
    if (Status status = add_binary("expected_in.bin", true); !status) return status;
    return add_binary("expected_out.bin", false);
  }

  // 16-bit integers, layer after layer F frames each; expected_in begins with F.
  Status add_binary(const char* name, bool is_input) {
    const fs::path path = map_ / name;
    if (!is_there(path)) return {};
    Result<File> opened = File::open(path);
    if (!opened) return std::move(opened).error().within(path.string());
    const auto file = std::make_shared<const File>(*std::move(opened));
    std::uint64_t width = 0;
    for (const MappedLayer& layer : layers_) width += static_cast<std::uint64_t>(is_input ? layer.rows : layer.columns);
    const std::uint64_t header = is_input ? sizeof(std::int16_t) : 0;
    std::uint64_t frames = 0;
    if (file->size() >= header && width > 0) frames = (file->size() - header) / (2 * width);
    std::uint64_t expected = frames_.value_or(frames);
    if (is_input && file->size() >= header) {
      std::array<std::byte, 2> bytes{};
      if (Status status = file->read(0, bytes); !status) return std::move(status).error().within(path.string());
      expected = package::load<std::uint16_t>(bytes, 0);
    }
    if (frames == 0 || frames != expected || header + 2 * width * frames != file->size()) {
      return Error{"mapper.size",
                   "the file does not fit layers.txt",
                   path.string(),
                   std::to_string(expected) + " frames of " + std::to_string(width) + " 16-bit integers",
                   std::to_string(file->size()) + " bytes",
                   ""};
    }
    frames_ = frames;
    std::uint64_t offset = header;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      Entry entry;
      if (i < names_.size()) entry.node = names_[i];
      entry.layer = i;
      entry.field = is_input ? "npu_x" : "npu_y";
      entry.shape = {is_input ? layers_[i].rows : layers_[i].columns};
      entry.flat = true;
      entry.dtype = DType::kI16;
      entry.frames = static_cast<std::int64_t>(frames);
      entry.source = path.lexically_relative(root_).generic_string();
      if (i < sampled_.size() && sampled_[i].size() == frames) entry.frame_numbers = sampled_[i];
      const std::uint64_t bytes = 2 * frames * static_cast<std::uint64_t>(entry.shape.front());
      side_->add_binary(std::move(entry), file, offset);
      offset += bytes;
    }
    return {};
  }

  fs::path root_;
  fs::path map_;
  std::unique_ptr<ArrayFiles> side_;
  std::vector<std::string> names_;  // of layers_, in their order
  std::vector<fs::path> folders_;   // in layer_debug
  std::vector<MappedLayer> layers_;
  std::vector<std::vector<std::int64_t>> sampled_;
  std::optional<std::uint64_t> frames_;  // of expected_in.bin
};

}  // namespace

bool looks_like_mapper(const fs::path& path) {
  return is_there(path / "layer_debug") || is_there(path / "map" / "layers.txt") ||
         (is_there(path / "layers.txt") && is_there(path / "expected_out.bin"));
}

Result<std::unique_ptr<Side>> open_mapper_side(const fs::path& path) { return MapperReader(path).read(); }

}  // namespace witin::diff
