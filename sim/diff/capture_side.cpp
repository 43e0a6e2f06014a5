#include "sim/diff/capture_side.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include "sim/diff/array_files.hpp"
#include "sim/package/is_there.hpp"
#include "sim/package/limits.hpp"
#include "sim/package/mapper_files.hpp"

namespace witin::diff {
namespace {

namespace fs = std::filesystem;
using package::is_there;

struct LayerFile {
  std::string kind;  // "L", "EL", "I"
  std::size_t layer = 0;
  fs::path path;
};

std::optional<LayerFile> layer_file(const fs::path& path) {
  if (path.extension() != ".txt") return std::nullopt;
  const std::string stem = path.stem().string();
  for (const std::string kind : {"EL", "L", "I"}) {
    if (!stem.starts_with(kind)) continue;
    std::size_t layer = 0;
    const char* end = stem.data() + stem.size();
    const auto [next, error] = std::from_chars(stem.data() + kind.size(), end, layer);
    if (error == std::errc() && next == end && layer < package::limits::kNodes) return LayerFile{kind, layer, path};
  }
  return std::nullopt;
}

Result<std::vector<LayerFile>> layer_files(const fs::path& folder) {
  std::vector<LayerFile> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    auto file = layer_file(it->path());
    if (!file) continue;
    if (files.size() == package::limits::kMembers) {
      return Error{"capture.too_many_files",
                   "the folder holds too many layers",
                   folder.string(),
                   "at most " + std::to_string(package::limits::kMembers),
                   "more",
                   ""};
    }
    files.push_back(*std::move(file));
  }
  if (error) return Error{"file.open", "the folder cannot be read", folder.string(), "", error.message(), ""};
  const auto key = [](const LayerFile& file) { return std::tie(file.layer, file.kind); };
  std::ranges::sort(files, [&](const LayerFile& a, const LayerFile& b) {
    return std::pair(key(a), a.path) < std::pair(key(b), b.path);
  });
  const auto twice = std::ranges::adjacent_find(files, {}, key);
  if (twice == files.end()) return files;
  return Error{"capture.twice",
               "two files are the same layer",
               twice[1].path.string(),
               "one file a layer",
               twice->path.filename().string() + " and " + twice[1].path.filename().string(),
               "remove one of them"};
}

CaptureFigures figures_of(const std::array<double, 11>& row) {
  return {row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10]};
}

class CaptureReader {
 public:
  explicit CaptureReader(const fs::path& path)
      : path_(path), side_(std::make_unique<ArrayFiles>(SideInfo{path.string(), "capture", "", "", 0})) {}

  Result<std::unique_ptr<Side>> read_file() {
    const auto file = layer_file(path_);
    if (Status status = add(file.value_or(LayerFile{"", 0, path_})); !status) return std::move(status).error();
    return std::unique_ptr<Side>(std::move(side_));
  }

  Result<std::unique_ptr<Side>> read_folder() {
    for (const fs::path& place : {path_ / "random_idx.txt", path_ / "map" / "random_idx.txt"}) {
      if (!is_there(place)) continue;
      auto sampled = package::read_sampled_frames(place);
      if (!sampled) return Error(sampled.error()).within(place.string());
      sampled_ = *std::move(sampled);
      break;
    }
    const auto files = layer_files(is_there(path_ / "tmp_output") ? path_ / "tmp_output" : path_);
    if (!files) return files.error();
    for (const LayerFile& file : *files) {
      if (file.kind == "EL") continue;  // not what the chip gave
      if (Status status = add(file); !status) return std::move(status).error();
    }
    if (const fs::path output = path_ / "infer_output.txt"; is_there(output)) {
      if (Status status = add({"", 0, output}); !status) return std::move(status).error();
    }
    if (const fs::path log = path_ / "program.log"; is_there(log)) {
      const auto rows = package::read_program_log(log);
      if (!rows) return Error(rows.error()).within(log.string());
      for (const auto& [raw, corrected] : *rows) {
        side_->add_logged(
            {static_cast<std::size_t>(raw.layer), figures_of(raw.figures), figures_of(corrected.figures)});
      }
    }
    return std::unique_ptr<Side>(std::move(side_));
  }

 private:
  Status add(const LayerFile& file) {
    Entry entry;
    entry.field = file.kind == "I" ? "npu_x" : "npu_y";
    if (!file.kind.empty()) entry.layer = file.layer;
    if (Status status = side_->add_text(std::move(entry), {file.path}); !status) return status;
    if (!file.kind.empty() && file.layer < sampled_.size()) side_->set_frame_numbers(sampled_[file.layer]);
    return {};
  }

  fs::path path_;
  std::unique_ptr<ArrayFiles> side_;
  std::vector<std::vector<std::int64_t>> sampled_;
};

}  // namespace

bool looks_like_capture(const fs::path& folder) {
  if (is_there(folder / "infer_output.txt") || is_there(folder / "tmp_output")) return true;
  const auto files = layer_files(folder);
  return !files.ok() || !files->empty();  // what is wrong with one is said when it is opened
}

Result<std::unique_ptr<Side>> open_capture_side(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored) ? CaptureReader(path).read_folder() : CaptureReader(path).read_file();
}

}  // namespace witin::diff
