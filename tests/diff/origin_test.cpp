// Where differences come from: small traces written by hand, and what a reader of them says.
#include "sim/diff/origin.hpp"

#include <doctest/doctest.h>

#include "sim/diff/compare.hpp"
#include "tests/diff/hand_side.hpp"

namespace {

using namespace witin;
using test::HandCodes;
using test::HandSide;
using test::kNoNames;

const HandCodes kClean{1, 2, 3, 4, 5, 6, 7, 8};  // four frames of two values

HandCodes changed(const std::vector<std::size_t>& frames) {
  HandCodes codes = kClean;
  for (const std::size_t frame : frames) codes[2 * frame] = 100;
  return codes;
}

diff::Report compared(const HandSide& left, const HandSide& right) {
  Result<diff::Report> report = diff::compare(left, right, {.threads = 1});
  REQUIRE_MESSAGE(report.ok(), report.error().line());
  return *std::move(report);
}

// "culprit 1 2 0": the origin, and frames born, inherited and unknown.
std::string origin(const diff::Report& report, const std::string& name) {
  for (const diff::NodeReport& node : report.nodes) {
    if (node.node != name) continue;
    return std::string(diff::name(node.origin)) + " " + std::to_string(node.frames_born) + " " +
           std::to_string(node.frames_inherited) + " " + std::to_string(node.frames_unknown);
  }
  return "not compared";
}

HandSide chain(const HandCodes& a, const HandCodes& b, const HandCodes& c) {
  HandSide side;
  side.node("a", "conv2d", {"x"}, a).node("b", "relu", {"a"}, b).node("c", "linear", {"b"}, c);
  return side;
}

}  // namespace

TEST_CASE("a difference is born where the inputs are equal and inherited behind it") {
  const diff::Report report =
      compared(chain(kClean, kClean, kClean), chain(kClean, changed({1, 3}), changed({1, 2, 3})));
  CHECK(origin(report, "a") == "equal 0 0 0");
  CHECK(origin(report, "b") == "culprit 2 0 0");
  CHECK(origin(report, "c") == "culprit 1 2 0");  // frame 2 is its own
  CHECK(report.first->node == "b");
  CHECK(report.first->at.frame == 1);
  CHECK(report.first->at.index == Shape{0});
  CHECK(report.first->at.left == 3);
  CHECK(report.first->at.right == 100);
  CHECK(report.counts.compared == 24);
  CHECK(report.counts.different == 5);
  CHECK(report.counts.equal == 19);
  CHECK(origin(compared(chain(kClean, kClean, kClean), chain(kClean, changed({1}), changed({1}))), "c") ==
        "inherited 0 1 0");
}

TEST_CASE("the first node takes the network's input for equal, and says so") {
  const diff::Report report = compared(chain(kClean, kClean, kClean), chain(changed({0}), kClean, kClean));
  CHECK(origin(report, "a") == "culprit 1 0 0");
  CHECK(report.nodes[0].assumes_equal_input);
  CHECK(!report.nodes[1].assumes_equal_input);
}

TEST_CASE("a node that was not compared is looked through to what it reads") {
  HandSide left, right;
  left.node("a", "conv2d", {"x"}, kClean).node("b", "relu", {"a"}, kClean).node("c", "linear", {"b"}, kClean);
  right.node("a", "conv2d", {"x"}, changed({2})).node("c", "linear", {"b"}, changed({1, 2}));
  const diff::Report report = compared(left, right);
  CHECK(origin(report, "b") == "not compared");
  CHECK(origin(report, "c") == "culprit 1 1 0");
  CHECK(report.counts.missing_right == 8);
}

TEST_CASE("what is read from nowhere leaves the origin unknown") {
  HandSide left(kNoNames), right(kNoNames);
  left.node("c", "linear", {"b"}, kClean);
  right.node("c", "linear", {"b"}, changed({1, 2}));
  CHECK(origin(compared(left, right), "c") == "unknown 0 0 2");
  HandSide plain_left(kNoNames), plain_right(kNoNames);
  diff::Entry entry{.node = "c", .shape = {2}};
  plain_left.array(entry, kClean);
  plain_right.array(entry, changed({3}));
  CHECK(origin(compared(plain_left, plain_right), "c") == "unknown 0 0 1");
}

