// manifest.json and trace.json: the two formats share the JSON reader and its typed access.
#include <map>
#include <set>

#include "sim/package/bytes.hpp"
#include "sim/package/manifest.hpp"
#include "sim/trace/trace_header.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/targets.hpp"

namespace witin::fuzz {
namespace {

void check_package(const package::Manifest& manifest) {
  const Package& package = manifest.package;
  require(manifest.digests.size() == package.tensors.size(), "not one digest a tensor");
  std::set<std::string, std::less<>> declared;
  for (const Input& input : package.inputs) {
    require(declared.insert(input.name).second, "two inputs of one name");
    require(element_count(input.shape) > 0 && input.range().lo <= input.range().hi, "an input without codes");
  }
  for (const Node& node : package.nodes) {
    for (const std::string& name : node.inputs) require(declared.contains(name), "a node reads what is not there yet");
    require(declared.insert(node.name).second, "two values of one name");
    for (const auto& [role, tensor] : node.tensors) require(tensor < package.tensors.size(), "a tensor that is not");
  }
  for (const std::string& output : package.outputs) require(declared.contains(output), "an output that is not");
}

}  // namespace

void run_manifest(Bytes bytes) {
  const std::string_view text = package::as_text(bytes);
  if (const auto manifest = package::read_manifest(text); succeeded(manifest)) check_package(*manifest);
  const auto trace = trace::read_header(text);
  if (!succeeded(trace)) return;
  const std::string written = trace::write_header(*trace);
  const auto again = trace::read_header(written);
  require_ok(again);
  require(trace::write_header(*again) == written, "a written header differs from the one read");
}

}  // namespace witin::fuzz
