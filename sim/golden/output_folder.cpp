#include "sim/golden/output_folder.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace witin::golden {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBuffer = std::size_t{1} << 16;

Result<fs::path> new_folder_beside(const fs::path& path) {
  const fs::path parent = path.parent_path().empty() ? "." : path.parent_path();
  std::string name = (parent / ".witin-sim-XXXXXX").string();
  if (::mkdtemp(name.data()) != nullptr) return fs::path(name);
  return Error{"output.open",        "the folder cannot be made",
               path.string(),        "a folder that may be written",
               std::strerror(errno), ""};
}

}  // namespace

Result<OutputFolder> OutputFolder::create(const fs::path& path, bool replace) {
  OutputFolder out;
  out.target_ = fs::path(path).lexically_normal();
  if (out.target_.filename().empty()) out.target_ = out.target_.parent_path();
  std::error_code error;
  const fs::file_status status = fs::status(out.target_, error);
  const bool is_folder = fs::is_directory(status);
  const bool in_use = fs::exists(status) && (!is_folder || (!fs::is_empty(out.target_, error) && !replace));
  if (out.target_.empty() || in_use || fs::is_symlink(fs::symlink_status(out.target_, error))) {
    return Error{"output.folder",
                 "the folder cannot be made",
                 path.string(),
                 "a new name, or an empty folder",
                 is_folder ? "a folder that holds files" : "something else of that name",
                 is_folder ? "choose another name, or replace it with --force" : ""};
  }
  Result<fs::path> temporary = new_folder_beside(out.target_);
  if (!temporary) return std::move(temporary).error();
  out.temporary_ = std::move(temporary).value();
  return out;
}

OutputFolder::OutputFolder(OutputFolder&& other) noexcept
    : target_(std::move(other.target_)), temporary_(std::exchange(other.temporary_, {})) {}

OutputFolder::~OutputFolder() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

Status OutputFolder::commit() {
  std::error_code error;
  fs::permissions(temporary_,
                  fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec | fs::perms::others_read |
                      fs::perms::others_exec,
                  error);
  fs::path old;
  if (!fs::is_empty(target_, error) && !error) {
    Result<fs::path> aside = new_folder_beside(target_);
    if (!aside) return std::move(aside).error();
    old = *aside;
    fs::rename(target_, old, error);
  }
  error.clear();
  fs::rename(temporary_, target_, error);
  if (error) {
    std::error_code ignored;
    if (!old.empty()) fs::rename(old, target_, ignored);
    return Error{"output.rename", "the folder cannot be named", target_.string(), "", error.message(), ""};
  }
  temporary_.clear();
  if (!old.empty()) fs::remove_all(old, error);
  return {};
}

TextFile::TextFile(const fs::path& path) : path_(path) {
  std::error_code ignored;
  fs::create_directories(path.parent_path(), ignored);
  file_.reset(std::fopen(path.c_str(), "wbe"));
  if (file_ == nullptr) error_ = errno;
  buffer_.reserve(kBuffer + 64);
}

void TextFile::flush() {
  if (error_ == 0 && std::fwrite(buffer_.data(), 1, buffer_.size(), file_.get()) != buffer_.size()) error_ = errno;
  buffer_.clear();
}

TextFile& TextFile::operator<<(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= kBuffer) flush();
  return *this;
}

TextFile& TextFile::operator<<(char character) { return *this << std::string_view(&character, 1); }

TextFile& TextFile::operator<<(std::int64_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  return *this << std::string_view(digits, static_cast<std::size_t>(end - digits));
}

void TextFile::int16(std::int32_t value) {
  const auto word = static_cast<std::uint16_t>(value);
  *this << static_cast<char>(word & 0xff) << static_cast<char>(word >> 8);
}

Status TextFile::close() {
  flush();
  const bool opened = file_ != nullptr;
  if (opened && std::fclose(file_.release()) != 0 && error_ == 0) error_ = errno;
  if (error_ == 0) return {};
  return Error{opened ? "output.write" : "output.open",
               "the file cannot be written",
               path_.string(),
               "",
               std::strerror(error_),
               ""};
}

std::string file_name(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    if (!plain) c = '_';
  }
  return out;
}

}  // namespace witin::golden
