// Every refusal of a manifest with its code and its JSON pointer.
#include "sim/package/manifest.hpp"

#include <doctest/doctest.h>

#include "sim/package/limits.hpp"
#include "tests/support/package_builder.hpp"

namespace {

using namespace witin;
using nlohmann::json_pointer;
using test::PackageBuilder;
using Json = PackageBuilder::Json;
namespace limits = package::limits;

// "code where" of the error after a change, or "" when it is accepted.
template <typename Edit>
std::string after(Edit edit) {
  PackageBuilder builder;
  edit(builder.manifest);
  const auto manifest = package::read_manifest(builder.text());
  if (manifest.ok()) return "";
  CHECK(manifest.error().where.starts_with("manifest.json"));
  return manifest.error().code + " " + manifest.error().where.substr(13);
}

// After setting the value at a pointer.
std::string with(const std::string& pointer, Json value) {
  return after([&](Json& json) { json[Json::json_pointer(pointer)] = std::move(value); });
}

// After removing what is at a pointer.
std::string without(const std::string& pointer) {
  return after([&](Json& json) {
    const Json::json_pointer place(pointer);
    json[place.parent_pointer()].erase(place.back());
  });
}

std::string repeated(std::size_t count) { return std::string(count, 'n'); }

}  // namespace

TEST_CASE("a manifest becomes a package") {
  const auto manifest = package::read_manifest(PackageBuilder().text());
  REQUIRE_MESSAGE(manifest.ok(), manifest.error().line());
  const Package& package = manifest->package;
  CHECK(package.name == "small");
  CHECK(package.description == "two nodes");
  CHECK(package.producer == "a test");
  CHECK(package.arithmetic == Arithmetic::kWtm2101);
  REQUIRE(package.inputs.size() == 1);
  CHECK(package.inputs[0].shape == Shape{2});
  CHECK(package.inputs[0].scale == 1.0);
  CHECK(!package.inputs[0].shift);
  CHECK(package.inputs[0].range() == CodeRange{0, 255});
  CHECK(package.outputs == std::vector<std::string>{"out"});
  REQUIRE(package.nodes.size() == 2);
  const Node& node = package.nodes[0];
  CHECK(node.index == 0);
  CHECK(node.name == "fc");
  CHECK(node.op == "linear");
  CHECK(node.inputs == std::vector<std::string>{"in"});
  CHECK(package.tensors[node.tensors.at("weight")].id == "w");
  CHECK(node.attributes.at("g") == AttributeValue(std::int64_t{1024}));
  CHECK(node.attributes.at("half") == AttributeValue(0.5));
  CHECK(node.attributes.at("on") == AttributeValue(true));
  CHECK(node.attributes.at("mode") == AttributeValue(std::string("array")));
  CHECK(node.attributes.at("pads") == AttributeValue(std::vector<std::int64_t>{1, 2}));
  CHECK(node.attributes.at("steps") == AttributeValue(std::vector<double>{1, 0.5}));
  CHECK(node.attributes.at("none") == AttributeValue(std::vector<std::int64_t>{}));
  CHECK(package.nodes[1].index == 1);
  CHECK(package.tensors[0].shape == Shape{2, 3});
  CHECK(manifest->digests[0].size() == 64);
}

TEST_CASE("what may be left out, and own keys") {
  for (const char* pointer :
       {"/description", "/producer", "/inputs/0/bits", "/inputs/0/signed", "/inputs/0/scale", "/nodes/0/attributes"}) {
    CHECK(without(pointer) == "");
  }
  for (const char* pointer : {"/x-note", "/inputs/0/x-note", "/nodes/0/x-note", "/nodes/0/attributes/x-note",
                              "/nodes/0/tensors/x-note", "/tensors/w/x-note"}) {
    CHECK(with(pointer, Json::parse(R"({"any": ["thing", null]})")) == "");
  }
}

