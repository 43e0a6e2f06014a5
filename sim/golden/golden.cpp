#include "sim/golden/golden.hpp"

#include <algorithm>

#include "sim/golden/mapper.hpp"
#include "sim/golden/vectors.hpp"
#include "sim/guard.hpp"

namespace witin::golden {
namespace {

std::vector<std::string> files_below(const std::filesystem::path& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path().lexically_relative(folder).generic_string());
  }
  std::ranges::sort(files);
  return files;
}

Status check_options(std::span<const Net> nets, const GoldenOptions& options) {
  const bool mapper = options.format == Format::kMapper;
  if (!mapper && (nets.size() > 1 || !options.place.empty() || !options.random_idx.empty())) {
    return Error{"golden.format",
                 "an option of the format mapper",
                 "--format",
                 "mapper",
                 nets.size() > 1 ? "another format and several nets" : "another format",
                 ""};
  }
  if (!options.random_idx.empty() && (options.frames || options.start)) {
    return Error{"golden.random_idx",
                 "a file of indices says how many frames there are and where they begin",
                 "--random-idx",
                 "no --frames and no --calibration-start",
                 "both",
                 ""};
  }
  if ((options.frames && *options.frames < 1) || (options.start && *options.start < 0)) {
    return Error{"golden.frames",
                 "there are no such frames",
                 "--frames, --calibration-start",
                 "at least 1 frame, from frame 0 on",
                 "less",
                 ""};
  }
  return {};
}

}  // namespace

Result<Written> write_golden(std::span<const Net> nets, const std::filesystem::path& folder,
                             const GoldenOptions& options) {
  return guarded(folder.native(), [&]() -> Result<Written> {
    if (Status checked = check_options(nets, options); !checked) return std::move(checked).error();
    Result<OutputFolder> files = OutputFolder::create(folder, options.replace);
    if (!files) return std::move(files).error();
    Result<Written> written = options.format == Format::kMapper ? write_mapper(nets, files->files(), options)
                              : options.format == Format::kNpz  ? write_npz(nets.front(), files->files(), options)
                              : options.format == Format::kC    ? write_c(nets.front(), files->files(), options)
                                                                : write_hex(nets.front(), files->files(), options);
    if (!written) return written;
    written->files = files_below(files->files());
    if (Status done = files->commit(); !done) return std::move(done).error();
    return written;
  });
}

}  // namespace witin::golden
