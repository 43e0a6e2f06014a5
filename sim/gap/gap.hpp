// What training did not see: one network on the training library's profile and on the chip's, node by node.
//
// Errors are chip - library, in LSB of the node's codes. A value is born different where the node, given the library's
// own inputs, computes another code on the chip's profile; it is inherited where it differs in the free running network
// although the node itself would have given the library's code. A difference can also be born and then undone by what
// was inherited, so that different <= born + inherited. Everything is bounded: it does not grow with the frames.
#pragma once

#include <array>

#include "sim/diff/report.hpp"
#include "sim/gap/copies.hpp"
#include "sim/report/accuracy.hpp"
#include "witin/engine.hpp"

namespace witin::gap {

// Errors -kMostError..kMostError have a bin each, the first and the last bin also hold those beyond.
inline constexpr std::int64_t kMostError = 9;
using ErrorBins = std::array<std::int64_t, 2 * kMostError + 1>;

struct Errors {
  std::int64_t different = 0;     // values
  std::int64_t sum = 0;           // of errors
  std::int64_t absolute_sum = 0;  // of their absolute values
  std::int64_t largest = 0;       // absolute
  ErrorBins bins = {};
};

// Why values are born different in a node whose accumulator is known: acc / g is the sum in LSB of the output.
struct Causes {
  std::int64_t half = 0;  // acc / g lies exactly between two codes: the library takes the even one, the chip the upper
  std::int64_t negative = 0;  // acc / g is negative: the chip cuts it to a quarter of an LSB towards zero first
  std::int64_t other = 0;     // any other operator, or an accumulator in two parts
};

struct NodeGap {
  std::string name;
  std::string op;
  Shape shape;
  std::vector<std::string> inputs;
  bool kept = false;     // computed by the same rules on both sides
  std::string why = {};  // in words, where kept
  std::int64_t values = 0;
  Errors free;  // the chip's network against the library's
  Errors born;  // the node alone, on the library's inputs
  std::int64_t inherited = 0;
  std::int64_t frames_different = 0;
  Causes causes;      // of born
  diff::HeatMap map;  // of born differences, over frames and channels (axis 0 of a frame)
};

struct OutputGap {
  std::string name;
  std::int64_t frames_different = 0;
  bool is_class = false;             // more than one value: the first largest is a class
  std::int64_t classes_changed = 0;  // frames
};

struct Report {
  std::string package;
  std::string sha256;
  std::int64_t first_frame = 0;
  std::int64_t frames = 0;
  std::vector<NodeGap> nodes;  // in execution order
  std::vector<OutputGap> outputs;
  std::optional<report::Accuracy> library_accuracy = {};
  std::optional<report::Accuracy> chip_accuracy = {};

  // The node that most values are born different in; null where none is.
  [[nodiscard]] const NodeGap* worst() const;
  [[nodiscard]] std::int64_t born() const;       // over all nodes
  [[nodiscard]] std::int64_t different() const;  // over all nodes, free running
};

// Runs the network's three copies at once. `source` holds the original network's inputs; `labels` may be empty.
// Errors: of make_copies, of the run, of labels.
[[nodiscard]] Result<Report> measure(const Package& package, FrameSource& source, const std::filesystem::path& labels,
                                     const RunOptions& options);

}  // namespace witin::gap
