// Two sides compared: everything of a bundle whose first part begins with "left" against what begins with "right".
// The file "options" holds tolerance, first and end frame, number of examples, and a glob.
#include <sstream>

#include "sim/package/bytes.hpp"
#include "tests/fuzz/bundle.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/sides.hpp"
#include "tests/fuzz/targets.hpp"

namespace witin::fuzz {
namespace {

diff::CompareOptions options_of(const std::vector<BundleFile>& files) {
  diff::CompareOptions options{.threads = 1};
  for (const BundleFile& file : files) {
    if (file.name != "options") continue;
    std::istringstream stream(file.content);
    std::int64_t tolerance = 0;
    std::int64_t first = 0;
    std::int64_t end = -1;
    std::size_t examples = 0;
    std::string nodes;
    stream >> tolerance >> first >> end >> examples >> nodes;
    options.tolerance = std::max<std::int64_t>(tolerance, 0);  // as the command line takes them
    options.first_frame = std::max<std::int64_t>(first, 0);
    options.end_frame = end;
    options.max_examples = examples % 100;
    if (!nodes.empty()) options.nodes = nodes;
  }
  return options;
}

// A folder, or a file with an ending.
std::filesystem::path place_of(const Folder& folder, const std::string& side, const std::vector<BundleFile>& files) {
  for (const BundleFile& file : files) {
    if (file.name.starts_with(side + ".")) return folder.path() / file.name;
  }
  return folder.path() / side;
}

}  // namespace

void run_diff(Bytes bytes) {
  const Folder folder;
  const std::vector<BundleFile> files = parse_bundle(package::as_text(bytes));
  folder.write(files);
  const auto left = diff::open_side(place_of(folder, "left", files));
  const auto right = diff::open_side(place_of(folder, "right", files));
  if (!succeeded(left) || !succeeded(right)) return;
  check_comparison(**left, **right, options_of(files));
}

}  // namespace witin::fuzz
