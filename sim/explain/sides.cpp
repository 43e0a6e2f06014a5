#include "sim/explain/sides.hpp"

#include <algorithm>
#include <array>

#include "sim/cancel.hpp"
#include "sim/diff/elements.hpp"
#include "sim/diff/match.hpp"
#include "sim/package/limits.hpp"

namespace witin::explain {
namespace {

using diff::Entry;
using diff::Side;

// Frames of something, from wherever they come.
class Series {
 public:
  virtual ~Series() = default;
  [[nodiscard]] virtual std::vector<std::int64_t> frames() const = 0;  // of the run, ascending
  // Appends the codes of one frame of frames(), by its position there.
  virtual Status append(std::size_t position, Codes& codes) const = 0;
};

class EntrySeries final : public Series {
 public:
  // `polarities`: the codes are the positive and the negative parts of what is wanted.
  EntrySeries(const Side& side, std::size_t entry, bool by_position, bool polarities)
      : side_(side), entry_(entry), polarities_(polarities) {
    const Entry& about = side.entries()[entry];
    for (std::int64_t i = 0; i < about.frames; ++i) {
      const std::int64_t frame = by_position ? i : side.frame_number(entry, i);
      if (by_position || positions_.empty() || frame > positions_.back().first) positions_.emplace_back(frame, i);
    }
  }
  [[nodiscard]] std::vector<std::int64_t> frames() const override {
    std::vector<std::int64_t> out;
    for (const auto& [frame, position] : positions_) out.push_back(frame);
    return out;
  }
  Status append(std::size_t position, Codes& codes) const override {
    const Entry& about = side_.entries()[entry_];
    const auto count = static_cast<std::size_t>(side_.frame_values(entry_));
    std::vector<std::byte> bytes(count * size_of(about.dtype));
    if (Status read = side_.read(entry_, positions_[position].second, 1, bytes); !read) return read;
    std::vector<std::int64_t> values(count);
    diff::widen(about.dtype, bytes, 0, count, values.data());
    const std::size_t half = polarities_ ? count / 2 : 0;
    for (std::size_t i = 0; i < count - half; ++i) {
      const std::int64_t value = values[i] - (polarities_ ? values[half + i] : 0);
      codes.push_back(static_cast<std::int32_t>(std::clamp<std::int64_t>(value, INT32_MIN, INT32_MAX)));
    }
    return {};
  }

 private:
  const Side& side_;
  std::size_t entry_;
  bool polarities_;
  std::vector<std::pair<std::int64_t, std::int64_t>> positions_;  // frame of the run, stored frame
};

class InputSeries final : public Series {
 public:
  InputSeries(FrameSource& source, std::size_t input, std::int64_t elements)
      : source_(source), input_(input), elements_(elements) {}
  [[nodiscard]] std::vector<std::int64_t> frames() const override {
    std::vector<std::int64_t> out;
    for (std::int64_t frame = 0; frame < source_.frames(); ++frame) out.push_back(frame);
    return out;
  }
  Status append(std::size_t position, Codes& codes) const override {
    Codes frame(static_cast<std::size_t>(elements_));
    Status read = source_.read(input_, static_cast<std::int64_t>(position), 1, Storage::kS32, frame.data());
    codes.insert(codes.end(), frame.begin(), frame.end());
    return read;
  }

 private:
  FrameSource& source_;
  std::size_t input_;
  std::int64_t elements_;
};

using SeriesPtr = std::unique_ptr<Series>;

class Collector {
 public:
  Collector(const Engine& engine, const Side& left, const Side& right, const diff::Matches& matches,
            FrameSource* inputs)
      : engine_(engine), sides_{&left, &right}, matches_(matches), inputs_(inputs) {}

  // What is looked at of one node.
  struct Material {
    std::array<SeriesPtr, 2> observed;
    std::array<std::vector<SeriesPtr>, 2> inputs;
    std::string reason;  // why there is none
  };

  [[nodiscard]] Material material_of(std::size_t node) const {
    const NodeInfo& info = engine_.nodes()[node];
    Material out;
    const diff::Match* const match = output_of(info.name);
    if (match == nullptr) {
      out.reason = "The sides do not hold its npu_y.";
      return out;
    }
    for (const std::size_t side : {0U, 1U}) {
      const std::size_t entry = side == 0 ? match->left : match->right;
      if (!usable(sides_[side]->entries()[entry], info.shape)) {
        out.reason = "Its npu_y has another shape than in the model, or an unknown order of values.";
        return out;
      }
      out.observed[side] = std::make_unique<EntrySeries>(*sides_[side], entry, match->by_position, false);
      for (const std::string& input : info.inputs) {
        SeriesPtr series = input_of(info, node, input, side);
        if (series == nullptr) {
          out.reason = missing(input);
          return out;
        }
        out.inputs[side].push_back(std::move(series));
      }
    }
    return out;
  }

 private:
  static bool usable(const Entry& entry, const Shape& shape) {
    if (element_count(entry.shape) != element_count(shape)) return false;
    const auto long_axes = std::ranges::count_if(shape, [](std::int64_t extent) { return extent > 1; });
    return entry.shape == shape || (entry.flat && long_axes <= 1);
  }

