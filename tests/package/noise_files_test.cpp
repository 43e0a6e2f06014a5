// Files of noise: what each value becomes, and every refusal of lists of draws.
#include "sim/package/noise_file.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "sim/noise/draws.hpp"
#include "sim/package/bytes.hpp"
#include "sim/package/limits.hpp"
#include "sim/package/npy.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/zip_builder.hpp"
#include "witin/noise.hpp"

namespace {

using namespace witin;
using test::TempDir;
using test::write_text;

noise::Model model(std::string_view text) {
  const Result<noise::Model> read = package::parse_noise_text(text, "m");
  REQUIRE_MESSAGE(read.ok(), read.error().line());
  return *read;
}

std::string error(std::string_view text) {
  const Result<noise::Model> read = package::parse_noise_text(text, "m");
  return read.ok() ? "" : read.error().line();
}

// "V, V, ... V", `count` times.
std::string entries(std::size_t count, std::string_view value) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += (i == 0 ? "" : ",") + std::string(value);
  return out;
}

template <typename T>
std::string npy(DType dtype, const std::vector<T>& values) {
  return package::npy_header(dtype, {std::ssize(values)}) +
         std::string(package::as_text(std::as_bytes(std::span(values))));
}

// The line of the error behind the file's name, of an archive of one member.
std::string draws_error(std::string_view member, const std::string& content, bool flip = false) {
  const TempDir dir;
  test::ZipFile zip;
  zip.parts.emplace_back(std::string(member), content);
  if (flip) zip.parts.back().data.back() ^= 1;
  write_text(dir / "draws.npz", zip.bytes());
  const auto draws = NoiseDraws::load(dir / "draws.npz");
  if (draws.ok()) return "";
  const std::string name = (dir / "draws.npz").string() + ": ";
  const std::string line = draws.error().line();
  REQUIRE(line.starts_with(name));
  return line.substr(name.size());
}

}  // namespace

TEST_CASE("noise file: every term has the numbers of the text") {
  const noise::Model all = model(R"({
    "weight": {"additive_lsb": 1, "relative": 0.5, "per": "row", "scale": "frame"},
    "bias_row": {"sigma_by_abs_weight": [)" +
                                 entries(129, "0.25") + R"(], "per": "column", "scale": "trial"},
    "input": {"sigma_by_abs_input": [)" +
                                 entries(256, "2") + R"(]},
    "acc": {"sigma": 3}, "output": {"sigma_lsb": 4}, "column_gain": {"sigma_relative": 5},
    "column_offset": {"sigma_lsb": 6}, "stuck_cells": {"fraction": 0.125, "value": "min"},
    "drift": {"nu": 7, "nu_sigma": 8, "t_seconds": 10, "t0_seconds": 4}, "dead_columns": [0, 1023]})");
  REQUIRE(all.weight);
  CHECK(all.weight->sigma_weight_lsb.additive == 1);
  CHECK(all.weight->sigma_weight_lsb.relative == 0.5);
  CHECK(all.weight->per == noise::Per::kRow);
  CHECK(all.weight->scale == noise::Scale::kFrame);
  REQUIRE(all.bias_row);
  CHECK(all.bias_row->sigma_weight_lsb.table == std::vector<double>(129, 0.25));
  CHECK(all.bias_row->per == noise::Per::kColumn);
  CHECK(all.bias_row->scale == noise::Scale::kTrial);
  REQUIRE(all.input);
  CHECK(all.input->table == std::vector<double>(256, 2));
  CHECK(all.sigma_acc == 3);
  CHECK(all.sigma_output_lsb == 4);
  CHECK(all.column_gain_relative == 5);
  CHECK(all.column_offset_output_lsb == 6);
  REQUIRE(all.stuck);
  CHECK(all.stuck->fraction == 0.125);
  CHECK(all.stuck->value == -128);
  REQUIRE(all.drift);
  CHECK(all.drift->nu == 7);
  CHECK(all.drift->nu_sigma == 8);
  CHECK(all.drift->time_ratio == 2.5);
  CHECK(all.dead_columns == std::vector<std::int64_t>{0, 1023});

  const auto stuck = [](const std::string& value) {
    return model(R"({"stuck_cells": {"fraction": 1, "value": ")" + value + "\"}}").stuck->value;
  };
  CHECK(stuck("zero") == 0);
  CHECK(stuck("max") == 127);
  CHECK(model(R"({"weight": {"relative": 1, "per": "cell"}})").weight->per == noise::Per::kCell);
}

