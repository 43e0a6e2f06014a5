#include "sim/diff/match.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "sim/diff/fields.hpp"

namespace witin::diff {
namespace {

using Key = std::pair<std::string, std::string>;  // node, field

bool glob(const std::string& pattern, const std::string& name) {
  return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

bool sampled(const Entry& entry) { return !entry.frame_numbers.empty(); }

bool fits(const Entry& a, const Entry& b) {
  return element_count(a.shape) == element_count(b.shape) && (a.flat || b.flat || a.shape == b.shape);
}

// A side, by name.
class Names {
 public:
  explicit Names(const Side& side) : side_(side), entries_(side.entries()) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const Entry& entry = entries_[i];
      if (entry.node.empty()) {
        if (entry.layer) by_layer_.try_emplace({*entry.layer, entry.field}, i);
        continue;
      }
      by_name_[{entry.node, entry.field}].push_back(i);
      if (position_.emplace(entry.node, i).second) {
        nodes_.push_back(i);
        if (is_on_array(entry.op)) layers_.push_back(entry.node);
      }
      if (entry.layer && !entry.node.empty()) layer_names_.emplace(*entry.layer, entry.node);
      has_ops_ = has_ops_ || !entry.op.empty();
    }
    for (const std::size_t i : nodes_) {
      for (const std::string& input : entries_[i].inputs.value_or(std::vector<std::string>{})) {
        readers_[input].push_back(i);
      }
    }
  }

  const Side& side() const { return side_; }
  std::span<const Entry> entries() const { return entries_; }
  bool has_ops() const { return has_ops_; }
  bool has_node(const std::string& node) const { return position_.contains(node); }
  bool is_read(const std::string& node) const { return readers_.contains(node); }
  bool knows_graph() const { return !readers_.empty(); }
  std::size_t layers() const { return layers_.size(); }

  std::size_t position(const std::string& node) const {
    const auto found = position_.find(node);
    return found == position_.end() ? entries_.size() : found->second;
  }

  const std::vector<std::size_t>& at(const std::string& node, const std::string& field) const {
    static const std::vector<std::size_t> none;
    const auto found = by_name_.find({node, field});
    return found == by_name_.end() ? none : found->second;
  }

  // The array of a layer whose node is not known.
  std::optional<std::size_t> unnamed(std::size_t layer, const std::string& field) const {
    const auto found = by_layer_.find({layer, field});
    return found == by_layer_.end() ? std::nullopt : std::optional(found->second);
  }

  // The node of the k-th layer on the array; empty: unknown.
  std::string layer(std::size_t k) const {
    if (const auto found = layer_names_.find(k); found != layer_names_.end()) return found->second;
    return has_ops_ && k < layers_.size() ? layers_[k] : std::string();
  }

  // The node that holds what the table after `node` made of its output: the ReLU or look-up table that reads it.
  std::string after_table(const std::string& node) const {
    const auto readers = readers_.find(node);
    if (readers != readers_.end()) {
      for (const std::size_t i : readers->second) {
        if (is_table(entries_[i].op)) return entries_[i].node;
      }
      return node;
    }
    if (knows_graph()) return node;
    // Without a graph: the next node, where it is such a table of the same shape.
    const auto here = std::ranges::find(nodes_, node, [this](std::size_t i) { return entries_[i].node; });
    if (here == nodes_.end() || here + 1 == nodes_.end()) return node;
    const Entry& next = entries_[*(here + 1)];
    return is_table(next.op) && next.shape == entries_[*here].shape ? next.node : node;
  }

 private:
  static bool is_table(const std::string& op) { return op == "relu" || op == "lut"; }

  const Side& side_;
  std::span<const Entry> entries_;
  std::map<Key, std::vector<std::size_t>> by_name_;
  std::map<std::pair<std::size_t, std::string>, std::size_t> by_layer_;  // of entries without a node
  std::map<std::string, std::size_t> position_;
  std::vector<std::size_t> nodes_;  // first entry of each
  std::vector<std::string> layers_;
  std::map<std::size_t, std::string> layer_names_;
  std::map<std::string, std::vector<std::size_t>> readers_;
  bool has_ops_ = false;
};

class Matcher {
 public:
  Matcher(const Side& left, const Side& right, const CompareOptions& options)
      : left_(left), right_(right), options_(options) {}

