// NoiseDraws::load: an .npz of standard normals, one list a node.
#include <algorithm>
#include <cmath>

#include "sim/guard.hpp"
#include "sim/noise/draws.hpp"
#include "sim/number_text.hpp"
#include "sim/package/limits.hpp"
#include "sim/package/npy.hpp"
#include "sim/package/zip_reader.hpp"
#include "witin/noise.hpp"

namespace witin {
namespace {

using package::ByteSource;

// Block by block: no more memory than the list takes.
template <typename T>
Status read_values(const ByteSource& member, const package::NpyHeader& header, std::vector<double>& out) {
  const auto count = static_cast<std::size_t>(element_count(header.shape));
  std::vector<T> block(std::min(count, package::limits::kBlockBytes / sizeof(T)));
  out.reserve(count);
  while (out.size() < count) {
    const std::span<T> values = std::span(block).first(std::min(block.size(), count - out.size()));
    const std::uint64_t offset = header.data_offset + out.size() * sizeof(T);
    Status read = member.read(offset, std::as_writable_bytes(values));
    if (!read) return read;
    for (const T value : values) {
      if (!(std::abs(value) < 1e3)) {
        return Error{"noise.draws",     "this is no standard normal", "element " + std::to_string(out.size()),
                     "a finite number", number_text(value),           ""};
      }
      out.push_back(value);
    }
  }
  return {};
}

Result<std::vector<double>> read_draws(const ByteSource& member) {
  const Result<package::NpyHeader> header = package::read_npy_header(member, package::limits::kRank + 1);
  if (!header) return header.error();
  if (header->type.kind != 'f' || element_count(header->shape) > package::limits::kDraws) {
    return Error{"noise.draws",
                 "these are no standard normals",
                 "",
                 "float32 or float64, at most " + std::to_string(package::limits::kDraws),
                 header->type.name() + " " + to_string(header->shape),
                 ""};
  }
  std::vector<double> out;
  Status read =
      header->type.bytes == 4 ? read_values<float>(member, *header, out) : read_values<double>(member, *header, out);
  if (!read) return std::move(read).error();
  return out;
}

Result<noise::Draws> read_all(const ByteSource& file) {
  const auto directory = package::read_zip_directory(file, {.max_members = package::limits::kNodes});
  if (!directory) return directory.error();
  noise::Draws draws;
  for (const auto& [name, member] : *directory) {
    if (Status crc = package::check_crc(file, name, member); !crc) return std::move(crc).error();
    Result<std::vector<double>> values = read_draws(package::Section(file, member.data_offset, member.size));
    if (!values) return std::move(values).error().within(name);
    draws.nodes.emplace(name.ends_with(".npy") ? name.substr(0, name.size() - 4) : name, *std::move(values));
  }
  return draws;
}

}  // namespace

Result<NoiseDraws> NoiseDraws::load(const std::filesystem::path& path) {
  return guarded(path.native(), [&]() -> Result<NoiseDraws> {
    const Result<package::File> file = package::File::open(path);
    if (!file) return Error(file.error()).within(path.string());
    Result<noise::Draws> draws = read_all(*file);
    if (!draws) return std::move(draws).error().within(path.string());
    NoiseDraws out;
    out.draws_ = std::make_shared<const noise::Draws>(*std::move(draws));
    return out;
  });
}

}  // namespace witin
