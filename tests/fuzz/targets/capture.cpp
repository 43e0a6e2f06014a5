// A capture of the hardware as a side: a folder, or the bundle's only file; compared with itself and with what the
// bundle's folder expected/ holds.
#include "sim/package/bytes.hpp"
#include "tests/fuzz/bundle.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/sides.hpp"
#include "tests/fuzz/targets.hpp"

namespace witin::fuzz {

void run_capture(Bytes bytes) {
  const Folder folder;
  const std::vector<BundleFile> files = parse_bundle(package::as_text(bytes));
  folder.write(files);
  const auto chip = diff::open_side(files.size() == 1 ? folder.path() / files.front().name : folder.path() / "chip");
  if (!succeeded(chip) || !read_all(**chip)) return;
  const diff::CompareOptions options{.tolerance = 1, .threads = 1};
  check_comparison(**chip, **chip, options);
  const auto expected = diff::open_side(folder.path() / "expected");
  if (succeeded(expected) && read_all(**expected)) check_comparison(**expected, **chip, options);
}

}  // namespace witin::fuzz
