#include "sim/golden/case.hpp"

#include <algorithm>
#include <system_error>

#include "sim/guard.hpp"
#include "sim/package/byte_source.hpp"
#include "sim/package/digest.hpp"
#include "sim/package/is_there.hpp"
#include "sim/package/json_value.hpp"
#include "sim/package/limits.hpp"

namespace witin::golden {
namespace {

namespace fs = std::filesystem;
using package::in_quotes;
using package::is_there;
using package::Json;
using package::JsonFormat;
using package::JsonRecord;
using package::JsonValue;
namespace limits = package::limits;

constexpr JsonFormat kFormat{"case", "case.json"};
constexpr std::size_t kFiles = 2'000;  // of one case: an input may be a file of its own

bool is_case(const fs::path& folder) { return is_there(folder / "case.json") || is_there(folder / "model.wpkg"); }

// The first of the files that is there.
fs::path first_of(const fs::path& folder, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (is_there(folder / name)) return folder / name;
  }
  return {};
}

// A file of the case: below its folder, wherever case.json comes from.
fs::path file_in(const fs::path& folder, const JsonValue& value, std::string_view name) {
  const bool absolute = name.starts_with('/');
  if (name.empty() || absolute || name.find('\0') != std::string_view::npos || !package::is_safe_path(name)) {
    value.refuse("path", "a file lies outside of the case", "a path below the case's folder", in_quotes(name));
  }
  return folder / name;
}

fs::path file_in(const fs::path& folder, const JsonValue& value) { return file_in(folder, value, value.string()); }

void read_files(const JsonValue& value, const fs::path& folder, Case& out) {
  for (const auto& [name, entry] : value.entries(kFiles)) {
    const JsonRecord record(entry);
    record.allow({"bytes", "sha256"});
    out.digests.push_back(
        {file_in(folder, entry, name), record.get("bytes").integer(0, INT64_MAX), record.get("sha256").string()});
  }
}

void check_format(const JsonRecord& record) {
  const JsonValue format = record.get("format");
  if (format.string() != "witin.case") {
    format.refuse("format", "this is not a golden case", "\"witin.case\"", in_quotes(format.string()));
  }
  const JsonValue version = record.get("version");
  if (const auto number = version.as<std::int64_t>("an integer"); number != 1) {
    version.refuse("version", "this version of the case is not supported", "1", std::to_string(number),
                   "use a newer witin-sim");
  }
}

Case parse_case(const Json& json, const fs::path& folder) {
  const JsonRecord record(JsonValue{&kFormat, &json, ""});
  check_format(record);
  record.allow({"format", "version", "name", "description", "regenerate", "producer", "arithmetic", "model", "inputs",
                "frames", "labels", "accuracy", "expected", "files"});
  Case out;
  out.name = record.get("name").text();
  if (const auto value = record.find("description")) out.description = value->text();
  if (const auto value = record.find("arithmetic")) out.arithmetic = value->arithmetic();
  if (const auto value = record.find("frames")) out.frames = value->integer(1, INT64_MAX);
  if (const auto value = record.find("labels")) out.labels = file_in(folder, *value);
  if (const auto value = record.find("accuracy")) out.accuracy = value->number();
  out.model = file_in(folder, record.get("model"));
  out.expected = file_in(folder, record.get("expected"));
  for (const auto& [name, value] : record.get("inputs").entries(limits::kInputs)) {
    out.inputs.push_back({std::string(name), file_in(folder, value)});
  }
  if (const auto files = record.find("files")) read_files(*files, folder, out);
  return out;
}

Result<std::string> read_text(const fs::path& path) {
  const Result<package::File> file = package::File::open(path);
  if (!file) return file.error();
  if (file->size() > limits::kJsonBytes) {
    return Error{"json.too_large",
                 "the file is too large",
                 "",
                 "at most " + std::to_string(limits::kJsonBytes) + " bytes",
                 std::to_string(file->size()) + " bytes",
                 ""};
  }
  std::string text(static_cast<std::size_t>(file->size()), '\0');
  if (Status status = file->read(0, std::as_writable_bytes(std::span(text))); !status) return std::move(status).error();
  return text;
}

Result<Case> read_description(const fs::path& path) {
  Result<std::string> text = read_text(path);
  if (!text) return std::move(text).error();
  const Result<Json> json = package::parse_json(*text, "case.json");
  if (!json) return json.error();
  try {
    return parse_case(*json, path.parent_path());
  } catch (package::Refusal& refusal) {
    return std::move(refusal.error);
  }
}

Result<Case> read_folder(const fs::path& folder) {
  Case out;
  out.name = folder.filename().empty() ? folder.parent_path().filename().string() : folder.filename().string();
  out.model = folder / "model.wpkg";
  out.expected = first_of(folder, {"expected.wtrace", "expected.npz", "expected.npy"});
  if (out.expected.empty()) {
    return Error{"case.expected",
                 "the case has no expected values",
                 "",
                 "expected.npy, expected.npz or expected.wtrace",
                 "nothing",
                 ""};
  }
  out.labels = first_of(folder, {"labels.npy"});
  return out;
}

}  // namespace

