#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "sim/package/limits.hpp"
#include "sim/package/npy.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/zip_builder.hpp"
#include "witin/input.hpp"

namespace {

using namespace witin;
using test::TempDir;
using test::write_text;

// An npy of any element type.
template <typename T>
std::string npy(std::string_view descr, const Shape& shape, const std::vector<T>& values) {
  std::string text = package::npy_header(DType::kU16, shape);
  text.replace(text.find("<u2"), 3, descr);
  text.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  return text;
}

Package one_input(Shape shape, int bits = 8, bool is_signed = false) {
  Package package;
  package.inputs.push_back({.name = "in", .shape = std::move(shape), .bits = bits, .is_signed = is_signed});
  return package;
}

Package two_inputs() {
  Package package = one_input({2});
  package.inputs.push_back({.name = "b/c", .shape = {}});
  return package;
}

struct Opened {
  std::unique_ptr<FrameSource> source;
  std::string error;  // code
};

Opened open(const Package& package, const std::vector<InputFile>& files, bool quantize = false) {
  auto source = open_inputs(package, files, {.quantize = quantize});
  if (!source) return {nullptr, source.error().code};
  return {std::move(source).value(), ""};
}

template <typename Code>
std::vector<Code> read(FrameSource& source, std::size_t input, std::int64_t first, std::int64_t count, Storage storage,
                       std::size_t elements) {
  std::vector<Code> codes(static_cast<std::size_t>(count) * elements);
  const Status status = source.read(input, first, count, storage, codes.data());
  REQUIRE_MESSAGE(status.ok(), status.error().line());
  return codes;
}

// Writes the values in one dtype and reads them in every storage that holds them.
template <typename T>
void check_dtype(std::string_view descr, int bits, bool is_signed, const std::vector<std::int32_t>& values) {
  const TempDir dir;
  const auto path = dir / "in.npy";
  const auto frames = static_cast<std::int64_t>(values.size()) / 2;
  write_text(path, npy<T>(descr, {frames, 2}, std::vector<T>(values.begin(), values.end())));
  const Package package = one_input({2}, bits, is_signed);
  const auto opened = open(package, {{"", path}});
  REQUIRE_MESSAGE(opened.source, opened.error);
  CHECK(opened.source->frames() == frames);
  const auto same = [&](const auto& codes) {
    CHECK(std::equal(codes.begin(), codes.end(), values.begin(), values.end(),
                     [](auto code, std::int32_t value) { return static_cast<std::int32_t>(code) == value; }));
  };
  const CodeRange range = package.inputs[0].range();
  same(read<std::int32_t>(*opened.source, 0, 0, frames, Storage::kS32, 2));
  if (signed_range(16).contains(range)) same(read<std::int16_t>(*opened.source, 0, 0, frames, Storage::kS16, 2));
  if (signed_range(8).contains(range)) same(read<std::int8_t>(*opened.source, 0, 0, frames, Storage::kS8, 2));
  if (unsigned_range(8).contains(range)) same(read<std::uint8_t>(*opened.source, 0, 0, frames, Storage::kU8, 2));
}

}  // namespace

TEST_CASE("every integer dtype gives the same codes in every storage") {
  const std::vector<std::int32_t> small{0, 1, 2, 127, 100, 3};
  const std::vector<std::int32_t> byte{0, 255, 128, 127, 1, 254};
  const std::vector<std::int32_t> negative{-128, 127, 0, -1, 1, -100};
  const std::vector<std::int32_t> wide{-32768, 32767, 0, -1, 1, 255};
  const std::vector<std::int32_t> tall{0, 65535, 32768, 32767, 1, 256};
  check_dtype<std::int8_t>("|i1", 8, false, small);
  check_dtype<std::int8_t>("|i1", 8, true, negative);
  check_dtype<std::uint8_t>("|u1", 8, false, byte);
  check_dtype<std::uint8_t>("|u1", 8, true, small);
  check_dtype<std::int16_t>("<i2", 8, false, byte);
  check_dtype<std::int16_t>("<i2", 16, true, wide);
  check_dtype<std::uint16_t>("<u2", 16, false, tall);
  check_dtype<std::uint16_t>("<u2", 16, true, byte);
  check_dtype<std::int32_t>("<i4", 16, true, wide);
  check_dtype<std::int32_t>("<i4", 16, false, tall);
  check_dtype<std::uint32_t>("<u4", 16, false, tall);
  check_dtype<std::int64_t>("<i8", 16, true, wide);
  check_dtype<std::int64_t>("<i8", 8, true, negative);
  check_dtype<std::uint64_t>("<u8", 16, false, tall);
}

