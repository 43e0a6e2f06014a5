// A .wpkg as the engine takes it: read, prepared, and where that is little work run for three frames, on every
// instruction set, in blocks of one frame and of all. All runs must give the same codes, within their ranges.
#include <memory>
#include <string>

#include "sim/kernels/isa.hpp"
#include "sim/package/load.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/targets.hpp"
#include "witin/array.hpp"

namespace witin::fuzz {
namespace {

constexpr std::int64_t kFrames = 3;
constexpr std::int64_t kMostElements = 1 << 16;  // of one frame, all fields of all nodes
constexpr std::int64_t kMostMacs = 1 << 20;      // of one frame

// Neighbouring codes of an input's range, from its two ends and its middle on.
std::map<std::string, Array> inputs_of(const Package& package) {
  std::map<std::string, Array> arrays;
  for (const Input& input : package.inputs) {
    Array& array = arrays[input.name];
    array.shape = input.shape;
    array.shape.insert(array.shape.begin(), kFrames);
    const CodeRange range = input.range();
    const std::int64_t codes = std::int64_t{range.hi} - range.lo + 1;
    for (std::int64_t i = 0; i < element_count(array.shape); ++i) {
      array.codes.push_back(static_cast<std::int32_t>(range.lo + (i % 3 * codes / 2 + i * i / 3) % codes));
    }
  }
  return arrays;
}

bool is_little_work(const Engine& engine) {
  std::int64_t elements = 0;
  std::int64_t macs = 0;
  for (const Input& input : engine.package().inputs) elements += element_count(input.shape);
  for (const NodeInfo& node : engine.nodes()) {
    for (const FieldInfo& field : node.fields) {
      elements += element_count(field.shape);
      if (elements > kMostElements) return false;
    }
    macs += node.macs;
    if (macs > kMostMacs) return false;
  }
  return elements <= kMostElements;
}

void check_ranges(const Engine& engine, const std::map<std::string, Array>& fields) {
  for (const NodeInfo& node : engine.nodes()) {
    for (const std::int32_t code : fields.at(node.name + "/npu_y").codes) {
      require(node.range.lo <= code && code <= node.range.hi, "a code beyond its node's range: " + node.name);
    }
  }
}

}  // namespace

void run_package(Bytes bytes) {
  const Result<Package> package = package::parse_package(bytes, nullptr);
  if (!succeeded(package)) return;
  const Result<Engine> reference = Engine::create(*package, {.isa = "ref"});
  if (!succeeded(reference) || !is_little_work(*reference)) return;
  const std::map<std::string, Array> inputs = inputs_of(*package);
  const auto expected = trace_arrays(*reference, inputs, {.threads = 1});
  if (!succeeded(expected)) return;
  check_ranges(*reference, *expected);
  for (const kernels::Isa isa : kernels::runnable_isas()) {
    const Result<Engine> engine = Engine::create(*package, {.isa = std::string(kernels::name(isa))});
    require_ok(engine);
    for (const std::int64_t block : {0, 1}) {
      const auto found = trace_arrays(*engine, inputs, {.threads = 1, .block_frames = block});
      require_ok(found);
      require(*found == *expected, "other codes on " + std::string(kernels::name(isa)) +
                                       (block == 0 ? " than on ref" : " in blocks of one frame than on ref"));
    }
  }
}

}  // namespace witin::fuzz