TEST_CASE("noise file: what contradicts itself or is out of range") {
  const std::string table = R"("sigma_by_abs_weight": [)";
  CHECK(error(R"({"weight": {"relative": 1, )" + table + entries(129, "0") + "]}}") ==
        "m/weight: a table stands beside additive_lsb or relative; expected sigma_by_abs_weight alone "
        "[noise.contradiction]");
  CHECK(error(R"({"weight": {}})") ==
        "m/weight: no sigma is given; expected additive_lsb, relative or sigma_by_abs_weight [noise.missing]");
  for (const std::size_t length : {std::size_t{0}, std::size_t{128}, std::size_t{130}}) {
    CHECK(error(R"({"weight": {)" + table + entries(length, "0") + "]}}") ==
          "m/weight/sigma_by_abs_weight: a table has the wrong length; expected 129 numbers, found " +
              std::to_string(length) + " [noise.length]");
  }
  CHECK(error(R"({"weight": {)" + table + entries(131, "0") + "]}}").ends_with("[noise.too_many]"));
  CHECK(error(R"({"acc": {"sigma": 1000000}})") == "");
  CHECK(error(R"({"acc": {"sigma": 1000001}})") ==
        "m/acc/sigma: a number is out of range; expected 0.000000..1000000.000000, found 1000001.000000 [noise.value]");
  CHECK(error(R"({"weight": {"relative": 1, "scale": "trail"}})") ==
        "m/weight/scale: not a time scale; expected trial or frame, found \"trail\" [noise.value]");
  CHECK(error(R"({"weight": {"relative": 1, "per": "array"}})") ==
        "m/weight/per: not what a draw can be made for; expected cell, row or column, found \"array\" [noise.value]");
  CHECK(error(R"({"stuck_cells": {"fraction": 1, "value": "one"}})") ==
        "m/stuck_cells/value: not what a cell can be stuck at; expected zero, min or max, found \"one\" [noise.value]");
  CHECK(error(R"({"dead_columns": [-1]})").starts_with("m/dead_columns/0: a number is out of range"));
  CHECK(error(R"({"dead_columns": [)" + entries(1024, "0") + "]}") == "");
  CHECK(error(R"({"dead_columns": [)" + entries(1025, "0") + "]}").ends_with("[noise.too_many]"));
  CHECK(error("{").starts_with("m line 1, column 2: the text is not valid JSON"));
}

TEST_CASE("noise file: from a file, up to the limit of JSON") {
  const TempDir dir;
  const auto path = dir / "n.json";
  write_text(path, R"({"acc": {"sigma": 2}})");
  const auto read = package::read_noise_file(path);
  REQUIRE_MESSAGE(read.ok(), read.error().line());
  CHECK(read->sigma_acc == 2);
  std::string text = "{}";
  for (const std::size_t size : {package::limits::kJsonBytes - 1, package::limits::kJsonBytes}) {
    text.resize(size, ' ');
    write_text(path, text);
    CHECK(package::read_noise_file(path).ok());
  }
  text += ' ';
  write_text(path, text);
  CHECK(package::read_noise_file(path).error().code == "json.too_large");
  CHECK(package::read_noise_file(dir / "none").error().code == "file.open");
  CHECK(package::read_noise_file(dir.path()).error().code == "file.not_regular");
}

