#include <nlohmann/json.hpp>

#include <algorithm>

#include "sim/package/digest.hpp"
#include "sim/package/npy.hpp"
#include "sim/package/zip_reader.hpp"
#include "tests/fuzz/mutate/mutate.hpp"
#include "tests/support/zip_builder.hpp"

namespace witin::fuzz {
namespace {

using Json = nlohmann::ordered_json;
using Members = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t kMostMembers = 4096;
constexpr std::string_view kManifest = "manifest.json";
constexpr std::string_view kTraceHeader = "trace.json";

Members read_members(std::string_view text) {
  const package::MemorySource file(package::as_bytes(text));
  const auto directory = package::read_zip_directory(file, {.max_members = kMostMembers});
  Members members;
  if (!directory.ok()) return members;
  for (const auto& [name, member] : *directory)
    members.emplace_back(name, text.substr(member.data_offset, member.size));
  return members;
}

bool is_json(std::string_view name) { return name == kManifest || name == kTraceHeader; }

std::string* find(Members& members, std::string_view name) {
  const auto found = std::ranges::find(members, name, &Members::value_type::first);
  return found == members.end() ? nullptr : &found->second;
}

void change_member(Members& members, std::size_t most, Random& random) {
  std::size_t chosen = random.below(members.size());
  for (std::size_t i = 0; i < members.size() && random.one_in(2); ++i) {
    if (is_json(members[i].first)) chosen = i;
  }
  auto& [name, content] = members[chosen];
  content = is_json(name) ? mutate_json(content, most, random) : mutate_npy(content, most, random);
}

void change_list(Members& members, Random& random) {
  switch (random.below(4)) {
    case 0:
      members.erase(members.begin() + static_cast<std::ptrdiff_t>(random.below(members.size())));
      break;
    case 1:
      members.push_back(random.pick(members));
      if (!random.one_in(3)) members.back().first += "x";
      break;
    case 2:
      std::swap(random.pick(members).second, random.pick(members).second);
      break;
    default: {
      std::string& name = random.pick(members).first;
      name = mutate_blind(name, name.size() + 4);
    }
  }
}

// The manifest's list of tensors made to say what the members are, or the members made what the list says.
void repair_manifest(Members& members, std::size_t most, Random& random) {
  std::string* text = find(members, kManifest);
  if (text == nullptr) return;
  Json manifest = Json::parse(*text, nullptr, false);
  if (!manifest.is_object() || !manifest.contains("tensors") || !manifest["tensors"].is_object()) return;
  const bool keep_list = random.one_in(2);
  for (auto& [id, entry] : manifest["tensors"].items()) {
    std::string* content = find(members, "tensors/" + id + ".npy");
    if (content == nullptr || !entry.is_object()) continue;
    const auto header = package::read_npy_header(package::MemorySource(package::as_bytes(*content)), 8);
    if (!header.ok() || !header->type.dtype()) continue;
    if (keep_list && entry.contains("shape") && entry["shape"].is_array()) {
      Shape shape;
      std::size_t bytes = size_of(*header->type.dtype());
      for (const Json& extent : entry["shape"]) {
        const std::int64_t number = extent.is_number_integer() ? extent.get<std::int64_t>() : 0;
        if (number < 1 || bytes > most / static_cast<std::size_t>(number)) return;
        bytes *= static_cast<std::size_t>(number);
        shape.push_back(number);
      }
      if (shape.size() > 8) return;
      std::string data = content->substr(header->data_offset);
      if (data.empty()) data = "\1";
      const std::string once = data;
      while (data.size() < bytes) data += once;
      data.resize(bytes);
      *content = package::npy_header(*header->type.dtype(), shape) + data;
    } else {
      entry["shape"] = header->shape;
      entry["dtype"] = std::string(name(*header->type.dtype()));
    }
    entry["sha256"] = package::sha256(package::as_bytes(*content));
  }
  *text = manifest.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// One field of one header, or of the end, is made wrong.
void spoil(test::ZipFile& archive, Random& random) {
  test::ZipPart& part = random.pick(archive.parts);
  test::ZipHeader& header = random.one_in(2) ? part.local : part.central;
  const auto number = static_cast<std::uint32_t>(random.integer());
  switch (random.below(12)) {
    case 0:
      header.flags = static_cast<std::uint16_t>(number);
      break;
    case 1:
      header.method = static_cast<std::uint16_t>(number);
      break;
    case 2:
      header.size = number;
      break;
    case 3:
      header.stored_size = number;
      break;
    case 4:
      header.crc ^= number;
      break;
    case 5:
      header.extra = mutate_blind(header.extra, 40);
      break;
    case 6:
      part.local.extra = part.central.extra = test::field(std::uint16_t{1}) + test::field(std::uint16_t{16}) +
                                              test::field(std::uint64_t{part.data.size()}) +
                                              test::field(std::uint64_t{number});
      part.central.size = part.central.stored_size = 0xffffffff;
      break;
    case 7:
      part.offset = number;
      break;
    case 8:
      archive.entries = static_cast<std::uint16_t>(number);
      break;
    case 9:
      archive.directory_size = number;
      break;
    case 10:
      archive.directory_offset = number;
      break;
    default:
      archive.comment = std::string(random.below(30), 'P');
  }
}

}  // namespace

std::string mutate_zip(std::string_view text, std::size_t most, Random& random) {
  Members members = read_members(text);
  if (members.empty() || random.one_in(32)) return mutate_blind(std::string(text), most);
  if (random.one_in(8)) {
    change_list(members, random);
  } else {
    change_member(members, most, random);
  }
  if (members.empty()) return mutate_blind(std::string(text), most);
  if (!random.one_in(16)) repair_manifest(members, most, random);
  test::ZipFile archive;
  for (auto& [name, content] : members) archive.parts.emplace_back(name, content);
  archive.zip64 = random.one_in(16);
  if (random.one_in(16)) spoil(archive, random);
  const std::string changed = archive.bytes();
  return changed.size() <= most ? changed : mutate_blind(std::string(text), most);
}

}  // namespace witin::fuzz
