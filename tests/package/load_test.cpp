// Whole packages: what loads, and everything that stands between an archive and its tensors.
#include "sim/package/load.hpp"

#include <doctest/doctest.h>

#include <cstring>

#include "sim/package/limits.hpp"
#include "tests/support/package_builder.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using namespace witin;
using test::npy;
using test::PackageBuilder;
using test::ZipFile;

template <typename Edit>
std::string after(Edit edit) {
  PackageBuilder builder;
  edit(builder);
  const auto package = builder.load();
  return package.ok() ? "" : package.error().code + " " + package.error().where;
}

template <typename Edit>
std::string after_zip(Edit edit) {
  return after([&](PackageBuilder& builder) { builder.edit_zip = edit; });
}

void set_crc(test::ZipPart& part) { part.local.crc = part.central.crc = package::crc32(package::as_bytes(part.data)); }

// Everything a run could depend on, except the digest of the file.
std::string content(const Package& package) {
  std::string out = package.name + package.description + package.producer;
  for (const Input& input : package.inputs) out += input.name + to_string(input.shape) + std::to_string(input.bits);
  for (const Node& node : package.nodes) {
    out += node.name + node.op;
    for (const auto& [role, index] : node.tensors) out += role + std::to_string(index);
    for (const auto& [key, value] : node.attributes) out += key + std::to_string(value.index());
  }
  for (const Tensor& tensor : package.tensors) {
    out += tensor.id + to_string(tensor.shape);
    out += std::string(package::as_text(tensor.bytes));
  }
  return out;
}

}  // namespace

TEST_CASE("a package loads with its tensors' bytes and its digest") {
  const test::TempDir dir;
  const PackageBuilder builder;
  test::write_text(dir / "small.wpkg", builder.bytes());
  const auto package = load_package(dir / "small.wpkg");
  REQUIRE_MESSAGE(package.ok(), package.error().line());
  CHECK(package->sha256() == package::sha256(package::as_bytes(builder.bytes())));
  const Tensor& weight = package->tensors[package->nodes[0].tensors.at("weight")];
  CHECK(weight.dtype == DType::kI8);
  CHECK(weight.shape == Shape{2, 3});
  CHECK(package::as_text(weight.bytes) == "\x01\x02\x03\xff\xfe\xfd");
  const Tensor& bias = package->tensors[package->nodes[0].tensors.at("bias")];
  std::int32_t values[3];
  REQUIRE(bias.bytes.size() == sizeof(values));
  std::memcpy(values, bias.bytes.data(), sizeof(values));
  CHECK(values[0] == 128);
  CHECK(values[1] == 0);
  CHECK(values[2] == -128);
}

// A file that shrinks, or fails, after so many reads.
class FailingSource final : public package::ByteSource {
 public:
  FailingSource(std::string_view bytes, int reads) : bytes_(package::as_bytes(bytes)), reads_(reads) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  [[nodiscard]] Status read(std::uint64_t offset, std::span<std::byte> out) const override {
    if (reads_-- <= 0) return Error{"file.changed", "the file ended while it was read", "", "", "", ""};
    return bytes_.read(offset, out);
  }

 private:
  package::MemorySource bytes_;
  mutable int reads_;  // that succeed
};

TEST_CASE("a large package whose file fails at any of its reads is an error") {
  PackageBuilder builder;
  const auto size = static_cast<std::int64_t>(package::limits::kImageProbeBytes);
  builder.tensors["large"] = npy(DType::kI8, {size}, std::string(package::limits::kImageProbeBytes, 'x'));
  builder.manifest["tensors"]["large"] = {{"dtype", "int8"}, {"shape", {size}}};
  builder.manifest["nodes"][0]["tensors"]["large"] = "large";
  const std::string bytes = builder.bytes();
  int reads = 0;
  for (;; ++reads) {
    const auto package = package::read_package(FailingSource(bytes, reads));
    if (package.ok()) break;
    CHECK(package.error().code == "file.changed");
  }
  CHECK(reads > 10);
}

