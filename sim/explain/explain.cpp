#include "sim/explain/explain.hpp"

#include <algorithm>
#include <cmath>

#include "sim/explain/hypotheses.hpp"
#include "sim/explain/search.hpp"
#include "sim/package/limits.hpp"

namespace witin::explain {
namespace {

constexpr double kBitsOfOne = 20;   // evidence a single hypothesis needs to be certain: it was one of a few hundred
constexpr double kBitsOfPair = 32;  // a pair was one of some ten thousand
constexpr double kBitsOfNumber = 9;

// Surprise, in bits, of predicting which of the values differ and by how much: at least log2 of the ways to choose the
// differing ones, and one bit for each.
double evidence_bits(const Score& score) {
  const std::int64_t all = score.differing + score.equal;
  const std::int64_t few = std::min(score.differing, score.equal);
  double bits = static_cast<double>(score.differing);
  for (std::int64_t i = 0; i < few && bits < 1000; ++i) {
    bits += std::log2(static_cast<double>(all - i) / static_cast<double>(few - i));
  }
  return bits;
}

// Rare variants are known to imitate other things in company: (G / 2, half of the bias) is twice the input.
bool common(const Ranked& ranked) {
  return ranked.chain.size() == 1 ||
         std::ranges::all_of(ranked.chain, [](const Hypothesis* h) { return h->cost - h->fitted <= 1; });
}

bool enough(const Ranked& ranked) {
  const double needed = ranked.chain.size() > 1 ? kBitsOfPair : kBitsOfOne;
  return evidence_bits(ranked.score) >= needed + kBitsOfNumber * ranked.fitted();
}

std::vector<std::string> keys(const Chain& chain) {
  std::vector<std::string> out;
  for (const Hypothesis* const h : chain) out.push_back(h->key());
  std::ranges::sort(out);
  return out;
}

std::string sentence_of(const Chain& chain) {
  std::string text;
  for (const Hypothesis* const h : chain) text += (text.empty() ? "" : " And: ") + h->sentence;
  return text;
}

Finding finding_of(const Ranked& ranked) {
  Finding finding;
  for (const Hypothesis* const h : ranked.chain) {
    finding.ids.push_back(h->id);
    finding.causes.push_back(h->cause);
    if (!h->location.empty()) finding.location += (finding.location.empty() ? "" : "; ") + h->location;
  }
  finding.sentence = sentence_of(ranked.chain);
  finding.explained = ranked.score.explained;
  finding.broken = ranked.score.broken;
  return finding;
}

// A fit says nothing new where one hypothesis without free numbers gives a bias to every column.
bool generalises(const Ranked& fit, const Ranked& plain) {
  if (fit.chain.size() != plain.chain.size() || fit.fitted() == 0 || plain.fitted() != 0) return false;
  const auto about_bias = [](const Ranked& r) {
    return std::ranges::any_of(r.chain, [](const Hypothesis* h) { return h->id.starts_with("bias"); });
  };
  const bool fits_bias = std::ranges::any_of(fit.chain, [](const Hypothesis* h) { return h->id == "bias_column"; });
  return fits_bias && about_bias(plain);
}

struct Group {
  const Ranked* first;
  std::vector<std::string> same_as;
};

// Perfect chains, those that mean the same under one head.
std::vector<Group> group(const Problem& problem, const std::vector<Ranked>& ranked) {
  std::vector<Group> groups;
  for (const Ranked& one : ranked) {
    if (!one.score.perfect()) continue;
    const bool redundant = std::ranges::any_of(
        ranked, [&](const Ranked& other) { return other.score.perfect() && generalises(one, other); });
    if (redundant) continue;
    const auto same = std::ranges::find_if(groups, [&](const Group& g) {
      return keys(g.first->chain) == keys(one.chain) || equivalent(problem, g.first->chain, one.chain);
    });
    if (same == groups.end()) {
      groups.push_back({&one, {}});
    } else if (keys(same->first->chain) != keys(one.chain) && same->same_as.size() < package::limits::kSameFindings) {
      same->same_as.push_back(sentence_of(one.chain));
    }
  }
  return groups;
}

// Of what does not explain everything: whether it is worth a sentence. A pair must explain half, and more than its
// parts.
bool worth_saying(const Ranked& one) {
  const std::int64_t share = one.chain.size() > 1 ? 2 : 10;
  return one.score.explained > 2 * one.score.broken && share * one.score.net() >= one.score.differing;
}
bool adds_nothing(const Ranked& one, const std::vector<Ranked>& ranked) {
  return one.chain.size() > 1 && std::ranges::any_of(ranked, [&](const Ranked& other) {
           return other.chain.size() == 1 && other.score.net() >= one.score.net() &&
                  std::ranges::find(one.chain, other.chain.front()) != one.chain.end();
         });
}

void report(const Problem& problem, const SearchResult& found, Explanation& out) {
  const std::vector<Group> perfect = group(problem, found.ranked);
  for (const Group& g : perfect) {
    Finding finding = finding_of(*g.first);
    finding.same_as = g.same_as;
    const bool searched = g.first->chain.size() == 1 || found.complete;
    finding.certain = perfect.size() == 1 && searched && !g.first->ambiguous() && common(*g.first) && enough(*g.first);
    out.findings.push_back(std::move(finding));
    if (out.findings.size() == package::limits::kFindings) break;
  }
  out.indistinguishable = perfect.size() > 1;
  out.complete = found.complete;
  if (!perfect.empty()) return;
  std::vector<std::vector<std::string>> seen;
  for (const Ranked& one : found.ranked) {
    if (out.findings.size() == package::limits::kFindings || !worth_saying(one) || adds_nothing(one, found.ranked))
      continue;
    if (std::ranges::find(seen, keys(one.chain)) != seen.end()) continue;
    seen.push_back(keys(one.chain));
    out.findings.push_back(finding_of(one));
  }
}

Error bad_evidence(const NodeInfo& node, std::string what, std::string expected, std::string found) {
  return {"explain.evidence", std::move(what), "node '" + node.name + "'", std::move(expected), std::move(found), ""};
}

Status check_codes(const NodeInfo& node, const std::string& name, const ops::ValueType& type, const Codes& codes,
                   std::int64_t frames) {
  if (std::ssize(codes) != type.elements() * frames) {
    return bad_evidence(node, "the input '" + name + "' has another shape", to_string(type.shape),
                        std::to_string(codes.size()) + " codes in " + std::to_string(frames) + " frames");
  }
  return {};
}

// A defect before the node can hand it codes that the model cannot.
void widen(CodeRange& range, const Codes& codes) {
  for (const std::int32_t code : codes) range = {std::min(range.lo, code), std::max(range.hi, code)};
}

// The type of a network input or of a node's output.
ops::ValueType type_of(const Engine& engine, const std::string& name) {
  const auto input = std::ranges::find(engine.package().inputs, name, &Input::name);
  if (input != engine.package().inputs.end()) return {input->shape, input->range()};
  const auto node = std::ranges::find(engine.nodes(), name, &NodeInfo::name);
  return {node->shape, node->range};
}

// The map whose flattening is this value, seen through reshapes and operators that keep the shape.
Shape flattened_map(const Engine& engine, const std::string& name) {
  const auto node = std::ranges::find(engine.nodes(), name, &NodeInfo::name);
  if (node == engine.nodes().end()) return {};
  if (node->shape.size() == 3) return node->shape;
  const bool passes = node->op == "reshape" || node->op == "relu" || node->op == "lut" || node->op == "requantize";
  return passes ? flattened_map(engine, node->inputs.front()) : Shape{};
}

}  // namespace

Result<Explanation> explain(const Engine& engine, std::size_t node, Evidence evidence) {
  const NodeInfo& info = engine.nodes()[node];
  std::vector<ops::ValueType> types;
  for (std::size_t i = 0; i < info.inputs.size(); ++i) {
    types.push_back(type_of(engine, info.inputs[i]));
    if (i >= evidence.inputs.size()) return bad_evidence(info, "an input is missing", info.inputs[i], "nothing");
    if (Status ok = check_codes(info, info.inputs[i], types[i], evidence.inputs[i], evidence.frames); !ok) {
      return std::move(ok).error();
    }
    widen(types[i].range, evidence.inputs[i]);
  }
  const Result<kernels::Isa> isa = kernels::select_isa(engine.isa());
  if (!isa) return isa.error();
  Problem problem;
  problem.setup = make_setup(engine.package(), engine.package().nodes[node], info.arithmetic, *isa, std::move(types),
                             std::move(evidence.inputs), evidence.frames);
  Result<Outcome> model = run(problem.setup);
  if (!model) return std::move(model).error();
  if (model->y.size() != evidence.observed.size()) {
    return bad_evidence(info, "the output has another shape", to_string(model->shape),
                        std::to_string(evidence.observed.size()) + " codes");
  }
  problem.model = *std::move(model);
  problem.observed = std::move(evidence.observed);
  problem.end = evidence.frames;

  Explanation out;
  out.frames = evidence.frames;
  const Score base = score(problem, problem.model.y);
  out.differing = base.differing;
  out.equal = base.equal;
  if (base.differing == 0) return out;
  const Shape upstream = info.shape.empty() ? Shape{} : flattened_map(engine, info.inputs.front());
  report(problem, search(problem, hypotheses_for(problem.setup, problem.model, upstream)), out);
  return out;
}

}  // namespace witin::explain
