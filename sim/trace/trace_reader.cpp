// witin::Trace: fields by name, whatever container they lie in.
#include <algorithm>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>

#include "sim/guard.hpp"
#include "sim/package/bytes.hpp"
#include "sim/package/digest.hpp"
#include "sim/package/limits.hpp"
#include "sim/package/npy.hpp"
#include "sim/package/zip_reader.hpp"
#include "sim/trace/crc_runs.hpp"
#include "sim/trace/trace_header.hpp"

namespace witin {

using package::ByteSource;
using package::File;
using package::NpyHeader;
using package::Section;
using package::ZipDirectory;
using package::ZipMember;
namespace limits = package::limits;

namespace {

// One npy: a member of the open archive, or a file that is opened when it is read (a directory may hold more files than
// a process may have open).
struct Place {
  std::string member;
  ZipMember zip = {};               // in an archive
  std::filesystem::path file = {};  // in a directory
  std::uint64_t data_offset = 0;    // inside the npy
  std::uint64_t frame_bytes = 0;
  std::uint64_t bytes = 0;  // of the array
  bool crc_checked = false;
  trace::CrcRuns crc_runs = {};  // of read_once
};

using Members = std::map<std::string, Place, std::less<>>;

Error shape_error(const std::string& member, std::string expected, const Shape& found) {
  return Error{"trace.shape",    "an array has another shape than the trace says",
               member,           std::move(expected),
               to_string(found), ""};
}

// The files of a directory as members; their names are relative to it.
Result<Members> list_directory(const std::filesystem::path& root) {
  Members members;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator it(root, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() != ".npy") continue;
    if (members.size() == limits::kMembers) {
      return Error{"trace.too_many_members",
                   "the directory holds too many arrays",
                   "",
                   "at most " + std::to_string(limits::kMembers),
                   "more",
                   ""};
    }
    Place place{.member = it->path().lexically_relative(root).generic_string()};
    place.file = it->path();
    members.emplace(place.member, std::move(place));
  }
  if (error) return Error{"file.open", "the directory cannot be read", "", "", error.message(), ""};
  return members;
}

}  // namespace

struct Trace::Impl {
  TraceInfo info;
  std::optional<File> archive;
  mutable std::mutex mutex;  // of crc_checked and crc_runs
  mutable std::vector<std::vector<Place>> places;

  // Calls `use` with the npy of a place.
  template <typename Use>
  auto with_npy(const Place& place, Use&& use) const -> decltype(use(std::declval<const ByteSource&>())) {
    if (archive) return use(Section(*archive, place.zip.data_offset, place.zip.size));
    Result<File> file = File::open(place.file);
    if (!file) return std::move(file).error();
    return use(*file);
  }

  Result<NpyHeader> header(const Place& place) const {
    auto read = [](const ByteSource& npy) { return package::read_npy_header(npy, limits::kRank + 1); };
    Result<NpyHeader> header = with_npy(place, read);
    if (!header) return std::move(header).error().within(place.member);
    if (!header->type.dtype()) {
      return Error{"npy.dtype",         "this dtype is not allowed",
                   place.member,        "int8 to int64, uint8 or uint16",
                   header->type.name(), ""};
    }
    return header;
  }

  // Binds the fields that trace.json lists to members: neither side may have more.
  Status bind_listed(Members members) {
    for (TraceNode& node : info.nodes) {
      std::vector<Place>& bound = places.emplace_back();
      for (TraceField& field : node.fields) {
        const std::string member = trace::field_member(node.name, field.name);
        const auto found = members.find(member);
        if (found == members.end()) {
          return Error{"trace.missing_member", "a field of the trace has no member", member, "", "", ""};
        }
        Result<NpyHeader> header = this->header(found->second);
        if (!header) return std::move(header).error();
        const std::string frames = "[" + std::to_string(info.frames) + "]";
        if (header->shape.empty() || header->shape.front() != info.frames) {
          return shape_error(member, frames + " and the shape of a frame", header->shape);
        }
        describe(field, *header);
        if (field.name == "npu_y" && field.shape != node.shape) {
          return shape_error(member, frames + " and " + to_string(node.shape), header->shape);
        }
        bound.push_back(place_of(std::move(found->second), field, *header));
        members.erase(found);
      }
    }
    if (members.empty()) return {};
    return Error{"trace.unlisted_member", "a member is not a field of the trace", members.begin()->first, "", "", ""};
  }

