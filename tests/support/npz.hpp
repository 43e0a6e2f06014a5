// Arrays of an .npz, compressed or not, for tests on measured data.
#pragma once

#include <doctest/doctest.h>
#include <zip.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "sim/package/npy.hpp"

namespace witin::test {

struct NpzArray {
  Shape shape;
  std::vector<double> values;  // exact for every dtype that is read
};

class Npz {
 public:
  // Fails the running test where the file cannot be read.
  explicit Npz(const std::filesystem::path& path) {
    int error = 0;
    zip_t* const archive = ::zip_open(path.c_str(), ZIP_RDONLY, &error);
    REQUIRE_MESSAGE(archive != nullptr, path.string());
    for (zip_int64_t i = 0; i < ::zip_get_num_entries(archive, 0); ++i) {
      const auto index = static_cast<zip_uint64_t>(i);
      const std::string name = ::zip_get_name(archive, index, 0);
      const std::vector<std::byte> bytes = member(archive, index);
      const package::MemorySource npy(bytes);
      const auto header = package::read_npy_header(npy, 8);
      if (!header.ok()) continue;  // text; asking for it fails the test
      arrays_[name.substr(0, name.size() - 4)] = array_of(*header, std::span(bytes).subspan(header->data_offset));
    }
    ::zip_discard(archive);
  }

  [[nodiscard]] const NpzArray& operator[](const std::string& name) const {
    const auto found = arrays_.find(name);
    REQUIRE_MESSAGE(found != arrays_.end(), name);
    return found->second;
  }

 private:
  static std::vector<std::byte> member(zip_t* archive, zip_uint64_t index) {
    zip_stat_t stat;
    REQUIRE(::zip_stat_index(archive, index, 0, &stat) == 0);
    std::vector<std::byte> bytes(static_cast<std::size_t>(stat.size));
    zip_file_t* const file = ::zip_fopen_index(archive, index, 0);
    REQUIRE(file != nullptr);
    CHECK(::zip_fread(file, bytes.data(), bytes.size()) == static_cast<zip_int64_t>(bytes.size()));
    CHECK(::zip_fclose(file) == 0);
    return bytes;
  }

  static NpzArray array_of(const package::NpyHeader& header, std::span<const std::byte> bytes) {
    NpzArray array{header.shape, {}};
    switch (*header.type.dtype()) {
      case DType::kU8:
        append<std::uint8_t>(bytes, array.values);
        break;
      case DType::kI8:
        append<std::int8_t>(bytes, array.values);
        break;
      case DType::kI16:
        append<std::int16_t>(bytes, array.values);
        break;
      case DType::kI32:
        append<std::int32_t>(bytes, array.values);
        break;
      case DType::kI64:
        append<std::int64_t>(bytes, array.values);
        break;
      case DType::kF32:
        append<float>(bytes, array.values);
        break;
      case DType::kF64:
        append<double>(bytes, array.values);
        break;
      default:
        FAIL("dtype " << header.type.name());
    }
    return array;
  }

  template <typename T>
  static void append(std::span<const std::byte> bytes, std::vector<double>& out) {
    for (std::size_t i = 0; i < bytes.size(); i += sizeof(T)) {
      T value;
      std::memcpy(&value, bytes.data() + i, sizeof(T));
      out.push_back(static_cast<double>(value));
    }
  }

  std::map<std::string, NpzArray> arrays_;
};

}  // namespace witin::test