TEST_CASE("known digests") {
  CHECK(package::sha256(std::span<const std::byte>()) ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(package::sha256(package::as_bytes("abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(package::crc32(package::as_bytes("123456789")) == 0xcbf43926);
  CHECK(package::crc32(package::as_bytes("6789"), package::crc32(package::as_bytes("12345"))) == 0xcbf43926);
}

TEST_CASE("a large package loads as a small one does, and its digest is of the whole file") {
  PackageBuilder builder;
  const std::size_t size = package::limits::kImageProbeBytes + 1000;
  builder.tensors["w"] = npy(DType::kI8, {static_cast<std::int64_t>(size)}, std::string(size, 'w'));
  builder.manifest["tensors"]["w"]["shape"] = {size};
  const test::TempDir dir;
  const std::string bytes = builder.bytes();
  test::write_text(dir / "large.wpkg", bytes);
  const auto package = load_package(dir / "large.wpkg");
  REQUIRE_MESSAGE(package.ok(), package.error().line());
  CHECK(package->sha256() == package::sha256(package::as_bytes(bytes)));
  CHECK(package::as_text(package->tensors[0].bytes) == std::string(size, 'w'));
}

TEST_CASE("files that cannot be read") {
  const test::TempDir dir;
  const auto missing = load_package(dir / "none.wpkg");
  CHECK(missing.error().code == "file.open");
  CHECK(missing.error().where == (dir / "none.wpkg").string());
  CHECK(load_package(dir.path()).error().code == "file.not_regular");
  CHECK(load_package("/dev/null").error().code == "file.not_regular");
  test::write_text(dir / "empty.wpkg", "");
  CHECK(load_package(dir / "empty.wpkg").error().code == "zip.not_a_zip");
}

TEST_CASE("missing, unlisted and oddly named members") {
  CHECK(after_zip([](ZipFile& zip) { zip.parts.erase(zip.parts.begin()); }) == "package.missing_member manifest.json");
  CHECK(after_zip([](ZipFile& zip) { zip.parts.pop_back(); }) == "package.missing_member tensors/w.npy");
  CHECK(after_zip([](ZipFile& zip) { zip.parts.emplace_back("tensors/more.npy", "x"); }) ==
        "package.unlisted_member tensors/more.npy");
  CHECK(after_zip([](ZipFile& zip) { zip.parts.emplace_back("README", "x"); }) == "package.unlisted_member README");
  CHECK(after_zip([](ZipFile& zip) { zip.parts.emplace_back("../../etc/passwd", "x"); }).starts_with("zip.name"));
  CHECK(after_zip([](ZipFile& zip) { zip.parts.emplace_back("/etc/passwd", "x"); }) ==
        "package.unlisted_member /etc/passwd");
  CHECK(after_zip([](ZipFile& zip) { zip.parts.push_back(zip["tensors/w.npy"]); }) ==
        "zip.duplicate_member tensors/w.npy");
  CHECK(after_zip([](ZipFile& zip) { zip.parts.emplace_back("tensors/W.npy", "x"); }) ==
        "zip.duplicate_member tensors/W.npy");
  CHECK(after_zip([](ZipFile& zip) { zip.parts.emplace_back("Manifest.JSON", "{}"); }) ==
        "zip.duplicate_member Manifest.JSON");
  CHECK(after([](PackageBuilder& builder) {  // two ids that differ only in case
          builder.tensors["W"] = builder.tensors["w"];
          builder.manifest["tensors"]["W"] = builder.manifest["tensors"]["w"];
          builder.manifest["nodes"][0]["tensors"]["other"] = "W";
        })
            .starts_with("zip.duplicate_member"));
}

TEST_CASE("members that are damaged, swapped or not what the manifest says") {
  CHECK(after_zip([](ZipFile& zip) { zip["tensors/w.npy"].data.back() ^= 1; }) == "zip.crc tensors/w.npy");
  CHECK(after_zip([](ZipFile& zip) { zip["manifest.json"].data.front() ^= 1; }) == "zip.crc manifest.json");
  CHECK(after_zip([](ZipFile& zip) {
          zip["tensors/w.npy"].data.back() ^= 1;
          set_crc(zip["tensors/w.npy"]);
        }) == "package.sha256 tensors/w.npy");
  CHECK(after([](PackageBuilder& builder) { builder.manifest["tensors"]["w"]["sha256"] = std::string(64, '0'); }) ==
        "package.sha256 tensors/w.npy");
  CHECK(after([](PackageBuilder& builder) { builder.manifest["tensors"]["w"]["dtype"] = "uint8"; }) ==
        "package.dtype tensors/w.npy");
  CHECK(after([](PackageBuilder& builder) {
          builder.manifest["tensors"]["w"]["shape"] = {3, 2};
        }) == "package.shape tensors/w.npy");
  CHECK(after([](PackageBuilder& builder) { builder.manifest["tensors"]["w"]["shape"] = {6}; }) ==
        "package.shape tensors/w.npy");
  const auto tensor = [](std::string bytes) {
    return after([&](PackageBuilder& builder) { builder.tensors["w"] = std::move(bytes); });
  };
  CHECK(tensor("not an npy") == "npy.magic tensors/w.npy");
  CHECK(tensor(npy(DType::kI8, {2, 3}, "12345")) == "npy.length tensors/w.npy");
  CHECK(tensor(npy(DType::kI8, {2, 3}, "1234567")) == "npy.length tensors/w.npy");
  CHECK(tensor(npy(DType::kI8, {1, 1, 1, 1, 1, 1, 1, 2, 3}, "123456")) == "npy.rank tensors/w.npy");
  std::string fortran = npy(DType::kI8, {2, 3}, "123456");
  fortran.replace(fortran.find("False"), 5, "True ");
  CHECK(tensor(fortran) == "npy.order tensors/w.npy");
  std::string big = npy(DType::kI16, {3}, "123456");
  big.replace(big.find("<i2"), 3, ">i2");
  CHECK(tensor(big) == "npy.dtype tensors/w.npy");
  std::string wide = npy(DType::kI8, {2, 3}, "123456");
  wide.replace(wide.find("|i1"), 3, "<u4");
  CHECK(tensor(wide) == "npy.length tensors/w.npy");
  std::string other = npy(DType::kI32, {2, 3}, std::string(24, 'x'));  // a dtype that inputs may have, but no tensor
  other.replace(other.find("<i4"), 3, "<u4");
  CHECK(tensor(other) == "package.dtype tensors/w.npy");
}

TEST_CASE("a manifest that is too large is not read") {
  PackageBuilder builder;
  builder.edit_text = [](std::string& text) { text.resize(package::limits::kJsonBytes, ' '); };
  CHECK(builder.load().ok());
  builder.edit_text = [](std::string& text) { text.resize(package::limits::kJsonBytes + 1, ' '); };
  CHECK(builder.load().error().code == "json.too_large");
}

TEST_CASE("a package that is cut off at any byte is refused") {
  const std::string bytes = PackageBuilder().bytes();
  REQUIRE(PackageBuilder::load(bytes).ok());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    INFO(length);
    CHECK(!PackageBuilder::load(bytes.substr(0, length)).ok());
  }
}

TEST_CASE("a flipped bit anywhere is refused, or changes nothing but the file's digest") {
  PackageBuilder builder;
  builder.edit_zip = [](ZipFile& zip) { zip.comment = "comment"; };
  const std::string bytes = builder.bytes();
  const auto whole = PackageBuilder::load(bytes);
  REQUIRE(whole.ok());
  const std::string expected = content(*whole);
  std::size_t accepted = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    const auto package = PackageBuilder::load(changed);
    if (!package.ok()) continue;
    ++accepted;
    INFO(bit);
    CHECK(content(*package) == expected);
    CHECK(package->sha256() != whole->sha256());
  }
  // Of each of the three members: versions (local 16 and central 32 bits, less the ones that ask for a newer reader),
  // internal and external attributes (48 bits, less file types); and the comment.
  CHECK(accepted < 3 * (16 + 32 + 48) + 7 * 8);
  CHECK(accepted > 0);
}