  // Makes nodes and fields from the names of members.
  Status bind_found(const Members& members) {
    std::map<std::string, std::vector<std::pair<TraceField, Place>>> nodes;
    bool first = true;
    for (const auto& [member, place] : members) {
      Result<NpyHeader> header = this->header(place);
      if (!header) return std::move(header).error();
      if (header->shape.empty()) return shape_error(member, "[frames, ...]", header->shape);
      if (!std::exchange(first, false) && header->shape.front() != info.frames) {
        return Error{"trace.frames",
                     "arrays have different numbers of frames",
                     member,
                     std::to_string(info.frames),
                     std::to_string(header->shape.front()),
                     ""};
      }
      info.frames = header->shape.front();
      const std::string_view path = std::string_view{member}.substr(0, member.size() - 4);
      const std::size_t slash = path.rfind('/');
      const bool has_field = slash != std::string_view::npos;
      TraceField field{.name = std::string(has_field ? path.substr(slash + 1) : "npu_y")};
      describe(field, *header);
      Place placed = place_of(place, field, *header);
      nodes[std::string(path.substr(0, slash))].emplace_back(std::move(field), std::move(placed));
    }
    for (auto& [name, fields] : nodes) {
      TraceNode node{.name = name};
      std::vector<Place>& bound = places.emplace_back();
      for (auto& [field, place] : fields) {
        if (field.name == "npu_y") node.shape = field.shape;
        if (std::ranges::find(node.fields, field.name, &TraceField::name) != node.fields.end()) {
          return Error{"trace.duplicate_name", "two arrays are the same field", place.member, "", "", ""};
        }
        node.fields.push_back(std::move(field));
        bound.push_back(std::move(place));
      }
      info.nodes.push_back(std::move(node));
    }
    if (info.nodes.empty()) return Error{"trace.empty", "there are no arrays to read", "", "", "", ""};
    return {};
  }

  static void describe(TraceField& field, const NpyHeader& header) {
    field.dtype = *header.type.dtype();
    field.shape.assign(header.shape.begin() + 1, header.shape.end());
  }

  static Place place_of(Place place, const TraceField& field, const NpyHeader& header) {
    place.data_offset = header.data_offset;
    // Extents may be 0; otherwise the product is below 2^63 as the header was checked against the data.
    place.frame_bytes = static_cast<std::uint64_t>(element_count(field.shape)) * size_of(field.dtype);
    place.bytes = place.frame_bytes * static_cast<std::uint64_t>(header.shape.front());
    return place;
  }

  Status open_archive(const std::filesystem::path& path) {
    Result<File> file = File::open(path);
    if (!file) return std::move(file).error();
    archive = std::move(file).value();
    Result<ZipDirectory> directory = package::read_zip_directory(*archive, {.max_members = limits::kMembers});
    if (!directory) return std::move(directory).error();
    Members members;
    for (const auto& [name, member] : *directory) {
      if (name != trace::kHeaderMember) members.emplace(name, Place{.member = name, .zip = member});
    }
    const auto found = directory->find(trace::kHeaderMember);
    if (found != directory->end()) {
      if (Status status = read_header(found->second); !status) return status;
      return bind_listed(std::move(members));
    }
    for (const auto& [name, place] : members) {
      if (!name.ends_with(".npy")) {
        return Error{"trace.unlisted_member", "a member is not an array", name, "NODE/FIELD.npy", "", ""};
      }
    }
    return bind_found(members);
  }

  Status read_header(const ZipMember& member) {
    if (member.size > limits::kJsonBytes) {
      return Error{"json.too_large",
                   "the file is too large",
                   std::string(trace::kHeaderMember),
                   "at most " + std::to_string(limits::kJsonBytes) + " bytes",
                   std::to_string(member.size) + " bytes",
                   ""};
    }
    if (Status status = package::check_crc(*archive, trace::kHeaderMember, member); !status) return status;
    std::string text(static_cast<std::size_t>(member.size), '\0');
    if (Status status = archive->read(member.data_offset, std::as_writable_bytes(std::span(text))); !status) {
      return status;
    }
    Result<TraceInfo> parsed = trace::read_header(text);
    if (!parsed) return std::move(parsed).error();
    info = std::move(parsed).value();
    return {};
  }