TEST_CASE("format and version are judged first") {
  CHECK(with("/format", "other") == "manifest.format /format");
  CHECK(with("/version", 2) == "manifest.version /version");
  CHECK(after([](Json& json) { json["version"] = 2, json["new"] = 1, json["nodes"] = 3; }) ==
        "manifest.version /version");
  CHECK(with("/version", 1.0) == "manifest.type /version");
  CHECK(with("/version", "1") == "manifest.type /version");
  CHECK(with("/version", true) == "manifest.type /version");
  CHECK(package::read_manifest("[]").error().line() ==
        "manifest.json: a value has the wrong type; expected an object, found a list [manifest.type]");
}

TEST_CASE("missing keys") {
  for (const char* key : {"format", "version", "name", "arithmetic", "inputs", "outputs", "nodes", "tensors"}) {
    CHECK(without("/" + std::string(key)) == "manifest.missing_key ");
  }
  CHECK(without("/inputs/0/name") == "manifest.missing_key /inputs/0");
  CHECK(without("/inputs/0/shape") == "manifest.missing_key /inputs/0");
  CHECK(without("/nodes/1/name") == "manifest.missing_key /nodes/1");
  CHECK(without("/nodes/1/op") == "manifest.missing_key /nodes/1");
  CHECK(without("/nodes/1/inputs") == "manifest.missing_key /nodes/1");
  for (const char* key : {"dtype", "shape"}) {
    CHECK(without("/tensors/w/" + std::string(key)) == "manifest.missing_key /tensors/w");
  }
  PackageBuilder builder;
  builder.tensors.erase("w");  // no digest is added
  CHECK(package::read_manifest(builder.text()).error().where == "manifest.json/tensors/w");
}

TEST_CASE("unknown keys") {
  for (const char* place : {"", "/inputs/0", "/nodes/1", "/tensors/w"}) {
    CHECK(with(std::string(place) + "/extra", 1) == "manifest.unknown_key " + std::string(place) + "/extra");
    CHECK(with(std::string(place) + "/X-note", 1) == "manifest.unknown_key " + std::string(place) + "/X-note");
  }
}

TEST_CASE("wrong types") {
  for (const char* pointer : {"/format",
                              "/name",
                              "/description",
                              "/producer",
                              "/arithmetic",
                              "/inputs",
                              "/inputs/0",
                              "/inputs/0/name",
                              "/inputs/0/shape",
                              "/inputs/0/signed",
                              "/inputs/0/neg_in",
                              "/outputs",
                              "/outputs/0",
                              "/nodes",
                              "/nodes/0",
                              "/nodes/0/name",
                              "/nodes/0/op",
                              "/nodes/0/inputs",
                              "/nodes/0/inputs/0",
                              "/nodes/0/tensors",
                              "/nodes/0/tensors/weight",
                              "/nodes/0/attributes",
                              "/nodes/0/arithmetic",
                              "/tensors",
                              "/tensors/w",
                              "/tensors/w/dtype",
                              "/tensors/w/shape",
                              "/tensors/w/sha256"}) {
    CHECK(with(pointer, 7) == "manifest.type " + std::string(pointer));
    CHECK(with(pointer, nullptr) == "manifest.type " + std::string(pointer));
  }
  for (const char* pointer : {"/inputs/0/bits", "/inputs/0/scale", "/inputs/0/shift", "/inputs/0/shape/0",
                              "/nodes/0/scale", "/tensors/w/shape/1"}) {
    CHECK(with(pointer, "7") == "manifest.type " + std::string(pointer));
    CHECK(with(pointer, true) == "manifest.type " + std::string(pointer));
  }
  CHECK(with("/inputs/0/bits", 8.0) == "manifest.type /inputs/0/bits");
  for (const Json& value : {Json(nullptr), Json::object(), Json::parse("[[1]]"), Json::parse("[\"a\"]"),
                            Json::parse("[true]"), Json::parse("[1, null]")}) {
    CHECK(with("/nodes/0/attributes/a", value).starts_with("manifest.type /nodes/0/attributes/a"));
  }
}

