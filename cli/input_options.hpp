// Options of every command that reads a network's input, and the rule that no file is read and written.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "witin/input.hpp"

namespace CLI {
class App;
}

namespace witin::cli {

struct InputArguments {
  std::filesystem::path file;      // INPUT
  std::vector<std::string> named;  // --input NAME=FILE
  std::string frames;              // --frames A:B
  bool quantize = false;           // --quantize-input
};

// INPUT (after MODEL), --input, --frames, --quantize-input.
void add_input_options(CLI::App& command, InputArguments& arguments);
// The same without --frames, for commands whose --frames is a number.
void add_named_input_options(CLI::App& command, InputArguments& arguments);

// At least one. Code usage.input.
[[nodiscard]] Result<std::vector<InputFile>> input_files(const InputArguments& arguments);

struct FrameRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

// "A:B", "A:" or ":B" of `available` frames; empty: all. Code usage.frames.
[[nodiscard]] Result<FrameRange> frame_range(const std::string& text, std::int64_t available);

// No file that is read (`taken`) may be written, and no two results may share a file; devices may. Empty paths do not
// count. Code usage.overwrite.
[[nodiscard]] Status check_paths(std::vector<std::filesystem::path> taken,
                                 const std::vector<std::filesystem::path>& written);

}  // namespace witin::cli
