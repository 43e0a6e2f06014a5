#include "sim/engine/plan.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "sim/cancel.hpp"
#include "sim/ops/registry.hpp"

namespace witin::engine {

Result<std::shared_ptr<const Plan>> Plan::make(Package package, const EngineOptions& options) {
  auto plan = std::make_shared<Plan>();
  plan->package = std::move(package);
  const Result<kernels::Isa> isa = kernels::select_isa(options.isa);
  if (!isa) return isa.error();
  plan->isa = *isa;
  plan->arithmetic = options.arithmetic.value_or(plan->package.arithmetic);
  if (Status prepared = plan->prepare_nodes(options.cancel); !prepared) return std::move(prepared).error();
  plan->assign_slots();
  return {std::move(plan)};
}

Status Plan::prepare_nodes(const std::atomic<bool>* cancel) {
  std::map<std::string, std::size_t, std::less<>> value_of;
  for (const Input& input : package.inputs) {
    value_of.emplace(input.name, values.size());
    values.push_back({{input.shape, input.range()}});
  }
  const std::set<std::string, std::less<>> outputs(package.outputs.begin(), package.outputs.end());
  for (const Node& node : package.nodes) {
    if (is_cancelled(cancel)) return cancelled("run");
    Step step;
    std::vector<ops::ValueType> types;
    for (const std::string& input : node.inputs) {
      const auto found = value_of.find(input);
      if (found == value_of.end()) {
        return Error{"node.undefined_input",
                     "input of a node is not defined before it",
                     "manifest.json/nodes/" + std::to_string(node.index) + "/inputs (" + node.name + ")",
                     "an input of the package or an earlier node",
                     "'" + input + "'",
                     ""};
      }
      step.inputs.push_back(found->second);
      types.push_back(values[found->second].type);
    }
    const Arithmetic profile = node.arithmetic.value_or(arithmetic);
    Result<std::unique_ptr<ops::Operator>> op = ops::prepare(package, node, profile, types, isa);
    if (!op) return std::move(op).error();
    step.op = *std::move(op);
    step.fields = step.op->fields();
    lookahead += step.op->lookahead();
    const bool remembers = step.op->lookahead() != 0 || step.op->initial_state() != nullptr;
    stateful = stateful || remembers || lookahead != 0;

    const ops::ValueType& type = step.op->output();
    NodeInfo info{node.name, node.op, profile, type.shape, type.range, node.inputs, {}, step.op->macs(), false};
    info.output = outputs.contains(node.name);
    if (remembers) info.lookahead = step.op->lookahead();
    info.fields.push_back({"npu_y", type.shape, type.storage(), type.range});
    for (const ops::Field& field : step.fields) {
      info.fields.push_back({field.name, field.shape, field.storage, std::nullopt});
    }
    nodes.push_back(std::move(info));

    value_of.emplace(node.name, values.size());
    values.push_back({type});
    steps.push_back(std::move(step));
  }
  return {};
}

void Plan::assign_slots() {
  const std::size_t first_node = package.inputs.size();
  std::vector<std::size_t> last_reader(values.size());
  for (std::size_t v = first_node; v < values.size(); ++v) last_reader[v] = v - first_node;
  for (std::size_t s = 0; s < steps.size(); ++s) {
    for (const std::size_t input : steps[s].inputs) last_reader[input] = s;
  }
  std::vector<std::vector<std::size_t>> ending(steps.size());
  for (std::size_t v = 0; v < values.size() && !steps.empty(); ++v) ending[last_reader[v]].push_back(v);
  std::vector<std::size_t> free_slots;
  const auto place = [&](std::size_t value) {
    if (free_slots.empty()) {
      free_slots.push_back(slot_bytes.size());
      slot_bytes.push_back(0);
    }
    const std::size_t bytes = values[value].type.frame_bytes();
    // The smallest free slot that is large enough, else the largest one, which then grows.
    const auto better = [&](std::size_t a, std::size_t b) {
      const bool a_fits = slot_bytes[a] >= bytes;
      const bool b_fits = slot_bytes[b] >= bytes;
      if (a_fits != b_fits) return a_fits;
      return a_fits ? slot_bytes[a] < slot_bytes[b] : slot_bytes[a] > slot_bytes[b];
    };
    const auto best = std::ranges::min_element(free_slots, better);
    values[value].slot = *best;
    slot_bytes[*best] = std::max(slot_bytes[*best], bytes);
    free_slots.erase(best);
  };
  for (std::size_t v = 0; v < first_node; ++v) place(v);
  for (std::size_t s = 0; s < steps.size(); ++s) {
    place(first_node + s);
    for (const std::size_t v : ending[s]) free_slots.push_back(values[v].slot);
  }
}

}  // namespace witin::engine
