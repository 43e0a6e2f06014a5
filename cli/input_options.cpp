#include "cli/input_options.hpp"

#include <CLI/CLI.hpp>
#include <charconv>

namespace witin::cli {
namespace {

namespace fs = std::filesystem;

bool same_file(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  const auto real = [&](const fs::path& path) { return fs::weakly_canonical(fs::absolute(path, ignored), ignored); };
  return fs::equivalent(a, b, ignored) || real(a) == real(b);
}

}  // namespace

void add_input_options(CLI::App& command, InputArguments& arguments) {
  add_named_input_options(command, arguments);
  command.add_option("--frames", arguments.frames, "Only frames A to B-1 of the input")->type_name("A:B");
}

void add_named_input_options(CLI::App& command, InputArguments& arguments) {
  command.add_option("INPUT", arguments.file, "Its input codes, [frames, *shape] or one frame")
      ->type_name("FILE.npy|npz");
  command.add_option("--input", arguments.named, "One of several inputs; may be repeated")->type_name("NAME=FILE");
  command.add_flag("--quantize-input", arguments.quantize, "The input holds real values: quantise them");
}

Result<std::vector<InputFile>> input_files(const InputArguments& arguments) {
  std::vector<InputFile> files;
  if (!arguments.file.empty()) files.push_back({"", arguments.file});
  for (const std::string& named : arguments.named) {
    const std::size_t equals = named.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == named.size()) {
      return Error{
          "usage.input", "an input is not given as a name and a file", "--input", "NAME=FILE", "'" + named + "'", ""};
    }
    files.push_back({named.substr(0, equals), named.substr(equals + 1)});
  }
  if (files.empty()) {
    return Error{
        "usage.input", "no input is given", "", "INPUT.npy, or --input NAME=FILE", "", "see witin-sim run --help"};
  }
  return files;
}

// "A:B", "A:" or ":B" of `available` frames.
Result<FrameRange> frame_range(const std::string& text, std::int64_t available) {
  if (text.empty()) return FrameRange{0, available};
  const auto refuse = [&](std::string_view what) -> Result<FrameRange> {
    return Error{"usage.frames",   std::string(what),
                 "--frames",       "A:B with 0 <= A < B <= " + std::to_string(available),
                 "'" + text + "'", ""};
  };
  const auto number = [](std::string_view digits, std::int64_t absent) -> std::optional<std::int64_t> {
    if (digits.empty()) return absent;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
  };
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return refuse("a range of frames has no ':'");
  const auto first = number(std::string_view{text}.substr(0, colon), 0);
  const auto last = number(std::string_view{text}.substr(colon + 1), available);
  if (!first || !last) return refuse("a range of frames does not consist of two numbers");
  if (*first < 0 || *last > available) return refuse("the input does not have these frames");
  if (*first >= *last) return refuse("a range of frames is empty");
  return FrameRange{*first, *last - *first};
}

Status check_paths(std::vector<fs::path> taken, const std::vector<fs::path>& written) {
  std::erase(taken, fs::path());
  for (const fs::path& path : written) {
    if (path.empty()) continue;
    std::error_code ignored;
    const bool device = fs::is_other(path, ignored) || fs::is_character_file(path, ignored);
    for (const fs::path& other : taken) {
      if (!device && same_file(path, other)) {
        return Error{"usage.overwrite", "this file would be overwritten", path.string(), "a file of its own", "", ""};
      }
    }
    taken.push_back(path);
  }
  return {};
}

}  // namespace witin::cli