  Result<Matches> run() {
    for (const Names* names : {&left_, &right_}) {
      if (Status status = check_dtypes(*names); !status) return std::move(status).error();
    }
    const bool share_names = any_shared_name();
    left_by_layer_ = !share_names && by_layer(left_, right_);
    right_by_layer_ = !share_names && by_layer(right_, left_);
    for (std::size_t i = 0; i < left_.entries().size(); ++i) {
      if (Status status = find(left_, right_, i, left_by_layer_, true); !status) return std::move(status).error();
    }
    for (std::size_t j = 0; j < right_.entries().size(); ++j) {
      if (Status status = find(right_, left_, j, right_by_layer_, false); !status) return std::move(status).error();
    }
    finish();
    return std::move(out_);
  }

 private:
  static Status check_dtypes(const Names& names) {
    for (const Entry& entry : names.entries()) {
      if (is_integer(entry.dtype)) continue;
      return Error{
          "diff.dtype",       "an array holds no codes",      names.side().info().path + ": " + entry.source,
          "an integer dtype", std::string(name(entry.dtype)), "compare codes: run without --dequantize-output"};
    }
    return {};
  }

  bool any_shared_name() const {
    return std::ranges::any_of(left_.entries(), [this](const Entry& entry) { return right_.has_node(entry.node); });
  }

  // Whether names that the other side does not know are to be read as positions: every layer has its counterpart.
  bool by_layer(const Names& names, const Names& other) {
    std::set<std::size_t> layers;
    for (const Entry& entry : names.entries()) {
      if (!entry.node.empty() && entry.layer) layers.insert(*entry.layer);
    }
    if (layers.empty() || !other.has_ops() || layers.size() != other.layers()) return false;
    out_.notes.push_back("the sides share no name: layers were matched by their order");
    return true;
  }

  static bool is_unnamed(const Names& names, std::size_t i, const Names& other) {
    const Entry& entry = names.entries()[i];
    if (entry.node.empty()) return !entry.layer;
    return names.side().info().kind == "npy" && !other.has_node(entry.node);
  }

  Status find(const Names& from, const Names& to, std::size_t i, bool by_layer, bool from_left) {
    const Entry& entry = from.entries()[i];
    if (is_unnamed(from, i, to)) return find_only(from, to, i, from_left);
    if (entry.node.empty()) {
      if (const auto j = to.unnamed(*entry.layer, entry.field)) {
        add(from_left ? i : *j, from_left ? *j : i);
        return {};
      }
    }
    std::string node = entry.node;
    if (entry.layer && (node.empty() || by_layer)) node = to.layer(*entry.layer);
    if (node.empty()) return {};
    const bool shown_there =
        std::ranges::any_of(to.at(node, entry.field), [&to](std::size_t j) { return to.entries()[j].after_table; });
    if (entry.after_table && !shown_there) {
      if (!to.has_ops()) return {};
      node = to.after_table(node);
    }
    const bool wants_table = entry.after_table && shown_there;
    const bool prefers_sampled = sampled(entry) || from.side().info().kind == "capture";
    // A folder of the mapper may hold an array twice: the file of the same name is the same thing.
    const auto fitness = [&](const Entry& candidate) {
      return std::pair(candidate.source == entry.source, sampled(candidate) == prefers_sampled);
    };
    std::optional<std::size_t> best;
    for (const std::size_t j : to.at(node, entry.field)) {
      const Entry& candidate = to.entries()[j];
      if (candidate.after_table != wants_table) continue;
      if (!best || fitness(candidate) > fitness(to.entries()[*best])) best = j;
    }
    if (best) add(from_left ? i : *best, from_left ? *best : i);
    return {};
  }

