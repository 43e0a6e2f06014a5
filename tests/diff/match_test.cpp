// Which array is compared with which, and which frames: sides written by hand.
#include "sim/diff/match.hpp"

#include <doctest/doctest.h>

#include "sim/diff/frame_pairs.hpp"
#include "tests/diff/hand_side.hpp"

namespace {

using namespace witin;
using test::HandCodes;
using test::HandSide;
using test::kNoNames;

const HandCodes kTwo{1, 2, 3, 4};  // two frames of two values

// "a=a b=r ": node under which it is reported, and the right entry's node; missing ones as "-name" and "+name".
std::string matched(const HandSide& left, const HandSide& right, const diff::CompareOptions& options = {}) {
  const Result<diff::Matches> matches = diff::match(left, right, options);
  if (!matches) return matches.error().code;
  std::string out;
  for (const diff::Match& pair : matches->pairs) {
    out += pair.node + "/" + left.entries()[pair.left].field + "=" + right.entries()[pair.right].node + " ";
  }
  for (const diff::Missing& missing : matches->missing) out += (missing.left ? "+" : "-") + missing.node + " ";
  return out;
}

diff::Entry sampled(std::vector<std::int64_t> numbers, std::int64_t frames) {
  diff::Entry entry{.node = "n", .shape = {1}};
  entry.frames = frames;
  entry.frame_numbers = std::move(numbers);
  return entry;
}

// "0=0 2=1 -1 +0": stored positions, then frames that only the left and only the right side have.
std::string paired(const diff::Entry& left, const diff::Entry& right, bool by_position = false,
                   const diff::CompareOptions& options = {}) {
  const diff::FramePairs pairs = diff::pair_frames(left, right, by_position, options);
  std::string out;
  for (std::int64_t i = 0; i < pairs.count; ++i) {
    out += std::to_string(pairs.left_at(i)) + "=" + std::to_string(pairs.right_at(i)) + " ";
  }
  return out + "-" + std::to_string(pairs.missing_right) + " +" + std::to_string(pairs.missing_left);
}

}  // namespace

TEST_CASE("arrays of the same name are compared, in execution order; others are missing") {
  HandSide left, right;
  left.node("a", "conv2d", {"x"}, kTwo).node("b", "relu", {"a"}, kTwo).node("only", "relu", {"b"}, kTwo);
  right.node("b", "relu", {"a"}, kTwo).node("a", "conv2d", {"x"}, kTwo).node("new", "relu", {"b"}, kTwo);
  CHECK(matched(left, right) == "a/npu_y=a b/npu_y=b -only +new ");
  diff::CompareOptions options;
  options.nodes = "[ab]";
  CHECK(matched(left, right, options) == "a/npu_y=a b/npu_y=b ");
  options.nodes = "nothing*";
  CHECK(matched(left, right, options).empty());
}

TEST_CASE("fields are compared in the order a node computes them") {
  HandSide left, right;
  for (HandSide* const side : {&left, &right}) {
    for (const char* const field : {"npu_y", "adc", "npu_x"}) {
      side->array({.node = "a", .field = field, .op = "linear", .shape = {2}}, kTwo);
    }
  }
  CHECK(matched(left, right) == "a/npu_x=a a/adc=a a/npu_y=a ");
}

TEST_CASE("another shape is missing on both sides, and no array without a name is guessed") {
  HandSide left, right;
  left.node("a", "conv2d", {"x"}, kTwo);
  right.array({.node = "a", .op = "conv2d", .shape = {4}}, kTwo);
  CHECK(matched(left, right) == "-a +a ");
  HandSide unnamed(kNoNames, "npy");
  unnamed.array({.node = "", .shape = {2}}, kTwo);
  CHECK(matched(left, unnamed) == "a/npu_y= ");
  HandSide two;
  two.node("a", "relu", {"x"}, kTwo).node("b", "relu", {"x"}, kTwo);
  CHECK(matched(two, unnamed) == "diff.ambiguous");
  HandSide chain;
  chain.node("a", "relu", {"x"}, kTwo).node("b", "relu", {"a"}, kTwo);
  CHECK(matched(chain, unnamed) == "b/npu_y= -a ");  // the network's only output
}

TEST_CASE("frames from the first on, within what was asked for") {
  CHECK(paired(sampled({}, 3), sampled({}, 3)) == "0=0 1=1 2=2 -0 +0");
  CHECK(paired(sampled({}, 4), sampled({}, 2)) == "0=0 1=1 -2 +0");
  CHECK(paired(sampled({}, 1), sampled({}, 2)) == "0=0 -0 +1");
  diff::CompareOptions options;
  options.first_frame = 1;
  options.end_frame = 3;
  CHECK(paired(sampled({}, 4), sampled({}, 4), false, options) == "1=1 2=2 -0 +0");
  CHECK(paired(sampled({}, 4), sampled({}, 2), false, options) == "1=1 -1 +0");
  options.end_frame = -1;
  CHECK(paired(sampled({}, 1), sampled({}, 4), false, options) == "-0 +3");
}

TEST_CASE("a sample meets its frames, also one that holds a frame twice") {
  CHECK(paired(sampled({5, 2}, 2), sampled({}, 6)) == "0=5 1=2 -0 +0");
  CHECK(paired(sampled({}, 6), sampled({5, 2}, 2)) == "5=0 2=1 -0 +0");
  CHECK(paired(sampled({5, 9}, 2), sampled({}, 6)) == "0=5 -1 +0");
  CHECK(paired(sampled({1, 2}, 2), sampled({2, 1}, 2)) == "0=1 1=0 -0 +0");
  CHECK(paired(sampled({7, 7}, 2), sampled({7, 7}, 2)) == "0=0 1=1 -0 +0");
  CHECK(paired(sampled({5, 2}, 2), sampled({}, 6), true) == "0=0 1=1 -0 +4");
  diff::CompareOptions options;
  options.end_frame = 3;
  CHECK(paired(sampled({5, 2}, 2), sampled({}, 6), false, options) == "1=2 -0 +0");
}
