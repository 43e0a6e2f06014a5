// witin::open_inputs: which file holds which input.
#include <algorithm>
#include <utility>

#include "sim/guard.hpp"
#include "sim/package/frame_reader.hpp"
#include "sim/package/limits.hpp"
#include "sim/package/zip_reader.hpp"
#include "witin/input.hpp"

namespace witin {
namespace package {
namespace {

// The name a file is given for this input.
const std::string& file_name(const Input& input, const InputOptions& options) {
  return options.quantize && !input.quantises.empty() ? input.quantises : input.name;
}

// The names that files are given for, each once.
std::vector<std::string> file_names(const Package& package, const InputOptions& options) {
  std::vector<std::string> names;
  for (const Input& input : package.inputs) {
    const std::string& name = file_name(input, options);
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

std::string list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// A member of an archive as a file of its own; keeps the archive open.
class MemberFile final : public ByteSource {
 public:
  MemberFile(std::shared_ptr<const ByteSource> archive, const ZipMember& member)
      : archive_(std::move(archive)), section_(*archive_, member.data_offset, member.size) {}
  [[nodiscard]] std::uint64_t size() const override { return section_.size(); }
  [[nodiscard]] Status read(std::uint64_t offset, std::span<std::byte> out) const override {
    return section_.read(offset, out);
  }

 private:
  std::shared_ptr<const ByteSource> archive_;
  Section section_;
};

class FileSource final : public FrameSource {
 public:
  struct Bound {
    FrameReader reader;
    std::string path;
  };
  explicit FileSource(std::vector<Bound> inputs) : inputs_(std::move(inputs)) {}
  [[nodiscard]] std::int64_t frames() const override { return inputs_.front().reader.frames(); }
  Status read(std::size_t input, std::int64_t first, std::int64_t count, Storage storage, void* codes) override {
    const Bound& bound = inputs_[input];
    Status status = guarded("", [&] { return bound.reader.read(first, count, storage, codes); });
    if (!status) return std::move(status).error().within(bound.path);
    return {};
  }

 private:
  std::vector<Bound> inputs_;
};

class Binder {
 public:
  Binder(const Package& package, const InputOptions& options)
      : package_(package), options_(options), names_(file_names(package, options)), inputs_(package.inputs.size()) {}

  Status bind(const InputFile& file) {
    Result<File> opened = File::open(file.path);
    if (!opened) return std::move(opened).error().within(file.path.string());
    path_ = file.path.string();
    const auto shared = std::make_shared<const File>(std::move(opened).value());
    Status status = looks_like_zip(*shared) ? bind_archive(file.input, shared) : bind_array(file.input, shared);
    if (!status) return std::move(status).error().within(file.path.string());
    return {};
  }

  Result<std::unique_ptr<FrameSource>> finish() {
    std::vector<FileSource::Bound> inputs;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const Input& input = package_.inputs[i];
      if (!inputs_[i]) {
        return Error{"input.missing",
                     "an input is missing",
                     input_label(input.name),
                     to_string(input.shape),
                     "nothing",
                     "the network's inputs: " + list(names_)};
      }
      if (inputs_[i]->reader.frames() != inputs_[0]->reader.frames()) {
        return Error{"input.frames",
                     "inputs have different numbers of frames",
                     input_label(input.name),
                     std::to_string(inputs_[0]->reader.frames()),
                     std::to_string(inputs_[i]->reader.frames()),
                     ""};
      }
      inputs.push_back(std::move(*inputs_[i]));
    }
    if (inputs.empty()) return Error{"input.unknown", "the network has no inputs", "", "", "", ""};
    return std::unique_ptr<FrameSource>(std::make_unique<FileSource>(std::move(inputs)));
  }

 private:
  Status bind_array(const std::string& name, const std::shared_ptr<const ByteSource>& file) {
    if (!name.empty()) return bind_one(name, file);
    if (names_.size() != 1) {
      return Error{"input.ambiguous",
                   "one array for a network of several inputs",
                   "",
                   "an .npz, or --input NAME=FILE for each of " + list(names_),
                   "one .npy",
                   ""};
    }
    return bind_one(names_.front(), file);
  }

  Status bind_archive(const std::string& name, const std::shared_ptr<const ByteSource>& archive) {
    Result<ZipDirectory> directory = read_zip_directory(*archive, {.max_members = limits::kMembers});
    if (!directory) return std::move(directory).error();
    if (!name.empty()) {
      const auto found = directory->find(name + ".npy");
      if (found == directory->end()) {
        return Error{"input.missing", "the archive does not hold this input", input_label(name), name + ".npy", "", ""};
      }
      return bind_member(name, archive, *found);
    }
    for (const auto& entry : *directory) {
      std::string_view member = entry.first;
      if (member.ends_with(".npy")) member.remove_suffix(4);
      if (Status status = bind_member(std::string(member), archive, entry); !status) return status;
    }
    return {};
  }

  Status bind_member(const std::string& name, const std::shared_ptr<const ByteSource>& archive,
                     const ZipDirectory::value_type& entry) {
    if (Status status = check_crc(*archive, entry.first, entry.second); !status) return status;
    return bind_one(name, std::make_shared<const MemberFile>(archive, entry.second));
  }

  // Every input that the file is for.
  Status bind_one(const std::string& name, const std::shared_ptr<const ByteSource>& file) {
    if (std::ranges::find(names_, name) == names_.end()) {
      return Error{"input.unknown", "the network has no such input", input_label(name), list(names_), "", ""};
    }
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (file_name(package_.inputs[i], options_) != name) continue;
      if (inputs_[i]) return Error{"input.duplicate", "an input is given twice", input_label(name), "", "", ""};
      Result<FrameReader> opened = FrameReader::open(file, package_.inputs[i], options_);
      if (!opened) return std::move(opened).error();
      inputs_[i] = FileSource::Bound{std::move(opened).value(), path_};
    }
    return {};
  }

  const Package& package_;
  InputOptions options_;
  std::vector<std::string> names_;
  std::vector<std::optional<FileSource::Bound>> inputs_;  // of package_.inputs
  std::string path_;                                      // of the file being bound
};

}  // namespace
}  // namespace package

Result<std::unique_ptr<FrameSource>> open_inputs(const Package& package, std::span<const InputFile> files,
                                                 const InputOptions& options) {
  return guarded("", [&]() -> Result<std::unique_ptr<FrameSource>> {
    package::Binder binder(package, options);
    for (const InputFile& file : files) {
      if (Status status = binder.bind(file); !status) return std::move(status).error();
    }
    return binder.finish();
  });
}

}  // namespace witin