TEST_CASE("values out of their range") {
  CHECK(with("/arithmetic", "affine") == "manifest.value /arithmetic");
  CHECK(with("/nodes/1/arithmetic", "WTM2101") == "manifest.value /nodes/1/arithmetic");
  for (const char* profile : {"wtm2101", "witin_nn", "nb01"}) CHECK(with("/nodes/1/arithmetic", profile) == "");
  for (const int bits : {1, 2, 15, 16}) CHECK(with("/inputs/0/bits", bits) == "");
  for (const int bits : {-1, 0, 17}) CHECK(with("/inputs/0/bits", bits) == "manifest.value /inputs/0/bits");
  for (const char* mode : {"none", "pn", "shift"}) CHECK(with("/inputs/0/neg_in", mode) == "");
  CHECK(with("/inputs/0/neg_in", "PN") == "manifest.value /inputs/0/neg_in");
  for (const char* pointer : {"/inputs/0/scale", "/nodes/1/scale"}) {
    CHECK(with(pointer, 0.25) == "");
    CHECK(with(pointer, 3) == "");
    CHECK(with(pointer, 0) == "manifest.value " + std::string(pointer));
    CHECK(with(pointer, -1.5) == "manifest.value " + std::string(pointer));
  }
  CHECK(with("/inputs/0/shift", -12.5) == "");
  CHECK(with("/inputs/0/shape", Json::array()) == "");
  CHECK(with("/inputs/0/shape/0", 0) == "manifest.value /inputs/0/shape/0");
  CHECK(with("/inputs/0/shape/0", -2) == "manifest.value /inputs/0/shape/0");
  CHECK(with("/tensors/w/shape/0", 0) == "manifest.value /tensors/w/shape/0");
  CHECK(with("/tensors/w/dtype", "i1") == "manifest.value /tensors/w/dtype");
  CHECK(with("/tensors/w/sha256", repeated(64)) == "manifest.value /tensors/w/sha256");
  CHECK(with("/tensors/w/sha256", std::string(63, 'a')) == "manifest.value /tensors/w/sha256");
  CHECK(with("/tensors/w/sha256", std::string(64, 'A')) == "manifest.value /tensors/w/sha256");
}

TEST_CASE("shapes that are too large") {
  const std::int64_t half = std::int64_t{1} << 32;
  CHECK(with("/tensors/w/shape", {half, half}) == "manifest.too_large /tensors/w/shape");
  CHECK(with("/tensors/w/shape", Json::array({1, 1, 1, 1, 1, 1, 6})) == "");
  CHECK(with("/tensors/w/shape", Json::array({1, 1, 1, 1, 1, 1, 1, 6})) == "");
  CHECK(with("/tensors/w/shape", Json::array({1, 1, 1, 1, 1, 1, 1, 1, 6})) == "manifest.too_many /tensors/w/shape");
  CHECK(with("/inputs/0/shape", {half, half}) == "manifest.too_large /inputs/0/shape");
  CHECK(with("/inputs/0/shape", {limits::kFrameElements - 1}) == "");
  CHECK(with("/inputs/0/shape", {limits::kFrameElements}) == "");
  CHECK(with("/inputs/0/shape", {limits::kFrameElements + 1}) == "manifest.too_large /inputs/0/shape");
}

TEST_CASE("names") {
  for (const char* name : {"a", "A.b_c/d:e-9", "/conv1/Conv", "a..b"}) CHECK(with("/inputs/0/x-", name) == "");
  const auto rename = [](const Json& name) {
    return after([&](Json& json) { json["nodes"][1]["name"] = name, json["outputs"][0] = name; });
  };
  CHECK(rename("/conv1/Conv:0-1_2") == "");
  CHECK(rename(repeated(limits::kNameBytes - 1)) == "");
  CHECK(rename(repeated(limits::kNameBytes)) == "");
  CHECK(rename(repeated(limits::kNameBytes + 1)) == "manifest.name /nodes/1/name");
  for (const char* name : {"", "a b", "a\\b", "a\nb", "caf\xc3\xa9", "..", "a/../b", "./a", "a/."}) {
    INFO(std::string(name));
    CHECK(rename(name) == "manifest.name /nodes/1/name");
    CHECK(with("/inputs/0/name", name) == "manifest.name /inputs/0/name");
  }
  CHECK(with("/nodes/1/op", "") == "manifest.name /nodes/1/op");
  CHECK(with("/nodes/1/op", "a/b") == "manifest.name /nodes/1/op");
  const auto id = [](const std::string& name) {
    return after([&](Json& json) {
      json["tensors"][name] = json["tensors"]["w"];
      json["tensors"][name]["sha256"] = std::string(64, '0');
      json["tensors"].erase("w");
      json["nodes"][0]["tensors"]["weight"] = name;
    });
  };
  CHECK(id("fc.weight-1_") == "");
  CHECK(id("a/b") == "manifest.name /tensors/a~1b");
  CHECK(id("") == "manifest.name /tensors/");
  CHECK(id(repeated(limits::kNameBytes - 1)) == "");
  CHECK(id(repeated(limits::kNameBytes)) == "");
  CHECK(id(repeated(limits::kNameBytes + 1)) == "manifest.name /tensors/" + repeated(limits::kNameBytes + 1));
}

