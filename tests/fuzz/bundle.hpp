// Several files in one input, for readers of folders:
//
//   @@ NAME <LF> bytes <LF> @@ NAME <LF> bytes ...
//
// A name is a relative path of A-Z a-z 0-9 _ . - and slashes. What does not follow the form is left out.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace witin::fuzz {

struct BundleFile {
  std::string name;
  std::string content;
};

[[nodiscard]] std::vector<BundleFile> parse_bundle(std::string_view text);
[[nodiscard]] std::string write_bundle(std::span<const BundleFile> files);

// A new folder in the system's place for temporary files, removed with all that is in it.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // Files whose names are in each other's way are left out.
  void write(std::span<const BundleFile> files) const;
  void write(std::string_view name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

}  // namespace witin::fuzz