TEST_CASE("draws: lists of both widths") {
  const TempDir dir;
  test::ZipFile zip;
  zip.parts.emplace_back("conv/1.npy", npy(DType::kF32, std::vector<float>{0.5F, -2, 0.1F}));
  zip.parts.emplace_back("plain", npy(DType::kF64, std::vector<double>{999.5, -0.1}));
  zip.parts.emplace_back("empty.npy", npy(DType::kF64, std::vector<double>{}));
  write_text(dir / "draws.npz", zip.bytes());
  const auto draws = NoiseDraws::load(dir / "draws.npz");
  REQUIRE_MESSAGE(draws.ok(), draws.error().line());
  const auto& nodes = draws->get()->nodes;
  REQUIRE(nodes.size() == 3);
  CHECK(nodes.at("conv/1") == std::vector<double>{0.5, -2, static_cast<double>(0.1F)});
  CHECK(nodes.at("plain") == std::vector<double>{999.5, -0.1});
  CHECK(nodes.at("empty").empty());
}

TEST_CASE("draws: what is no list of standard normals") {
  const auto reals = [](double value) { return npy(DType::kF64, std::vector<double>{0, value}); };
  CHECK(draws_error("n.npy", reals(1)) == "");
  CHECK(draws_error("n.npy", npy(DType::kI32, std::vector<std::int32_t>{1})) ==
        "n.npy: these are no standard normals; expected float32 or float64, at most 134217728, found int32 [1] "
        "[noise.draws]");
  CHECK(draws_error("n.npy", reals(1e3)) ==
        "n.npy: element 1: this is no standard normal; expected a finite number, found 1000 [noise.draws]");
  CHECK(draws_error("n.npy", reals(-std::numeric_limits<double>::infinity())).ends_with("[noise.draws]"));
  CHECK(draws_error("n.npy", reals(std::numeric_limits<double>::quiet_NaN())).ends_with("[noise.draws]"));
  CHECK(draws_error("n.npy", npy(DType::kF32, std::vector<float>{0, -1e3F})).ends_with("[noise.draws]"));
  CHECK(draws_error("n.npy", "text").ends_with("[npy.magic]"));
  CHECK(draws_error("n.npy", reals(1), true).ends_with("[zip.crc]"));
  CHECK(draws_error("n.npy", package::npy_header(DType::kF64, {2}) + std::string(15, '\0')).ends_with("[npy.length]"));
  const TempDir dir;
  CHECK(NoiseDraws::load(dir / "none").error().code == "file.open");
  write_text(dir / "text", "no archive");
  CHECK(NoiseDraws::load(dir / "text").error().code == "zip.not_a_zip");
}

TEST_CASE("draws: lists longer than the limit are refused before they are read") {
  const TempDir dir;
  const auto path = dir / "draws.npz";
  for (const std::int64_t more : {-1, 0, 1}) {
    // The first value is none, so that nothing is read behind it; the others take no room on the disk.
    const std::int64_t count = package::limits::kDraws + more;
    const std::string head = package::npy_header(DType::kF32, {count}) + test::field(std::uint32_t{0x7f800000});
    const std::uint64_t size = head.size() + 4 * static_cast<std::uint64_t>(count - 1);
    std::uint32_t crc = package::crc32(package::as_bytes(head));
    const std::vector<std::byte> zeros(std::size_t{1} << 20);
    for (std::uint64_t done = head.size(); done < size;) {
      const auto part = std::min<std::uint64_t>(zeros.size(), size - done);
      crc = package::crc32(std::span(zeros).first(static_cast<std::size_t>(part)), crc);
      done += part;
    }
    test::ZipFile zip;
    zip.parts.emplace_back("n", head);
    for (test::ZipHeader* const header : {&zip.parts[0].local, &zip.parts[0].central}) {
      header->crc = crc;
      header->size = header->stored_size = static_cast<std::uint32_t>(size);
    }
    const std::string whole = zip.bytes();
    const std::size_t split = 30 + 1 + head.size();
    zip.directory_offset = static_cast<std::uint32_t>(31 + size);
    const std::string end = zip.bytes().substr(split);
    write_text(path, whole.substr(0, split));
    std::filesystem::resize_file(path, 31 + size);
    std::ofstream(path, std::ios::app | std::ios::binary) << end;
    const auto draws = NoiseDraws::load(path);
    REQUIRE(!draws.ok());
    CHECK(draws.error().code == "noise.draws");
    CHECK(draws.error().where.ends_with(more > 0 ? ": n" : ": element 0"));
  }
}
