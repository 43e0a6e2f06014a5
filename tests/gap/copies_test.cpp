#include "sim/gap/copies.hpp"

#include <doctest/doctest.h>

#include <set>

#include "tests/support/package_builder.hpp"

using namespace witin;

namespace {

Package loaded(const test::PackageBuilder& builder) {
  Result<Package> package = builder.load();
  REQUIRE(package.ok());
  return std::move(package).value();
}

test::PackageBuilder two_layers() {
  test::PackageBuilder builder;
  builder.manifest["nodes"][0]["attributes"] = {{"g", 256}};
  return builder;
}

}  // namespace

TEST_CASE("every copy reads the values of its own network") {
  const Result<gap::Copies> copies = gap::make_copies(loaded(two_layers()));
  REQUIRE(copies.ok());
  const auto& nodes = copies->package.nodes;
  REQUIRE(nodes.size() == 5);  // the first node's isolated copy would be its chip's
  const gap::Copies::Node& fc = copies->nodes[0];
  CHECK(!fc.isolated);
  CHECK(nodes[fc.library].inputs == std::vector<std::string>{"input/in"});
  CHECK(nodes[fc.chip].inputs == std::vector<std::string>{"input/in"});
  const gap::Copies::Node& out = copies->nodes[1];
  REQUIRE(out.isolated);
  CHECK(nodes[out.library].inputs == std::vector<std::string>{"library/fc"});
  CHECK(nodes[*out.isolated].inputs == std::vector<std::string>{"library/fc"});
  CHECK(nodes[out.chip].inputs == std::vector<std::string>{"chip/fc"});
  CHECK(nodes[out.library].arithmetic == Arithmetic::kWitinNn);
  CHECK(nodes[*out.isolated].arithmetic == Arithmetic::kWtm2101);
  CHECK(nodes[out.chip].arithmetic == Arithmetic::kWtm2101);
  CHECK(copies->package.outputs == std::vector<std::string>{"library/out", "chip/out"});
  // The library's codes come first: a sink keeps them until the chip's arrive.
  CHECK(out.library < *out.isolated);
  CHECK(*out.isolated < out.chip);
}

TEST_CASE("names of the copies never meet, whatever the network calls its values") {
  test::PackageBuilder builder = two_layers();
  builder.manifest["inputs"][0]["name"] = "library/fc";
  builder.manifest["nodes"][0]["inputs"] = {"library/fc"};
  const Result<gap::Copies> copies = gap::make_copies(loaded(builder));
  REQUIRE(copies.ok());
  std::set<std::string> names{copies->package.inputs[0].name};
  for (const Node& node : copies->package.nodes) CHECK(names.insert(node.name).second);
}

TEST_CASE("on the chip scales become one divisor") {
  test::PackageBuilder builder;
  builder.manifest["arithmetic"] = "witin_nn";
  builder.manifest["nodes"][0]["attributes"] = {{"divisor", 24.0}, {"multiplier", 0.0625}, {"clip_value", 3.5}};
  const Result<gap::Copies> copies = gap::make_copies(loaded(builder));
  REQUIRE(copies.ok());
  const Node& library = copies->package.nodes[copies->nodes[0].library];
  const Node& chip = copies->package.nodes[copies->nodes[0].chip];
  CHECK(!copies->nodes[0].kept);
  CHECK(gap::number_of(library, "divisor") == 24.0);
  CHECK(gap::number_of(library, "g") == 0);
  CHECK(gap::number_of(chip, "g") == 384.0);
  CHECK(!chip.attributes.contains("divisor"));
  CHECK(!chip.attributes.contains("clip_value"));
}

TEST_CASE("a profile of a node's own stays; a network of such nodes has no gap") {
  test::PackageBuilder builder = two_layers();
  builder.manifest["nodes"][0]["arithmetic"] = "wtm2101";
  const Result<gap::Copies> copies = gap::make_copies(loaded(builder));
  REQUIRE(copies.ok());
  CHECK(copies->nodes[0].kept);
  CHECK(copies->nodes[0].why == "the package gives it the profile wtm2101");
  CHECK(copies->package.nodes[copies->nodes[0].library].arithmetic == Arithmetic::kWtm2101);
  builder.manifest["nodes"][1]["arithmetic"] = "nb01";
  const Result<gap::Copies> none = gap::make_copies(loaded(builder));
  REQUIRE(!none.ok());
  CHECK(none.error().code == "gap.same");
}

TEST_CASE("a node neither profile can compute is an error") {
  test::PackageBuilder builder = two_layers();
  builder.manifest["nodes"][0]["attributes"]["unknown"] = 1;
  const Result<gap::Copies> copies = gap::make_copies(loaded(builder));
  REQUIRE(!copies.ok());
  CHECK(copies.error().code == "attribute.unknown");
}
