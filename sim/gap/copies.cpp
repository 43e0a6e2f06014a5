#include "sim/gap/copies.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "sim/ops/registry.hpp"

namespace witin::gap {
namespace {

// Names of the copies cannot meet: each begins with its copy's.
constexpr std::string_view kInput = "input/";
constexpr std::string_view kLibrary = "library/";
constexpr std::string_view kIsolated = "isolated/";
constexpr std::string_view kChip = "chip/";

std::string copied(std::string_view prefix, std::string_view name) { return std::string(prefix) + std::string(name); }

// The chip divides once: no scales of the library's float order.
void divide_in_one_step(Node& node) {
  if (!node.attributes.contains("divisor") || !node.attributes.contains("multiplier")) return;
  const double g = number_of(node, "divisor") / number_of(node, "multiplier");
  for (const char* attribute : {"divisor", "multiplier", "clip_value"}) node.attributes.erase(attribute);
  node.attributes.insert_or_assign("g", g);
}

class Copier {
 public:
  explicit Copier(const Package& original) : original_(original) {
    copies_.package = original;
    copies_.package.nodes.clear();
    copies_.package.outputs.clear();
    for (Input& input : copies_.package.inputs) {
      const ops::ValueType type{input.shape, input.range()};
      input.name = copied(kInput, input.name);
      types_.emplace(input.name, type);
      inputs_.insert(input.name);
    }
  }

  Result<Copies> copy() && {
    for (const Node& node : original_.nodes) {
      if (Status added = add(node); !added) return std::move(added).error();
    }
    if (std::ranges::all_of(copies_.nodes, &Copies::Node::kept)) {
      return Error{"gap.same",
                   "no node computes differently on the two profiles",
                   "",
                   "a node without a profile of its own that both profiles know",
                   copies_.nodes.empty() ? "no nodes" : copies_.nodes.front().why,
                   ""};
    }
    for (const std::string& output : original_.outputs) {
      for (const std::string_view prefix : {kLibrary, kChip}) {
        const std::string name = value_of(prefix, output);
        if (!inputs_.contains(name)) copies_.package.outputs.push_back(name);
      }
    }
    return std::move(copies_);
  }

 private:
  // The value a copy reads for a name of the original network.
  [[nodiscard]] std::string value_of(std::string_view prefix, const std::string& name) const {
    std::string input = copied(kInput, name);
    return inputs_.contains(input) ? input : copied(prefix, name);
  }

  [[nodiscard]] Node copy_of(const Node& node, std::string_view prefix, std::string_view reads,
                             Arithmetic arithmetic) const {
    Node copy = node;
    copy.name = copied(prefix, node.name);
    for (std::string& input : copy.inputs) input = value_of(reads, input);
    copy.arithmetic = arithmetic;
    if (arithmetic == Arithmetic::kWtm2101) divide_in_one_step(copy);
    return copy;
  }

  // The type of the node's output, or why it cannot be computed.
  [[nodiscard]] Result<ops::ValueType> type_of(const Node& node) const {
    std::vector<ops::ValueType> types;
    for (const std::string& input : node.inputs) {
      const auto type = types_.find(input);
      if (type == types_.end()) {
        return Error{"node.undefined_input", "input of a node is not defined before it", node.name, "", input, ""};
      }
      types.push_back(type->second);
    }
    const auto op = ops::prepare(copies_.package, node, *node.arithmetic, types, kernels::Isa::kRef);
    if (!op) return op.error();
    return (*op)->output();
  }

  std::size_t append(Node node, const ops::ValueType& type) {
    types_.emplace(node.name, type);
    copies_.package.nodes.push_back(std::move(node));
    return copies_.package.nodes.size() - 1;
  }

  Status add(const Node& node) {
    Arithmetic on_library = node.arithmetic.value_or(Arithmetic::kWitinNn);
    Arithmetic on_chip = node.arithmetic.value_or(Arithmetic::kWtm2101);
    Copies::Node added;
    if (node.arithmetic) added.why = "the package gives it the profile " + std::string(name(*node.arithmetic));

    Result<ops::ValueType> library = type_of(copy_of(node, kLibrary, kLibrary, on_library));
    Result<ops::ValueType> chip = type_of(copy_of(node, kChip, kChip, on_chip));
    const Result<ops::ValueType> isolated = type_of(copy_of(node, kIsolated, kLibrary, on_chip));
    if (!library && !chip) return std::move(library).error();
    if (!library) {
      added.why = "the library cannot compute it: " + library.error().line();
      on_library = on_chip;
      library = type_of(copy_of(node, kLibrary, kLibrary, on_library));
    } else if (!chip || !isolated) {
      added.why = "the chip's profile cannot compute it: " + (chip ? isolated : chip).error().line();
      on_chip = on_library;
      chip = type_of(copy_of(node, kChip, kChip, on_chip));
    }
    if (!library) return std::move(library).error();
    if (!chip) return std::move(chip).error();

    added.kept = on_library == on_chip;
    const bool reads_inputs = std::ranges::all_of(
        node.inputs, [&](const std::string& input) { return inputs_.contains(copied(kInput, input)); });
    added.library = append(copy_of(node, kLibrary, kLibrary, on_library), *library);
    if (!added.kept && !reads_inputs && isolated) {
      added.isolated = append(copy_of(node, kIsolated, kLibrary, on_chip), *isolated);
    }
    added.chip = append(copy_of(node, kChip, kChip, on_chip), *chip);
    copies_.nodes.push_back(std::move(added));
    return {};
  }

  const Package& original_;
  Copies copies_;
  std::map<std::string, ops::ValueType, std::less<>> types_;
  std::set<std::string, std::less<>> inputs_;
};

}  // namespace

double number_of(const Node& node, std::string_view attribute) {
  const auto found = node.attributes.find(attribute);
  if (found == node.attributes.end()) return 0;
  if (const auto* whole = std::get_if<std::int64_t>(&found->second)) return static_cast<double>(*whole);
  const auto* real = std::get_if<double>(&found->second);
  return real != nullptr ? *real : 0;
}

Result<Copies> make_copies(const Package& original) { return Copier(original).copy(); }

}  // namespace witin::gap
