#include "sim/report/explain_report.hpp"

#include "sim/escape.hpp"
#include "sim/report/table.hpp"

namespace witin::report {
namespace {

using explain::Explanation;
using explain::Finding;
using explain::NodeExplanation;
using explain::WrongSide;

double share(const Finding& finding, const Explanation& of) {
  return static_cast<double>(finding.explained) / static_cast<double>(of.differing);
}

std::string finding_text(const Finding& finding, const Explanation& of) {
  std::string out = finding.certain ? "  certain:  " : "  possible: ";
  out += escaped(finding.sentence) + " Explains " +
         (finding.explained == of.differing ? "every difference"
                                            : percent(finding.explained, of.differing) + " of the differences");
  if (finding.broken != 0) out += ", but changes " + std::to_string(finding.broken) + " values that are right";
  out += ".\n";
  for (const std::string& same : finding.same_as) out += "            the same: " + escaped(same) + "\n";
  return out;
}

std::string side_text(const NodeExplanation& node, bool left, const Explanation& of) {
  std::string out = escaped(node.node) + ": the " + (left ? "left" : "right") +
                    " side is not what the model computes in " + std::to_string(of.differing) + " of " +
                    std::to_string(of.differing + of.equal) + " values";
  if (node.frames < node.all_frames) {
    out +=
        " of frames " + std::to_string(node.first_frame) + " to " + std::to_string(node.first_frame + node.frames - 1);
  }
  out += "\n";
  if (of.findings.empty()) out += "  nothing this program knows explains that\n";
  if (of.indistinguishable) out += "  on these data the following cannot be told apart:\n";
  for (const Finding& finding : of.findings) out += finding_text(finding, of);
  if (!of.complete) out += "  not every pair of causes was tried\n";
  return out;
}

std::string node_text(const NodeExplanation& node) {
  if (!node.reason.empty()) return escaped(node.node) + ": not explained. " + escaped(node.reason) + "\n";
  if (node.wrong == WrongSide::kNeither)
    return escaped(node.node) + ": both sides are what the model computes of their inputs\n";
  std::string out;
  if (node.wrong == WrongSide::kBoth) out += escaped(node.node) + ": neither side is what the model computes\n";
  if (node.left->differing != 0) out += side_text(node, true, *node.left);
  if (node.right->differing != 0) out += side_text(node, false, *node.right);
  return out;
}

Document to_json(const Finding& finding, const Explanation& of, const char* side) {
  return {{"side", side},
          {"ids", finding.ids},
          {"causes", finding.causes},
          {"sentence", finding.sentence},
          {"location", finding.location},
          {"explained", finding.explained},
          {"share", share(finding, of)},
          {"broken", finding.broken},
          {"certain", finding.certain},
          {"same_as", finding.same_as}};
}

Document side_document(const Explanation& of) {
  return {{"compared", of.differing + of.equal},
          {"differing", of.differing},
          {"indistinguishable", of.indistinguishable},
          {"complete", of.complete}};
}

Document to_json(const NodeExplanation& node) {
  Document json = {{"node", node.node},
                   {"op", node.op},
                   {"wrong_side", name(node.wrong)},
                   {"reason", node.reason},
                   {"first_frame", node.first_frame},
                   {"frames", node.frames},
                   {"frames_available", node.all_frames},
                   {"consecutive", node.consecutive}};
  json["left"] = node.left ? side_document(*node.left) : Document(nullptr);
  json["right"] = node.right ? side_document(*node.right) : Document(nullptr);
  json["findings"] = Document::array();
  const auto add = [&](const std::optional<Explanation>& of, const char* side) {
    if (!of) return;
    for (const Finding& finding : of->findings) json["findings"].push_back(to_json(finding, *of, side));
  };
  add(node.left, "left");
  add(node.right, "right");
  return json;
}

}  // namespace

std::string explain_text(const explain::Explanations& explanations) {
  std::string out;
  for (const NodeExplanation& node : explanations.nodes) out += "\n" + node_text(node);
  if (explanations.left_out != 0) {
    out += "\n" + std::to_string(explanations.left_out) + " more nodes differ; choose them with --nodes\n";
  }
  return out;
}

Document explain_document(const explain::Explanations& explanations) {
  Document json = {{"nodes", Document::array()}, {"left_out", explanations.left_out}};
  for (const NodeExplanation& node : explanations.nodes) json["nodes"].push_back(to_json(node));
  return json;
}

}  // namespace witin::report