  [[nodiscard]] const diff::Match* output_of(const std::string& node) const {
    const auto found = std::ranges::find_if(matches_.pairs, [&](const diff::Match& match) {
      return match.node == node && sides_[0]->entries()[match.left].field == "npu_y";
    });
    return found == matches_.pairs.end() ? nullptr : &*found;
  }

  [[nodiscard]] std::string missing(const std::string& input) const {
    const bool of_network =
        std::ranges::find(engine_.package().inputs, input, &Input::name) != engine_.package().inputs.end();
    if (of_network) {
      return "Its input '" + input + "' is an input of the network, which the sides do not hold: give it with --input.";
    }
    return "Neither side holds its input '" + input + "': record every node (--trace-level nodes).";
  }

  // A side's own codes where it has them, else the other side's.
  [[nodiscard]] SeriesPtr input_of(const NodeInfo& info, std::size_t node, const std::string& input,
                                   std::size_t side) const {
    const auto& declared = engine_.package().inputs;
    const auto of_network = std::ranges::find(declared, input, &Input::name);
    if (of_network != declared.end()) {
      if (inputs_ != nullptr) {
        return std::make_unique<InputSeries>(*inputs_, static_cast<std::size_t>(of_network - declared.begin()),
                                             element_count(of_network->shape));
      }
      for (const std::size_t one : {side, 1 - side}) {
        if (SeriesPtr driven = driven_codes(info, node, of_network->shape, one)) return driven;
      }
      return nullptr;
    }
    const auto producer = std::ranges::find(engine_.nodes(), input, &NodeInfo::name);
    if (const diff::Match* const match = output_of(input)) {
      const std::size_t entry = side == 0 ? match->left : match->right;
      if (usable(sides_[side]->entries()[entry], producer->shape)) {
        return std::make_unique<EntrySeries>(*sides_[side], entry, match->by_position, false);
      }
    }
    for (const std::size_t one : {side, 1 - side}) {
      if (SeriesPtr named = by_name(input, producer->shape, one)) return named;
      if (SeriesPtr driven = driven_codes(info, node, producer->shape, one)) return driven;
    }
    return nullptr;
  }

  [[nodiscard]] SeriesPtr by_name(const std::string& node, const Shape& shape, std::size_t side) const {
    const auto entries = sides_[side]->entries();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].node == node && entries[i].field == "npu_y" && !entries[i].after_table &&
          usable(entries[i], shape)) {
        return std::make_unique<EntrySeries>(*sides_[side], i, false, false);
      }
    }
    return nullptr;
  }

  // npu_x, where it is the whole of the input: not of split inputs, whose high parts it leaves out.
  [[nodiscard]] SeriesPtr driven_codes(const NodeInfo& info, std::size_t node, const Shape& shape,
                                       std::size_t side) const {
    const Node& declared = engine_.package().nodes[node];
    const auto bits = declared.attributes.find("x_bits");
    if (info.inputs.size() != 1 ||
        (bits != declared.attributes.end() && bits->second != AttributeValue(std::int64_t{8}))) {
      return nullptr;
    }
    const auto neg_in = declared.attributes.find("neg_in");
    const bool pn = neg_in != declared.attributes.end() && neg_in->second == AttributeValue(std::string("pn"));
    Shape driven = shape;
    if (pn) driven.front() *= 2;
    const auto entries = sides_[side]->entries();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].node == info.name && entries[i].field == "npu_x" && usable(entries[i], driven)) {
        return std::make_unique<EntrySeries>(*sides_[side], i, false, pn);
      }
    }
    return nullptr;
  }

  const Engine& engine_;
  std::array<const Side*, 2> sides_;
  const diff::Matches& matches_;
  FrameSource* inputs_;
};

bool remembers_frames(const Node& node) {
  const auto streaming = node.attributes.find("streaming");
  return node.op == "tdnn" || node.op == "lstm" || node.op.starts_with("gru") ||
         (streaming != node.attributes.end() && streaming->second == AttributeValue(true));
}

// Frames that all series of both sides have.
std::vector<std::int64_t> common_frames(const Collector::Material& material) {
  std::vector<std::int64_t> common = material.observed[0]->frames();
  const auto keep = [&](const Series& series) {
    const std::vector<std::int64_t> frames = series.frames();
    std::erase_if(common, [&](std::int64_t frame) { return !std::ranges::binary_search(frames, frame); });
  };
  keep(*material.observed[1]);
  for (const auto& inputs : material.inputs) {
    for (const SeriesPtr& input : inputs) keep(*input);
  }
  return common;
}

Result<Codes> collect(const Series& series, const std::vector<std::int64_t>& frames) {
  const std::vector<std::int64_t> all = series.frames();
  Codes codes;
  for (const std::int64_t frame : frames) {
    const auto position = static_cast<std::size_t>(std::ranges::lower_bound(all, frame) - all.begin());
    if (Status read = series.append(position, codes); !read) return std::move(read).error();
  }
  return codes;
}

