// A small package whose manifest, tensors and archive a test can spoil: linear [2] -> [3], then relu.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/package/load.hpp"
#include "sim/package/npy.hpp"
#include "tests/support/zip_builder.hpp"

namespace witin::test {

// The bytes of a whole npy.
inline std::string npy(DType dtype, const Shape& shape, std::string_view data) {
  return package::npy_header(dtype, shape) + std::string(data);
}

class PackageBuilder {
 public:
  using Json = nlohmann::ordered_json;

  PackageBuilder() {
    tensors["w"] = npy(DType::kI8, {2, 3}, "\x01\x02\x03\xff\xfe\xfd");
    tensors["b"] = npy(DType::kI32, {3}, std::string("\x80\0\0\0\0\0\0\0\x80\xff\xff\xff", 12));
    manifest = Json::parse(R"({
      "format": "witin.wpkg", "version": 1, "name": "small", "description": "two nodes", "producer": "a test",
      "arithmetic": "wtm2101",
      "inputs": [{"name": "in", "shape": [2], "bits": 8, "signed": false, "scale": 1.0}],
      "outputs": ["out"],
      "nodes": [
        {"name": "fc", "op": "linear", "inputs": ["in"], "tensors": {"weight": "w", "bias": "b"},
         "attributes": {"g": 1024, "half": 0.5, "on": true, "mode": "array", "pads": [1, 2], "steps": [1, 0.5],
                        "none": []}},
        {"name": "out", "op": "relu", "inputs": ["fc"]}],
      "tensors": {"w": {"dtype": "int8", "shape": [2, 3]}, "b": {"dtype": "int32", "shape": [3]}}})");
  }

  Json manifest;                               // without digests
  std::map<std::string, std::string> tensors;  // id -> npy
  std::function<void(std::string& manifest)> edit_text;
  std::function<void(ZipFile& archive)> edit_zip;

  [[nodiscard]] std::string text() const {
    Json complete = manifest;
    if (complete.contains("tensors") && complete["tensors"].is_object()) {
      for (auto& [id, entry] : complete["tensors"].items()) {
        if (!entry.is_object() || entry.contains("sha256") || !tensors.contains(id)) continue;
        entry["sha256"] = package::sha256(package::as_bytes(tensors.at(id)));
      }
    }
    std::string out = complete.dump(1);
    if (edit_text) edit_text(out);
    return out;
  }

  [[nodiscard]] std::string bytes() const {
    ZipFile archive;
    archive.parts.emplace_back("manifest.json", text());
    for (const auto& [id, content] : tensors) archive.parts.emplace_back("tensors/" + id + ".npy", content);
    if (edit_zip) edit_zip(archive);
    return archive.bytes();
  }

  [[nodiscard]] Result<Package> load() const { return load(bytes()); }

  static Result<Package> load(std::string bytes) {
    const auto owned = std::make_shared<const std::string>(std::move(bytes));
    return package::parse_package(package::as_bytes(*owned), owned);
  }
};

}  // namespace witin::test