  Status open_array(const std::filesystem::path& path) {
    Place place{.member = path.stem().string() + ".npy"};
    place.file = path;
    Members members;
    members.emplace(place.member, std::move(place));
    return bind_found(members);
  }

  Status open_directory(const std::filesystem::path& path) {
    Result<Members> members = list_directory(path);
    if (!members) return std::move(members).error();
    return bind_found(members.value());
  }

  Status check_once(Place& place) const {
    if (!archive) return {};
    const std::lock_guard lock(mutex);
    if (place.crc_checked) return {};
    if (Status status = package::check_crc(*archive, place.member, place.zip); !status) return status;
    place.crc_checked = true;
    return {};
  }

  // After bytes [offset, offset + part.size()) of the array were read. An array without values is whole at once: its
  // header can be damaged too.
  Status add_crc(Place& place, std::uint64_t offset, std::span<const std::byte> part) const {
    if (!archive) return {};
    const std::uint32_t crc = package::crc32(part);
    {
      const std::lock_guard lock(mutex);
      if (place.crc_checked) return {};
      if (place.crc_runs.add(offset, part.size(), crc)) return check_runs(place);
    }
    return check_once(place);  // read before: by a reader that stopped, or that was told of a wrong CRC
  }

  // Under the mutex.
  Status check_runs(Place& place) const {
    const std::optional<std::uint32_t> whole = place.crc_runs.whole(place.bytes);
    if (!whole) return {};
    std::vector<std::byte> header(static_cast<std::size_t>(place.data_offset));
    if (Status status = archive->read(place.zip.data_offset, header); !status) return status;
    const std::uint32_t found = trace::combine_crc(package::crc32(header), *whole, place.bytes);
    if (found != place.zip.crc) return package::crc_mismatch(place.member, place.zip.crc, found);
    place.crc_checked = true;
    return {};
  }

  // `after_reading` gets the place and the offset of the frames in the array.
  template <typename Before, typename After>
  Status read(std::size_t node, std::size_t field, std::int64_t first, std::int64_t count, std::span<std::byte> out,
              Before&& before_reading, After&& after_reading) const {
    return guarded("", [&]() -> Status {
      Place& place = places[node][field];
      const std::int64_t frames = info.frames;
      if (first < 0 || count < 0 || first > frames || count > frames - first ||
          out.size() != static_cast<std::uint64_t>(count) * place.frame_bytes) {
        return Error{"internal.frames", "frames outside the trace were asked for", place.member, "", "", ""};
      }
      if (Status status = before_reading(place); !status) return status;
      const std::uint64_t offset = static_cast<std::uint64_t>(first) * place.frame_bytes;
      Status status = with_npy(place, [&](const ByteSource& npy) { return npy.read(place.data_offset + offset, out); });
      if (!status) return std::move(status).error().within(place.member);
      return after_reading(place, offset);
    });
  }
};

Trace::Trace(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Result<Trace> Trace::open(const std::filesystem::path& path) {
  return guarded(path.native(), [&]() -> Result<Trace> {
    auto impl = std::make_shared<Impl>();
    std::error_code error;
    const bool is_directory = std::filesystem::is_directory(path, error);
    Status status = is_directory                 ? impl->open_directory(path)
                    : path.extension() == ".npy" ? impl->open_array(path)
                                                 : impl->open_archive(path);
    if (!status) return std::move(status).error().within(path.string());
    return Trace(std::move(impl));
  });
}

const TraceInfo& Trace::info() const { return impl_->info; }

Status Trace::read(std::size_t node, std::size_t field, std::int64_t first, std::int64_t count,
                   std::span<std::byte> out) const {
  return impl_->read(
      node, field, first, count, out, [this](Place& place) { return impl_->check_once(place); },
      [](Place&, std::uint64_t) { return Status{}; });
}

Status Trace::read_once(std::size_t node, std::size_t field, std::int64_t first, std::int64_t count,
                        std::span<std::byte> out) const {
  return impl_->read(
      node, field, first, count, out, [](Place&) { return Status{}; },
      [this, out](Place& place, std::uint64_t offset) { return impl_->add_crc(place, offset, out); });
}

}  // namespace witin