Result<std::vector<fs::path>> find_cases(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    return Error{"file.open",
                 "cannot be opened",
                 path.string(),
                 "a case.json or a folder of cases",
                 error ? error.message() : "nothing",
                 ""};
  }
  if (!fs::is_directory(status) || is_case(path)) return std::vector{path};
  std::vector<fs::path> cases;
  error.clear();
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (!it->is_directory(ignored) || !is_case(it->path())) continue;
    cases.push_back(it->path());
    it.disable_recursion_pending();
  }
  if (error) return Error{"file.open", "the folder cannot be read", path.string(), "", error.message(), ""};
  if (cases.empty()) {
    return Error{"case.none", "there are no cases", path.string(), "folders with a case.json or a model.wpkg", "none",
                 ""};
  }
  std::ranges::sort(cases);
  return cases;
}

Result<Case> read_case(const fs::path& path) {
  return guarded(path.native(), [&]() -> Result<Case> {
    std::error_code ignored;
    const bool is_folder = fs::is_directory(path, ignored);
    const bool described = !is_folder || is_there(path / "case.json");
    Result<Case> found = described ? read_description(is_folder ? path / "case.json" : path) : read_folder(path);
    if (!found) return std::move(found).error().within(path.string());
    found->path = path;
    return found;
  });
}

Result<std::vector<InputFile>> input_files(const Case& golden_case, const Package& package) {
  if (!golden_case.inputs.empty()) return golden_case.inputs;
  const fs::path folder = golden_case.model.parent_path();
  if (const fs::path one = first_of(folder, {"input.npy", "input.npz"}); !one.empty()) {
    return std::vector<InputFile>{{"", one}};
  }
  std::vector<InputFile> files;
  for (const Input& input : package.inputs) {
    const fs::path file = folder / ("input_" + input.name + ".npy");
    if (!is_there(file)) {
      return Error{"case.input",    "the case has no input",
                   folder.string(), "input.npy, input.npz or " + file.filename().string(),
                   "nothing",       ""};
    }
    files.push_back({input.name, file});
  }
  return files;
}

Status check_digests(const Case& golden_case) {
  for (const FileDigest& listed : golden_case.digests) {
    const Result<package::File> file = package::File::open(listed.file);
    if (!file) return Error(file.error()).within(listed.file.string());
    const Result<std::string> found = package::sha256(*file);
    if (!found) return Error(found.error()).within(listed.file.string());
    const auto bytes = static_cast<std::int64_t>(file->size());
    if (bytes != listed.bytes || *found != listed.sha256) {
      return Error{"case.digest",
                   "the file is not the one case.json describes",
                   listed.file.string(),
                   std::to_string(listed.bytes) + " bytes, sha256 " + listed.sha256,
                   std::to_string(bytes) + " bytes, sha256 " + *found,
                   ""};
    }
  }
  return {};
}

}  // namespace witin::golden