TEST_CASE("codes that drive a node decide before its inputs do") {
  const auto driven = [](const HandCodes& a, const HandCodes& x, const HandCodes& y) {
    HandSide side;
    diff::Entry entry{.node = "c", .field = "npu_x", .op = "linear", .inputs = {{"a"}}, .shape = {2}};
    side.node("a", "conv2d", {"x"}, a).array(entry, x).node("c", "linear", {"a"}, y);
    return side;
  };
  const HandSide left = driven(kClean, kClean, kClean);
  CHECK(origin(compared(left, driven(kClean, kClean, changed({2}))), "c") == "culprit 1 0 0");
  CHECK(origin(compared(left, driven(changed({2}), changed({2}), changed({2}))), "c") == "inherited 0 1 0");
  // Its input differs, what drives it does not: what differs then is its own.
  CHECK(origin(compared(left, driven(changed({2}), kClean, changed({2}))), "c") == "culprit 1 0 0");
  // What drives it differs, and its input does not: it was driven with something else.
  CHECK(origin(compared(left, driven(kClean, changed({2}), kClean)), "c") == "culprit 1 0 0");
}

TEST_CASE("a recurrent node inherits from its own earlier outputs, a node with memory from earlier inputs") {
  const auto cell = [](const HandCodes& a, const HandCodes& y) {
    HandSide side;
    side.node("a", "conv2d", {"x"}, a).node("h", "lstm", {"a"}, y);
    return side;
  };
  const HandSide left = cell(kClean, kClean);
  CHECK(origin(compared(left, cell(kClean, changed({1, 2, 3}))), "h") == "culprit 1 2 0");
  const auto memory = [](const HandCodes& a, const HandCodes& y, std::int64_t lookahead) {
    HandSide side;
    diff::Entry entry{.node = "t", .op = "tdnn", .inputs = {{"a"}}, .lookahead = lookahead, .shape = {2}};
    side.node("a", "conv2d", {"x"}, a).array(entry, y);
    return side;
  };
  const auto seen = [&](const std::vector<std::size_t>& in, const std::vector<std::size_t>& out,
                        std::int64_t lookahead) {
    return origin(compared(memory(kClean, kClean, lookahead), memory(changed(in), changed(out), lookahead)), "t");
  };
  CHECK(seen({1}, {1, 2, 3}, 0) == "inherited 0 3 0");
  CHECK(seen({1}, {0, 3}, 0) == "culprit 1 1 0");
  CHECK(seen({2}, {1, 2}, 1) == "inherited 0 2 0");
  CHECK(seen({3}, {1, 2}, 1) == "culprit 1 1 0");
}

TEST_CASE("two paths that join: differences of either are inherited") {
  const auto diamond = [](const HandCodes& a, const HandCodes& b, const HandCodes& sum) {
    HandSide side;
    side.node("a", "relu", {"x"}, a).node("b", "relu", {"x"}, b).node("s", "add", {"a", "b"}, sum);
    return side;
  };
  const diff::Report report =
      compared(diamond(kClean, kClean, kClean), diamond(changed({0}), changed({2}), changed({0, 1, 2})));
  CHECK(origin(report, "s") == "culprit 1 2 0");
}

TEST_CASE("bits of frames: spreading and later frames, across words") {
  diff::FrameBits bits(200, 1);
  CHECK(!bits.any());
  bits.set(70);
  diff::FrameBits spread = bits;
  spread.spread_from_first(10);
  CHECK(spread.word(0) == 0xF000000000000000U);  // 60..63
  CHECK(spread.word(1) == ~std::uint64_t{0});
  spread = bits;
  spread.spread_from_first(1000);
  CHECK(spread.word(0) == ~std::uint64_t{0});
  bits.only_after_first();
  CHECK(bits.word(0) == 0);
  CHECK(bits.word(1) == (~std::uint64_t{0} << 7));  // from 71
  diff::FrameBits coarse(200, 10);
  coarse.set(199);
  CHECK(coarse.word(0) == std::uint64_t{1} << 19);
  coarse.spread_from_first(15);  // two groups
  CHECK(coarse.word(0) == (~std::uint64_t{0} << 17));
}
