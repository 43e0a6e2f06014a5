// witin::load_package: directory, manifest, listing, then every tensor's header, CRC and digest.
//
// A large file is first judged by its directory and manifest alone, so that nothing is allocated for what would be
// refused anyway; then the file is read once and everything is checked on that copy, which cannot change any more.
#include "sim/package/load.hpp"

#include <sys/mman.h>

#include <new>

#include "sim/guard.hpp"
#include "sim/package/byte_source.hpp"
#include "sim/package/bytes.hpp"
#include "sim/package/limits.hpp"
#include "sim/package/manifest.hpp"
#include "sim/package/npy.hpp"
#include "sim/package/sums.hpp"
#include "sim/package/zip_reader.hpp"

namespace witin {
namespace package {
namespace {

struct Plan {
  Manifest manifest;
  ZipDirectory directory;
};

// Members and entries must be the same set.
Status check_listing(const Plan& plan) {
  std::map<std::string, const Tensor*, std::less<>> listed;
  for (const Tensor& tensor : plan.manifest.package.tensors) {
    const std::string member = tensor_member(tensor.id);
    listed.emplace(member, &tensor);
    if (!plan.directory.contains(member)) {
      return Error{"package.missing_member",   "a tensor of the manifest has no member", member, "", "",
                   "the package is incomplete"};
    }
  }
  for (const auto& [name, member] : plan.directory) {
    if (name == kManifestMember || listed.contains(name)) continue;
    return Error{"package.unlisted_member",
                 "a member is not in the manifest's list of tensors",
                 name,
                 "manifest.json and tensors/ID.npy as listed",
                 "",
                 ""};
  }
  return {};
}

Result<Plan> make_plan(const ByteSource& file) {
  Result<ZipDirectory> directory = read_zip_directory(file, {.max_members = limits::kTensors + 1, .ignore_case = true});
  if (!directory) return std::move(directory).error();
  const auto found = directory->find(kManifestMember);
  if (found == directory->end()) {
    return Error{"package.missing_member",     "the archive has no manifest", std::string(kManifestMember), "", "",
                 "this is not a model package"};
  }
  const ZipMember& member = found->second;
  if (member.size > limits::kJsonBytes) {
    return Error{"json.too_large",
                 "the file is too large",
                 std::string(kManifestMember),
                 "at most " + std::to_string(limits::kJsonBytes) + " bytes",
                 std::to_string(member.size) + " bytes",
                 ""};
  }
  std::string text(static_cast<std::size_t>(member.size), '\0');
  if (Status status = file.read(member.data_offset, std::as_writable_bytes(std::span(text))); !status) {
    return std::move(status).error();
  }
  if (const std::uint32_t crc = crc32(as_bytes(text)); crc != member.crc) {
    return crc_mismatch(kManifestMember, member.crc, crc);
  }
  Result<Manifest> manifest = read_manifest(text);
  if (!manifest) return std::move(manifest).error();
  Plan plan{std::move(manifest).value(), std::move(directory).value()};
  if (Status status = check_listing(plan); !status) return std::move(status).error();
  return plan;
}

Status load_tensor(std::span<const std::byte> bytes, const ZipMember& member, const std::string& digest,
                   const Sums& sums, Tensor& tensor) {
  const std::string name = tensor_member(tensor.id);
  if (sums.crc32 != member.crc) return crc_mismatch(name, member.crc, sums.crc32);
  if (const std::string found = hex(sums.sha256); found != digest) {
    return Error{"package.sha256",
                 "a tensor is not the one that the manifest names",
                 name,
                 digest,
                 found,
                 "the package was changed after it was written"};
  }
  Result<NpyHeader> header = read_npy_header(MemorySource(bytes), limits::kRank);
  if (!header) return std::move(header).error().within(name);
  if (header->type.dtype() != tensor.dtype) {
    return Error{"package.dtype",
                 "the member's dtype is not the manifest's",
                 name,
                 std::string(witin::name(tensor.dtype)),
                 header->type.name(),
                 ""};
  }
  if (header->shape != tensor.shape) {
    return Error{"package.shape",
                 "the member's shape is not the manifest's",
                 name,
                 to_string(tensor.shape),
                 to_string(header->shape),
                 ""};
  }
  tensor.bytes = bytes.subspan(static_cast<std::size_t>(header->data_offset));
  return {};
}

// Memory for a file's bytes: tensors that a writer aligned in the file are aligned here, and a large file lies in
// large pages, which cost less to get than to fill.
std::shared_ptr<std::byte> take_image(std::size_t size) {
  constexpr std::size_t kLargePage = std::size_t{2} << 20;
  const bool large = size >= kLargePage / 2;
  const std::align_val_t alignment{large ? kLargePage : 64};
  const std::size_t whole = large ? (size + kLargePage - 1) / kLargePage * kLargePage : size;
  auto* const bytes = static_cast<std::byte*>(::operator new[](whole, alignment));
  if (large) ::madvise(bytes, whole, MADV_HUGEPAGE);  // a wish
  return {bytes, [alignment](std::byte* pointer) { ::operator delete[](pointer, alignment); }};
}

}  // namespace

Result<Package> parse_package(std::span<const std::byte> bytes, std::shared_ptr<const void> storage) {
  Result<Plan> plan = make_plan(MemorySource(bytes));
  if (!plan) return std::move(plan).error();
  Package& package = plan->manifest.package;
  std::vector<const ZipMember*> members;
  std::vector<std::span<const std::byte>> contents;
  for (const Tensor& tensor : package.tensors) {
    const ZipMember& member = *members.emplace_back(&plan->directory.find(tensor_member(tensor.id))->second);
    contents.push_back(
        bytes.subspan(static_cast<std::size_t>(member.data_offset), static_cast<std::size_t>(member.size)));
  }
  const std::vector<Sums> sums = sums_of(contents);
  for (std::size_t i = 0; i < package.tensors.size(); ++i) {
    Status loaded = load_tensor(contents[i], *members[i], plan->manifest.digests[i], sums[i], package.tensors[i]);
    if (!loaded) return std::move(loaded).error();
  }
  package.file = bytes;
  package.storage = std::move(storage);
  return std::move(package);
}

Result<Package> read_package(const ByteSource& file) {
  if (file.size() > limits::kImageProbeBytes) {
    if (Result<Plan> plan = make_plan(file); !plan) return std::move(plan).error();
  }
  const auto size = static_cast<std::size_t>(file.size());
  const std::shared_ptr<std::byte> image = take_image(size);
  const std::span<std::byte> bytes(image.get(), size);
  if (Status status = file.read(0, bytes); !status) return std::move(status).error();
  return parse_package(bytes, image);
}

}  // namespace package

std::string Package::sha256() const { return file.empty() ? std::string() : package::sha256(file); }

Result<Package> load_package(const std::filesystem::path& path) {
  return guarded(path.native(), [&]() -> Result<Package> {
    const Result<package::File> file = package::File::open(path);
    if (!file) return Error(file.error()).within(path.string());
    Result<Package> package = package::read_package(*file);
    if (package) return package;
    Error error = std::move(package).error().within(path.string());
    if (error.code == "zip.not_a_zip" && path.extension() == ".npy") error.hint = "the package comes before the input";
    return error;
  });
}

}  // namespace witin
