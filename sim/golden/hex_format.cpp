// Memory images for $readmemh, and golden.json, which says how each is laid out.
#include <fmt/format.h>

#include "sim/golden/vector_arrays.hpp"
#include "sim/report/document.hpp"

namespace witin::golden {
namespace {

Status write_image(const std::filesystem::path& path, const VectorArray& array) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  TextFile file(path);
  const int digits = array.bits() / 4;
  std::string word(static_cast<std::size_t>(digits) + 1, '\n');
  const Status done = array.values([&](std::int32_t value) {
    const auto bits = static_cast<std::uint32_t>(value);
    for (int digit = 0; digit < digits; ++digit) {
      word[static_cast<std::size_t>(digit)] = kDigits[bits >> (4 * (digits - 1 - digit)) & 15];
    }
    file << word;
  });
  const Status closed = file.close();
  return done.ok() ? closed : done;
}

}  // namespace

Result<Written> write_hex(const Net& net, const std::filesystem::path& folder, const GoldenOptions& options) {
  const std::filesystem::path recording = folder / "recording.npz";
  Result<Vectors> vectors = make_vectors(net, options, recording);
  if (!vectors) return std::move(vectors).error();
  nlohmann::ordered_json index = new_index(*net.engine, vectors->frames, "hex");
  index["images"] = nlohmann::ordered_json::array();
  for (const VectorArray& array : vector_arrays(*vectors)) {
    const std::string name =
        fmt::format("{}_{:02}_{}.{}.hex", array.group, array.number + 1, file_name(array.owner), array.part);
    if (Status done = write_image(folder / name, array); !done) return std::move(done).error();
    nlohmann::ordered_json entry = {{"file", name},         {"group", array.group},
                                    {"name", array.owner},  {"part", array.part},
                                    {"bits", array.bits()}, {"signed", array.is_signed()},
                                    {"shape", array.shape}, {"words", element_count(array.shape)}};
    if (array.group == "layer") entry["g"] = vectors->layers[array.number].g;
    index["images"].push_back(std::move(entry));
  }
  index["left_out"] = nlohmann::ordered_json::array();
  for (const Error& error : vectors->left_out) index["left_out"].push_back(report::to_json(error));
  if (Status done = write_index(folder, index); !done) return std::move(done).error();
  Written written = summary(*vectors);
  vectors->run.reset();
  std::filesystem::remove(recording);
  return written;
}

}  // namespace witin::golden