TEST_CASE("duplicate, dangling and later-defined names") {
  CHECK(after([](Json& json) { json["inputs"].push_back(json["inputs"][0]); }) ==
        "manifest.duplicate_name /inputs/1/name");
  CHECK(with("/nodes/1/name", "fc") == "manifest.duplicate_name /nodes/1/name");
  CHECK(with("/nodes/0/name", "in") == "manifest.duplicate_name /nodes/0/name");
  CHECK(with("/outputs", {"out", "out"}) == "manifest.duplicate_name /outputs/1");
  CHECK(with("/nodes/0/inputs", {"in", "nowhere"}) == "manifest.unknown_name /nodes/0/inputs/1");
  CHECK(with("/nodes/0/inputs", {"out"}) == "manifest.later_name /nodes/0/inputs/0");
  CHECK(with("/nodes/0/inputs", {"fc"}) == "manifest.later_name /nodes/0/inputs/0");  // itself
  CHECK(with("/nodes/1/inputs", {"in", "fc", "fc"}) == "");
  CHECK(with("/outputs", {"in"}) == "manifest.unknown_name /outputs/0");
  CHECK(with("/outputs", {"nowhere"}) == "manifest.unknown_name /outputs/0");
  CHECK(with("/outputs", {"fc", "out"}) == "");
}

TEST_CASE("tensors that are unknown or unused") {
  CHECK(with("/nodes/0/tensors/weight", "v") == "manifest.unknown_tensor /nodes/0/tensors/weight");
  CHECK(without("/nodes/0/tensors/bias") == "manifest.unused_tensor /tensors/b");
  CHECK(with("/nodes/1/tensors", {{"weight", "w"}}) == "");
}

