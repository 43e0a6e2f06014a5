// A network of one node "n" on the array, in memory, run with noise.
#pragma once

#include <doctest/doctest.h>

#include <bit>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/package_builder.hpp"
#include "tests/support/temp_dir.hpp"
#include "witin/array.hpp"

namespace witin::test {

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

class NoiseCase {
  using Json = PackageBuilder::Json;

 public:
  explicit NoiseCase(const std::string& op, Arithmetic arithmetic) {
    builder_.tensors.clear();
    builder_.manifest["arithmetic"] = std::string(name(arithmetic));
    builder_.manifest["outputs"] = {"n"};
    builder_.manifest["nodes"] = PackageBuilder::Json::array(
        {{{"name", "n"}, {"op", op}, {"inputs", {"in"}}, {"tensors", Json::object()}, {"attributes", Json::object()}}});
    builder_.manifest["tensors"] = Json::object();
  }

  NoiseCase& input(const Shape& shape, int bits, bool is_signed, NegIn neg_in) {
    shape_ = shape;
    Json entry{{"name", "in"}, {"shape", shape}, {"bits", bits}, {"signed", is_signed}};
    if (neg_in == NegIn::kPn) entry["neg_in"] = "pn";
    builder_.manifest["inputs"] = Json::array({entry});
    if (neg_in == NegIn::kPn) attribute("neg_in", "pn");
    if (is_signed) attribute("x_signed", true);
    return attribute("x_bits", bits);
  }
  NoiseCase& attribute(const std::string& key, const Json& value) {
    node()["attributes"][key] = value;
    return *this;
  }
  NoiseCase& weight(const Shape& shape, const std::vector<std::int32_t>& values) {
    const std::vector<std::int16_t> narrow(values.begin(), values.end());
    return tensor("weight", DType::kI16, shape, bytes_of(narrow));
  }
  NoiseCase& bias(const std::vector<std::int32_t>& values) {
    return tensor("bias", DType::kI32, {std::ssize(values)}, bytes_of(values));
  }
  NoiseCase& bias_d(const std::vector<std::int32_t>& values) {
    return tensor("bias_d", DType::kI32, {std::ssize(values)}, bytes_of(values));
  }

  [[nodiscard]] Engine engine(const EngineOptions& options = {}) const {
    Result<Package> package = builder_.load();
    REQUIRE_MESSAGE(package.ok(), (package.ok() ? "" : package.error().line()));
    Result<Engine> engine = Engine::create(*std::move(package), options);
    REQUIRE_MESSAGE(engine.ok(), (engine.ok() ? "" : engine.error().line()));
    return *std::move(engine);
  }

  [[nodiscard]] Result<std::map<std::string, Array>> traces(const Engine& engine, const std::vector<std::int32_t>& x,
                                                            const RunOptions& options) const {
    Array input{shape_, x};
    input.shape.insert(input.shape.begin(), std::ssize(x) / element_count(shape_));
    return trace_arrays(engine, {{"in", input}}, options);
  }
  [[nodiscard]] std::vector<std::int32_t> run(const Engine& engine, const std::vector<std::int32_t>& x,
                                              const RunOptions& options, const std::string& field = "npu_y") const {
    const auto out = traces(engine, x, options);
    REQUIRE_MESSAGE(out.ok(), (out.ok() ? "" : out.error().line()));
    return out->at("n/" + field).codes;
  }

 private:
  Json& node() { return builder_.manifest["nodes"][0]; }
  NoiseCase& tensor(const std::string& role, DType dtype, const Shape& shape, const std::string& data) {
    builder_.tensors[role] = npy(dtype, shape, data);
    builder_.manifest["tensors"][role] = {{"dtype", std::string(name(dtype))}, {"shape", shape}};
    node()["tensors"][role] = role;
    return *this;
  }

  PackageBuilder builder_;
  Shape shape_;
};

// An .npz with the draws of one node, through a file as a user gives it.
inline NoiseDraws draws(const std::string& node, const std::vector<double>& values) {
  const TempDir directory;
  ZipFile archive;
  archive.parts.emplace_back(node + ".npy", npy(DType::kF64, {std::ssize(values)}, bytes_of(values)));
  const std::filesystem::path path = directory / "draws.npz";
  write_text(path, archive.bytes());
  Result<NoiseDraws> draws = NoiseDraws::load(path);
  REQUIRE_MESSAGE(draws.ok(), (draws.ok() ? "" : draws.error().line()));
  return *std::move(draws);
}

}  // namespace witin::test
