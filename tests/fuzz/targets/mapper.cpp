// A folder of the vendor's mapper as a side of a comparison, and its layers.txt and random_idx.txt as the writers of
// golden vectors read them.
#include "sim/golden/random_idx.hpp"
#include "sim/package/bytes.hpp"
#include "sim/package/integer_lines.hpp"
#include "tests/fuzz/bundle.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/sides.hpp"
#include "tests/fuzz/targets.hpp"

namespace witin::fuzz {

void run_mapper(Bytes bytes) {
  const Folder folder;
  folder.write(parse_bundle(package::as_text(bytes)));
  const auto side = diff::open_side(folder.path());
  if (succeeded(side) && read_all(**side)) check_comparison(**side, **side, {.threads = 1});

  const std::filesystem::path map = folder.path() / "map";
  if (const auto sampled = golden::read_random_idx(map / "random_idx.txt"); succeeded(sampled)) {
    for (const auto& layer : sampled->layers) {
      require(layer.size() == sampled->layers.front().size(), "layers that sample different numbers of frames");
    }
  }
  const auto lines = package::read_lines(map / "layers.txt");
  if (!succeeded(lines)) return;
  for (const std::string& line : *lines) (void)succeeded(package::parse_integers(line, "line"));
}

}  // namespace witin::fuzz