TEST_CASE("lists that may not be empty, and limits") {
  for (const char* pointer : {"/inputs", "/outputs", "/nodes/0/inputs"}) {
    CHECK(with(pointer, Json::array()) == "manifest.empty " + std::string(pointer));
  }
  CHECK(after([](Json& json) { json["nodes"] = Json::array(), json["tensors"] = Json::object(); }) ==
        "manifest.empty /nodes");
  const auto nodes = [](std::size_t count) {
    return after([=](Json& json) {
      for (std::size_t i = 2; i < count; ++i) {
        json["nodes"].push_back({{"name", "n" + std::to_string(i)}, {"op", "relu"}, {"inputs", {"in"}}});
      }
    });
  };
  CHECK(nodes(limits::kNodes - 1) == "");
  CHECK(nodes(limits::kNodes) == "");
  CHECK(nodes(limits::kNodes + 1) == "manifest.too_many /nodes");
  const auto inputs = [](std::size_t count) {
    return after([=](Json& json) {
      for (std::size_t i = 1; i < count; ++i) {
        json["inputs"].push_back({{"name", "i" + std::to_string(i)}, {"shape", {1}}});
      }
    });
  };
  CHECK(inputs(limits::kInputs - 1) == "");
  CHECK(inputs(limits::kInputs) == "");
  CHECK(inputs(limits::kInputs + 1) == "manifest.too_many /inputs");
  const auto outputs = [](std::size_t count) {
    return after([=](Json& json) {
      Json::array_t names{"out"};
      for (std::size_t i = 2; i < limits::kNodes; ++i) {
        names.push_back("n" + std::to_string(i));
        json["nodes"].push_back({{"name", names.back()}, {"op", "relu"}, {"inputs", {"in"}}});
      }
      names.insert(names.begin(), "fc");
      while (names.size() < count) names.push_back("fc");  // one more than there are nodes
      names.resize(count);
      json["outputs"] = names;
    });
  };
  CHECK(outputs(limits::kOutputs - 1) == "");
  CHECK(outputs(limits::kOutputs) == "");
  CHECK(outputs(limits::kOutputs + 1) == "manifest.too_many /outputs");
  const auto tensors = [](std::size_t count) {
    return after([=](Json& json) {
      Json entry = json["tensors"]["w"];
      entry["sha256"] = std::string(64, '0');
      json["tensors"] = Json::object();
      json["nodes"].erase(0);
      json["nodes"][0]["inputs"] = {"in"};
      json["nodes"][0].erase("tensors");
      auto& list = json["tensors"].get_ref<Json::object_t&>();  // its own insertion looks at every key before
      for (std::size_t i = 0; i < count; ++i) {
        const std::string id = "t" + std::to_string(i);
        list.emplace_back(id, entry);
        if (i % limits::kAttributes == 0) {
          json["nodes"].push_back({{"name", "n" + std::to_string(i)}, {"op", "relu"}, {"inputs", {"in"}}});
        }
        json["nodes"].back()["tensors"]["r" + id] = id;
      }
    });
  };
  CHECK(tensors(limits::kTensors - 1) == "");
  CHECK(tensors(limits::kTensors) == "");
  CHECK(tensors(limits::kTensors + 1) == "manifest.too_many /tensors");
  const auto attributes = [](std::size_t count) {
    return after([=](Json& json) {
      for (std::size_t i = json["nodes"][0]["attributes"].size(); i < count; ++i) {
        json["nodes"][0]["attributes"]["a" + std::to_string(i)] = 1;
      }
    });
  };
  CHECK(attributes(limits::kAttributes - 1) == "");
  CHECK(attributes(limits::kAttributes) == "");
  CHECK(attributes(limits::kAttributes + 1) == "manifest.too_many /nodes/0/attributes");
  const std::vector<int> list(limits::kListLength + 1, 1);
  CHECK(with("/nodes/0/attributes/a", std::vector<int>(list.begin() + 2, list.end())) == "");
  CHECK(with("/nodes/0/attributes/a", std::vector<int>(list.begin() + 1, list.end())) == "");
  CHECK(with("/nodes/0/attributes/a", list) == "manifest.too_many /nodes/0/attributes/a");
  CHECK(with("/description", repeated(limits::kTextBytes - 1)) == "");
  CHECK(with("/description", repeated(limits::kTextBytes)) == "");
  CHECK(with("/description", repeated(limits::kTextBytes + 1)) == "manifest.too_long /description");
}

TEST_CASE("manifests that are no strict JSON") {
  const auto edited = [](const std::string& from, const std::string& to) {
    PackageBuilder builder;
    builder.edit_text = [&](std::string& text) { text.replace(text.find(from), from.size(), to); };
    const auto manifest = package::read_manifest(builder.text());
    return manifest.ok() ? "" : manifest.error().code + " " + manifest.error().where;
  };
  CHECK(edited("\"version\": 1,", "\"version\": 1, \"version\": 1,") == "json.duplicate_key manifest.json/version");
  CHECK(edited("1024", "NaN").starts_with("json.syntax manifest.json line "));
  CHECK(edited("1024", "1e999") == "json.number manifest.json/nodes/0/attributes/g");
  CHECK(edited("small", "sm\xff").starts_with("json.utf8 manifest.json line "));
  CHECK(edited("{", "\xef\xbb\xbf{") == "json.bom manifest.json");
  CHECK(edited("\"two nodes\"", std::string(40, '[') + std::string(40, ']')).starts_with("json.too_deep"));
}