TEST_CASE("frames are read in any part, across the reader's own blocks") {
  const std::int64_t frames = static_cast<std::int64_t>(package::limits::kBlockBytes) + 1000;
  const TempDir dir;
  std::vector<std::int16_t> values(static_cast<std::size_t>(frames) * 3);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int16_t>(i * 7919 % 256);
  write_text(dir / "in.npy", npy("<i2", {frames, 3}, values));
  const auto opened = open(one_input({3}), {{"in", dir / "in.npy"}});
  REQUIRE(opened.source);
  for (const auto& [first, count] :
       {std::pair<std::int64_t, std::int64_t>{0, frames}, {frames - 1, 1}, {17, 200'000}, {frames, 0}, {5, 0}}) {
    const auto codes = read<std::uint8_t>(*opened.source, 0, first, count, Storage::kU8, 3);
    CHECK(std::equal(codes.begin(), codes.end(), values.begin() + first * 3));
  }
  std::uint8_t code[3];
  CHECK(opened.source->read(0, frames, 1, Storage::kU8, code).error().code == "internal.frames");
  CHECK(opened.source->read(0, -1, 1, Storage::kU8, code).error().code == "internal.frames");
}

TEST_CASE("an array of the input's own rank is one frame, of one more axis several") {
  const TempDir dir;
  const auto frames = [&](const Shape& shape, const Shape& file) {
    const std::vector<std::uint8_t> values(static_cast<std::size_t>(element_count(file)));
    write_text(dir / "in.npy", npy("|u1", file, values));
    const auto opened = open(one_input(shape), {{"", dir / "in.npy"}});
    return opened.source ? std::to_string(opened.source->frames()) : opened.error;
  };
  CHECK(frames({5}, {5}) == "1");
  CHECK(frames({5}, {1, 5}) == "1");
  CHECK(frames({5}, {7, 5}) == "7");
  CHECK(frames({5}, {5, 5}) == "5");
  CHECK(frames({}, {}) == "1");
  CHECK(frames({}, {4}) == "4");
  CHECK(frames({2, 3}, {2, 3}) == "1");
  CHECK(frames({2, 3}, {9, 2, 3}) == "9");
  CHECK(frames({5}, {6}) == "input.shape");
  CHECK(frames({5}, {}) == "input.shape");
  CHECK(frames({5}, {2, 2, 5}) == "input.shape");
  CHECK(frames({2, 3}, {3, 2}) == "input.shape");
  CHECK(frames({2, 3}, {4, 6}) == "input.shape");
  CHECK(frames({5}, {0, 5}) == "input.empty");
  CHECK(frames({1, 1, 1, 1, 1, 1, 1, 1}, {2, 1, 1, 1, 1, 1, 1, 1, 1}) == "2");
}

TEST_CASE("a code out of range is an error with its place, never clipped") {
  const TempDir dir;
  const auto message = [&](int bits, bool is_signed, std::vector<std::int64_t> values) {
    write_text(dir / "in.npy", npy("<i8", {static_cast<std::int64_t>(values.size()) / 6, 2, 3}, values));
    Package package = one_input({2, 3}, bits, is_signed);
    const auto opened = open(package, {{"", dir / "in.npy"}});
    REQUIRE(opened.source);
    std::vector<std::int32_t> codes(values.size());
    const std::string line =
        opened.source->read(0, 0, opened.source->frames(), Storage::kS32, codes.data()).error().line();
    const std::string file = (dir / "in.npy").string() + ": ";
    REQUIRE(line.starts_with(file));
    return line.substr(file.size());
  };
  std::vector<std::int64_t> values(12);
  values[10] = 256;
  CHECK(message(8, false, values) ==
        "input 'in' frame 1 element [1, 1]: a code is out of range; expected 0..255, found 256 [input.range]");
  values[10] = -1;
  CHECK(message(8, false, values).ends_with("expected 0..255, found -1 [input.range]"));
  values[10] = 128;
  CHECK(message(8, true, values).ends_with("expected -128..127, found 128 [input.range]"));
  values[10] = -(std::int64_t{1} << 40);
  CHECK(message(16, true, values).ends_with("expected -32768..32767, found -1099511627776 [input.range]"));
  values[3] = 99;  // the first one is named
  CHECK(message(6, false, values).starts_with("input 'in' frame 0 element [1, 0]: "));

  Package package = one_input({1});
  package.inputs[0].neg_in = NegIn::kPn;
  write_text(dir / "in.npy", npy<std::int16_t>("<i2", {3, 1}, {-255, 255, -256}));
  const auto opened = open(package, {{"", dir / "in.npy"}});
  REQUIRE(opened.source);
  std::int16_t codes[3];
  CHECK(opened.source->read(0, 0, 2, Storage::kS16, codes).ok());
  CHECK(codes[0] == -255);
  CHECK(opened.source->read(0, 2, 1, Storage::kS16, codes)
            .error()
            .line()
            .ends_with("in.npy: input 'in' frame 2 element 0: a code is out of range; expected -255..255, found -256 "
                       "[input.range]"));
  write_text(dir / "in.npy", npy<std::uint64_t>("<u8", {1, 1}, {std::numeric_limits<std::uint64_t>::max()}));
  CHECK(open(package, {{"", dir / "in.npy"}}).source->read(0, 0, 1, Storage::kS16, codes).error().found ==
        "18446744073709551615");
}

TEST_CASE("several inputs: an archive, or a file for each") {
  const TempDir dir;
  const std::string in = npy<std::uint8_t>("|u1", {3, 2}, {1, 2, 3, 4, 5, 6});
  const std::string other = npy<std::uint8_t>("|u1", {3}, {7, 8, 9});
  write_text(dir / "in.npy", in);
  write_text(dir / "other.npy", other);
  write_text(dir / "short.npy", npy<std::uint8_t>("|u1", {2}, {7, 8}));
  test::ZipFile archive;
  archive.parts.emplace_back("b/c.npy", other);
  archive.parts.emplace_back("in.npy", in);
  write_text(dir / "both.npz", archive.bytes());

  const Package package = two_inputs();
  for (const auto& files : {std::vector<InputFile>{{"", dir / "both.npz"}},
                            std::vector<InputFile>{{"b/c", dir / "other.npy"}, {"in", dir / "in.npy"}},
                            std::vector<InputFile>{{"b/c", dir / "both.npz"}, {"in", dir / "in.npy"}}}) {
    const auto opened = open(package, files);
    REQUIRE_MESSAGE(opened.source, opened.error);
    CHECK(opened.source->frames() == 3);
    CHECK(read<std::uint8_t>(*opened.source, 0, 1, 2, Storage::kU8, 2) == std::vector<std::uint8_t>{3, 4, 5, 6});
    CHECK(read<std::uint8_t>(*opened.source, 1, 1, 2, Storage::kU8, 1) == std::vector<std::uint8_t>{8, 9});
  }
  CHECK(open(package, {}).error == "input.missing");
  CHECK(open(package, {{"in", dir / "in.npy"}}).error == "input.missing");
  CHECK(open(package, {{"", dir / "in.npy"}}).error == "input.ambiguous");
  CHECK(open(package, {{"nowhere", dir / "in.npy"}}).error == "input.unknown");
  CHECK(open(package, {{"in", dir / "in.npy"}, {"in", dir / "in.npy"}}).error == "input.duplicate");
  CHECK(open(package, {{"in", dir / "in.npy"}, {"", dir / "both.npz"}}).error == "input.duplicate");
  CHECK(open(package, {{"in", dir / "in.npy"}, {"b/c", dir / "short.npy"}}).error == "input.frames");
  CHECK(open(one_input({2}), {{"", dir / "both.npz"}}).error == "input.unknown");
  CHECK(open(one_input({2}), {{"in", dir / "both.npz"}}).error == "");
  CHECK(open(Package{}, {}).error == "input.unknown");

  archive.parts.erase(archive.parts.begin());
  write_text(dir / "one.npz", archive.bytes());
  CHECK(open(package, {{"", dir / "one.npz"}}).error == "input.missing");
  CHECK(open(package, {{"b/c", dir / "one.npz"}}).error == "input.missing");
  CHECK(open(one_input({2}), {{"", dir / "one.npz"}}).error == "");
  archive.parts[0].data.back() ^= 1;
  write_text(dir / "damaged.npz", archive.bytes());
  CHECK(open(one_input({2}), {{"", dir / "damaged.npz"}}).error == "zip.crc");
  archive.parts[0].local.method = archive.parts[0].central.method = 8;
  write_text(dir / "compressed.npz", archive.bytes());
  const auto error = open_inputs(one_input({2}), std::vector<InputFile>{{"", dir / "compressed.npz"}}).error();
  CHECK(error.line() == (dir / "compressed.npz").string() +
                            ": in.npy: a member is compressed; expected method 0 (stored), found method 8 (write it "
                            "with zip -0 or numpy.savez) [zip.compressed]");
}

TEST_CASE("files that are no input") {
  const TempDir dir;
  const Package package = one_input({2});
  const auto error = [&](const std::string& text) {
    write_text(dir / "in.npy", text);
    return open(package, {{"", dir / "in.npy"}}).error;
  };
  CHECK(open(package, {{"", dir / "none.npy"}}).error == "file.open");
  CHECK(open(package, {{"", dir.path()}}).error == "file.not_regular");
  CHECK(error("") == "npy.magic");
  CHECK(error("1,2,3\n") == "npy.magic");
  CHECK(error(npy<float>("<f4", {2}, {1, 2})) == "input.dtype");
  CHECK(error(npy<std::uint8_t>("|b1", {2}, {1, 0})) == "input.dtype");
  CHECK(error(npy<std::int16_t>(">i2", {2}, {1, 2})) == "npy.dtype");
  CHECK(error(npy<std::int16_t>("<i2", {2}, {1})) == "npy.length");
}

TEST_CASE("a file that shrinks while it is read is an error") {
  const TempDir dir;
  const std::vector<std::uint8_t> values(100'000);
  write_text(dir / "in.npy", npy("|u1", {50'000, 2}, values));
  const auto opened = open(one_input({2}), {{"", dir / "in.npy"}});
  REQUIRE(opened.source);
  std::filesystem::resize_file(dir / "in.npy", 5'000);
  std::vector<std::uint8_t> codes(100'000);
  CHECK(opened.source->read(0, 0, 1'000, Storage::kU8, codes.data()).ok());
  CHECK(opened.source->read(0, 0, 50'000, Storage::kU8, codes.data()).error().code == "file.changed");
  CHECK(opened.source->read(0, 49'999, 1, Storage::kU8, codes.data()).error().code == "file.changed");
}

TEST_CASE("real values become codes by the documented rule") {
  const TempDir dir;
  constexpr float kInf = std::numeric_limits<float>::infinity();
  Package package = one_input({1});
  package.inputs[0].is_signed = true;
  package.inputs[0].scale = 4.0;
  const auto quantize = [&](const auto& values, const char* descr) {
    write_text(dir / "in.npy", npy(descr, {static_cast<std::int64_t>(values.size()), 1}, values));
    const auto opened = open(package, {{"", dir / "in.npy"}}, true);
    REQUIRE_MESSAGE(opened.source, opened.error);
    return read<std::int8_t>(*opened.source, 0, 0, opened.source->frames(), Storage::kS8, 1);
  };
  using Codes = std::vector<std::int8_t>;
  // Ties of the code: 0.125 * 4 = 0.5 -> 0, 1.5 -> 2, 2.5 -> 2, -0.5 -> 0, -1.5 -> -2.
  CHECK(quantize(std::vector<float>{0, 0.125F, 0.375F, 0.625F, -0.125F, -0.375F}, "<f4") == Codes{0, 0, 2, 2, 0, -2});
  CHECK(quantize(std::vector<float>{31.75F, 31.874F, 32, 1e30F, kInf, -32, -32.2F, -kInf}, "<f4") ==
        Codes{127, 127, 127, 127, 127, -128, -128, -128});
  CHECK(quantize(std::vector<double>{0.125, 0.375, -31.875}, "<f8") == Codes{0, 2, -128});
  // A double is rounded to float32 first: 0.375 - 2^-40 becomes 0.375.
  CHECK(quantize(std::vector<double>{0.375 - std::ldexp(1.0, -40), 0.125 + std::ldexp(1.0, -40)}, "<f8") ==
        Codes{2, 0});
  package.inputs[0].shift = 0.5;
  CHECK(quantize(std::vector<float>{0, 0.25F, -0.25F, 0.5F}, "<f4") == Codes{0, 2, 0, 2});
  // The product and the sum are each rounded to float32.
  package.inputs[0].scale = 0.1;
  package.inputs[0].shift = -100000.0;
  const float x = 1000005.0F;
  const float product = x * 0.1F;
  const float sum = product + -100000.0F;
  CHECK(quantize(std::vector<float>{x}, "<f4") == Codes{static_cast<std::int8_t>(std::lrintf(sum))});

  write_text(dir / "in.npy", npy<float>("<f4", {3, 1}, {0, std::nanf(""), 0}));
  const auto opened = open(package, {{"", dir / "in.npy"}}, true);
  REQUIRE(opened.source);
  std::int8_t codes[3];
  CHECK(opened.source->read(0, 0, 3, Storage::kS8, codes).error().line() ==
        (dir / "in.npy").string() +
            ": input 'in' frame 1 element 0: a value is not a number; expected a real number, found nan [input.nan]");
  write_text(dir / "int.npy", npy<std::uint8_t>("|u1", {1, 1}, {1}));
  CHECK(open(package, {{"", dir / "int.npy"}}, true).error == "input.dtype");
  package.inputs[0].scale.reset();
  CHECK(open(package, {{"", dir / "in.npy"}}, true).error == "input.scale");
}
