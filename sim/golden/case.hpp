// A golden case: a package, its input, and the values that must come out (golden/README.md).
//
// With a case.json the files are those it names, and their digests must hold. Without one they are model.wpkg,
// input.npy or input.npz or input_NAME.npy for each input, expected.npy or expected.npz or expected.wtrace, and
// labels.npy where there is one.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "witin/error.hpp"
#include "witin/input.hpp"

namespace witin::golden {

struct FileDigest {
  std::filesystem::path file;
  std::int64_t bytes = 0;
  std::string sha256;
};

struct Case {
  std::filesystem::path path;  // as it was found: the folder, or the case.json
  std::string name;
  std::string description = {};
  std::filesystem::path model;
  std::vector<InputFile> inputs = {};  // empty: to be found by the names of the network's inputs
  std::filesystem::path expected;
  std::filesystem::path labels = {};  // empty: none
  std::optional<double> accuracy = {};
  std::optional<Arithmetic> arithmetic = {};
  std::optional<std::int64_t> frames = {};
  std::vector<FileDigest> digests = {};
};

// The cases at `path`: itself, or of a folder every case below it, in the order of their paths. Errors: file.open,
// case.none.
[[nodiscard]] Result<std::vector<std::filesystem::path>> find_cases(const std::filesystem::path& path);

// Errors: case.*, json.*.
[[nodiscard]] Result<Case> read_case(const std::filesystem::path& path);

// The files of the inputs of a case. Error case.input when there are none.
[[nodiscard]] Result<std::vector<InputFile>> input_files(const Case& golden_case, const Package& package);

// Every file is what case.json says. Errors: case.digest, file.*.
[[nodiscard]] Status check_digests(const Case& golden_case);

}  // namespace witin::golden