std::int64_t first_difference(const diff::NodeReport& node) {
  for (const diff::FieldReport& field : node.fields) {
    if (field.field == "npu_y" && !field.examples.empty()) return field.examples.front().frame;
  }
  return 0;
}

// Of the frames there are, those that are looked at.
std::vector<std::int64_t> choose(std::vector<std::int64_t> frames, std::int64_t most, std::int64_t first,
                                 bool from_zero) {
  if (from_zero) {
    std::size_t run = 0;
    while (run < frames.size() && frames[run] == static_cast<std::int64_t>(run)) ++run;
    frames.resize(std::min(run, static_cast<std::size_t>(most)));
    return frames;
  }
  const auto count = static_cast<std::ptrdiff_t>(most);
  if (std::ssize(frames) <= count) return frames;
  // One frame more than needed: frames may be shifted.
  std::ptrdiff_t begin = std::ranges::lower_bound(frames, first) - frames.begin();
  begin = std::clamp<std::ptrdiff_t>(begin - 1, 0, std::ssize(frames) - count);
  return {frames.begin() + begin, frames.begin() + begin + count};
}

Result<NodeExplanation> explain_node(const Engine& engine, std::size_t node, const Collector& collector,
                                     const diff::NodeReport& report) {
  const NodeInfo& info = engine.nodes()[node];
  NodeExplanation out{info.name, info.op};
  const Collector::Material material = collector.material_of(node);
  out.reason = material.reason;
  if (!out.reason.empty()) return out;
  const std::vector<std::int64_t> common = common_frames(material);
  std::int64_t each = element_count(info.shape);
  for (const std::string& input : info.inputs) {
    const auto producer = std::ranges::find(engine.nodes(), input, &NodeInfo::name);
    const auto declared = std::ranges::find(engine.package().inputs, input, &Input::name);
    each += element_count(producer != engine.nodes().end() ? producer->shape : declared->shape);
  }
  const bool from_zero = remembers_frames(engine.package().nodes[node]);
  const std::vector<std::int64_t> frames = choose(
      common, std::max<std::int64_t>(3, package::limits::kExplainedCodes / each), first_difference(report), from_zero);
  out.all_frames = std::ssize(common);
  out.frames = std::ssize(frames);
  if (frames.empty()) {
    out.reason = from_zero ? "The node remembers frames, and the sides do not begin with frame 0."
                           : "There is no frame for which the sides hold its inputs and its output.";
    return out;
  }
  out.first_frame = frames.front();
  out.consecutive = frames.back() - frames.front() + 1 == out.frames;
  for (const std::size_t side : {0U, 1U}) {
    Evidence evidence;
    evidence.frames = out.frames;
    for (const SeriesPtr& input : material.inputs[side]) {
      Result<Codes> codes = collect(*input, frames);
      if (!codes) return std::move(codes).error();
      evidence.inputs.push_back(*std::move(codes));
    }
    Result<Codes> observed = collect(*material.observed[side], frames);
    if (!observed) return std::move(observed).error();
    evidence.observed = *std::move(observed);
    Result<Explanation> explained = explain(engine, node, std::move(evidence));
    if (!explained) {
      out.reason = "The model cannot compute it: " + explained.error().line();
      return out;
    }
    (side == 0 ? out.left : out.right) = *std::move(explained);
  }
  const bool left = out.left->differing != 0;
  const bool right = out.right->differing != 0;
  out.wrong = left ? (right ? WrongSide::kBoth : WrongSide::kLeft) : right ? WrongSide::kRight : WrongSide::kNeither;
  return out;
}

}  // namespace

std::string_view name(WrongSide side) {
  static constexpr std::array<std::string_view, 5> kNames{"unknown", "neither", "left", "right", "both"};
  return kNames[static_cast<std::size_t>(side)];
}

Result<Explanations> explain_sides(const Engine& engine, const Side& left, const Side& right,
                                   const diff::Report& report, FrameSource* inputs, const std::atomic<bool>* cancel) {
  const Result<diff::Matches> matches = diff::match(left, right, {});
  if (!matches) return matches.error();
  const Collector collector(engine, left, right, *matches, inputs);
  Explanations out;
  for (const diff::NodeReport& node : report.nodes) {
    if (is_cancelled(cancel)) return cancelled("comparison");
    const auto differs = [](const diff::FieldReport& field) { return field.field == "npu_y" && field.different != 0; };
    if (std::ranges::none_of(node.fields, differs) || node.origin == diff::Origin::kInherited) continue;
    if (out.nodes.size() == package::limits::kExplainedNodes) {
      ++out.left_out;
      continue;
    }
    const auto known = std::ranges::find(engine.nodes(), node.node, &NodeInfo::name);
    if (known == engine.nodes().end()) {
      out.nodes.push_back({node.node, node.op, WrongSide::kUnknown, "The model has no node of this name."});
      continue;
    }
    Result<NodeExplanation> explained =
        explain_node(engine, static_cast<std::size_t>(known - engine.nodes().begin()), collector, node);
    if (!explained) return std::move(explained).error();
    out.nodes.push_back(*std::move(explained));
  }
  return out;
}

}  // namespace witin::explain