  // The counterpart of an array without a name.
  Status find_only(const Names& from, const Names& to, std::size_t i, bool from_left) {
    const Entry& entry = from.entries()[i];
    std::vector<std::size_t> candidates;
    for (std::size_t j = 0; j < to.entries().size(); ++j) {
      const Entry& candidate = to.entries()[j];
      const bool fitting = candidate.field == entry.field && !candidate.after_table && fits(entry, candidate);
      if (fitting && (candidate.node.empty() || glob(options_.nodes, candidate.node))) candidates.push_back(j);
    }
    if (candidates.size() > 1 && to.knows_graph()) {
      const auto outputs = [&](std::size_t j) { return to.is_read(to.entries()[j].node); };
      std::vector<std::size_t> last = candidates;
      std::erase_if(last, outputs);
      if (!last.empty()) candidates = last;
    }
    if (candidates.empty()) return {};
    if (candidates.size() > 1) {
      std::string names;
      for (const std::size_t j : candidates) names += (names.empty() ? "" : ", ") + to.entries()[j].node;
      return Error{"diff.ambiguous",
                   "an array without a name fits several nodes of the other side",
                   from.side().info().path,
                   "one",
                   names,
                   "choose one with --nodes"};
    }
    add(from_left ? i : candidates.front(), from_left ? candidates.front() : i);
    return {};
  }

  void add(std::size_t i, std::size_t j) {
    const Entry& left = left_.entries()[i];
    const Entry& right = right_.entries()[j];
    const bool right_names = !left_.has_ops() && right_.has_ops();
    std::string node = right_names || left.node.empty() ? right.node : left.node;
    if (node.empty()) node = left.layer ? "layer" + std::to_string(*left.layer) : "array";
    const bool wanted = glob(options_.nodes, node) || (!left.node.empty() && glob(options_.nodes, left.node)) ||
                        (!right.node.empty() && glob(options_.nodes, right.node));
    if (!seen_.insert({i, j}).second || !wanted) return;
    if (!fits(left, right)) {
      reasons_left_[i] = reasons_right_[j] =
          "shapes differ: " + to_string(left.shape) + " and " + to_string(right.shape);
      return;
    }
    const auto counts_itself = [](const Names& names, const Entry& entry) {
      return names.side().info().kind == "capture" && !sampled(entry);
    };
    const bool by_position =
        (counts_itself(left_, left) && sampled(right)) || (counts_itself(right_, right) && sampled(left));
    out_.pairs.push_back({i, j, std::move(node), by_position});
    paired_left_.insert(i);
    paired_right_.insert(j);
  }

  void finish() {
    const bool right_orders = !left_.has_ops() && right_.has_ops();
    const Names& order = right_orders ? right_ : left_;
    const auto key = [&](const Match& match) {
      const Entry& left = left_.entries()[match.left];
      return std::tuple(order.position(match.node), left.layer.value_or(0), match.node, field_rank(left.field),
                        match.left, match.right);
    };
    std::ranges::sort(out_.pairs, {}, key);
    list_missing(left_, paired_left_, reasons_left_, false);
    list_missing(right_, paired_right_, reasons_right_, true);
  }

  void list_missing(const Names& names, const std::set<std::size_t>& paired,
                    const std::map<std::size_t, std::string>& reasons, bool on_left) {
    for (std::size_t i = 0; i < names.entries().size(); ++i) {
      const Entry& entry = names.entries()[i];
      if (paired.contains(i) || (!entry.node.empty() && !glob(options_.nodes, entry.node))) continue;
      const auto reason = reasons.find(i);
      std::string node = entry.node;
      if (node.empty() && entry.layer) node = "layer" + std::to_string(*entry.layer);
      out_.missing.push_back({std::move(node), entry.field, on_left, entry.frames,
                              entry.frames * element_count(entry.shape),
                              reason == reasons.end() ? "" : reason->second});
    }
  }

  Names left_;
  Names right_;
  const CompareOptions& options_;
  bool left_by_layer_ = false;
  bool right_by_layer_ = false;
  std::set<std::pair<std::size_t, std::size_t>> seen_;
  std::set<std::size_t> paired_left_;
  std::set<std::size_t> paired_right_;
  std::map<std::size_t, std::string> reasons_left_;
  std::map<std::size_t, std::string> reasons_right_;
  Matches out_;
};

}  // namespace

Result<Matches> match(const Side& left, const Side& right, const CompareOptions& options) {
  return Matcher(left, right, options).run();
}

}  // namespace witin::diff
