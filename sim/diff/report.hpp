// What a comparison of two sides found, as plain data. Everything is bounded: it does not grow with the number of
// frames or of differences, only with the number of nodes.
//
// The error of a value is right - left, in LSB of its code: left is what was expected, right what was found.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "witin/types.hpp"

namespace witin::diff {

struct SideInfo {
  std::string path;
  std::string kind;     // "trace", "npz", "npy", "folder", "mapper", "text folder", "capture"
  std::string package;  // name and digest of the package that was run; empty: unknown
  std::string package_sha256;
  std::int64_t frames = 0;  // of its longest array
};

struct Counts {
  std::int64_t compared = 0;  // values
  std::int64_t equal = 0;
  std::int64_t different = 0;
  std::int64_t beyond = 0;         // of the different ones, with an error larger than the tolerance
  std::int64_t missing_left = 0;   // values that only the right side has
  std::int64_t missing_right = 0;  // values that only the left side has
};

// One value that differs.
struct Example {
  std::int64_t frame = 0;  // of the run
  Shape index = {};        // in the frame
  std::int64_t left = 0;
  std::int64_t right = 0;
};

struct FirstDifference {
  std::string node;
  std::string field;
  Example at;
};

struct HistogramBin {
  std::int64_t lo = 0;  // errors lo <= right - left <= hi
  std::int64_t hi = 0;
  std::int64_t count = 0;
};

// Where differing values lie: `rows` groups of frames by `columns` groups of channels.
struct HeatMap {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::int64_t frames_per_row = 1;  // the last row and column may be of fewer
  std::int64_t channels_per_column = 1;
  std::vector<std::int64_t> different = {};  // rows * columns
};

// A group of channels (axis 0 of a frame), one for each channel up to package::limits::kChannelGroups.
struct ChannelGroup {
  std::int64_t different = 0;
  std::int64_t error_sum = 0;  // signed, in LSB
};

// The figures of the vendor's burning tool for a capture of the hardware: of the error chip - expected, in LSB, with
// one row a frame and one column an output. Standard deviations are of the population.
struct CaptureFigures {
  double frame_deviation_max = 0;  // over frames, of the standard deviation over a frame's columns
  double frame_deviation_mean = 0;
  double column_deviation_max = 0;  // over columns, of the standard deviation over a column's frames
  double column_deviation_mean = 0;
  double frame_mean_max = 0;  // largest absolute mean error of a frame
  double frame_mean = 0;
  double column_mean_max = 0;  // largest absolute mean error of a column
  double column_mean = 0;
  double slope = 0;  // chip = slope * expected + intercept, least squares
  double intercept = 0;
  double cosine = 0;
};

struct CaptureReport {
  bool chip_is_right = true;
  CaptureFigures raw;
  CaptureFigures corrected;  // after every column's mean error was taken off the chip's values
  // What the tool's own program.log says of this layer, where the capture has one.
  std::optional<CaptureFigures> logged_raw = {};
  std::optional<CaptureFigures> logged_corrected = {};
};

// Where the differences of a node come from.
enum class Origin : std::uint8_t {
  kEqual,      // there are none
  kCulprit,    // in some frame its inputs are equal and its output differs
  kInherited,  // wherever its output differs, its inputs differ
  kUnknown,    // the sides do not hold its inputs
};
[[nodiscard]] std::string_view name(Origin origin);  // "equal", "culprit", "inherited", "unknown"

struct FieldReport {
  std::string field;
  Shape shape = {};
  std::string left_source = {};  // the member or file, where it is not NODE/FIELD.npy
  std::string right_source = {};
  std::int64_t frames = 0;  // compared
  std::int64_t values = 0;  // compared
  std::int64_t different = 0;
  std::int64_t beyond = 0;
  std::int64_t frames_different = 0;
  std::int64_t largest_error = 0;            // absolute
  double mean_error = 0;                     // over all compared values, signed
  double mean_absolute_error = 0;            // over all compared values
  std::vector<HistogramBin> histogram = {};  // bins that are not empty, of all compared values, ascending
  std::int64_t channels = 1;
  std::int64_t channels_per_group = 1;
  std::vector<ChannelGroup> channel_groups = {};  // empty where no value differs
  HeatMap map = {};                               // rows 0 where no value differs
  std::vector<Example> examples = {};             // the first ones, by frame and position
  std::optional<CaptureReport> capture = {};
};

struct NodeReport {
  std::string node;
  std::string op = {};                   // empty: unknown
  std::vector<std::string> inputs = {};  // names of nodes and of network inputs; empty: unknown
  Origin origin = Origin::kEqual;
  // Frames in which npu_y differs (one frame stands for several in runs of more than a hundred million frames).
  std::int64_t frames_different = 0;
  std::int64_t frames_born = 0;       // with equal inputs
  std::int64_t frames_inherited = 0;  // with inputs that differ, or with a state that did in an earlier frame
  std::int64_t frames_unknown = 0;
  // `born` takes for granted that both runs were given the same network input, which sides do not hold.
  bool assumes_equal_input = false;
  std::vector<FieldReport> fields = {};  // in the order they are computed: npu_y last
};

// An array, or frames of one, that only one side has.
struct Missing {
  std::string node;
  std::string field;
  bool left = false;  // it is missing on the left side; false: on the right
  std::int64_t frames = 0;
  std::int64_t values = 0;
  std::string reason = {};
};

struct Report {
  SideInfo left;
  SideInfo right;
  std::int64_t tolerance = 0;
  Counts counts;
  std::optional<FirstDifference> first = {};  // in execution order: of the earliest node, there of the earliest frame
  std::vector<NodeReport> nodes = {};         // compared, in execution order
  std::vector<Missing> missing = {};
  std::vector<std::string> notes = {};  // sentences about how the sides were matched

  [[nodiscard]] bool within_tolerance() const { return counts.beyond == 0; }
};

}  // namespace witin::diff
