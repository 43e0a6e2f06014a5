// Statistics of differing values against figures worked out by hand, and their bounds.
#include "sim/diff/tally.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "sim/diff/compare.hpp"
#include "sim/package/limits.hpp"
#include "tests/diff/hand_side.hpp"

namespace {

using namespace witin;
namespace limits = package::limits;

using Values = std::vector<std::int64_t>;

std::string text_of(const std::vector<diff::HistogramBin>& bins) {
  std::string out;
  for (const diff::HistogramBin& bin : bins) {
    out += std::to_string(bin.lo) + ".." + std::to_string(bin.hi) + ":" + std::to_string(bin.count) + " ";
  }
  return out;
}

// What is told of one array in whose last frame the last value differs.
diff::FieldReport last_differs(Shape shape, std::int64_t frames) {
  const diff::TallyShape of{std::move(shape), frames, 0, 5};
  diff::Tally tally(of);
  const Values left(static_cast<std::size_t>(element_count(of.shape)), 0);
  Values right = left;
  right.back() = 1;
  tally.add(frames - 1, frames - 1, 0, left.data(), right.data(), left.size());
  diff::FieldReport report;
  tally.fill(report, element_count(of.shape) * frames);
  return report;
}

}  // namespace

TEST_CASE("tally: two frames of two channels by three") {
  const diff::TallyShape of{{2, 3}, 2, 1, 3};
  diff::Tally tally(of);
  const Values left0{0, 0, 0, 5, 5, 5}, right0{1, 0, -2, 5, 25, 5};  // errors 1, -2, 20
  const Values left1{0, 0, 0, 0, 0, 0}, right1{0, 0, 0, -9, 0, 8};   // errors -9, 8
  tally.add(0, 40, 0, left0.data(), right0.data(), 6);
  tally.add(1, 41, 0, left1.data(), right1.data(), 6);
  CHECK(tally.different() == 5);
  CHECK(tally.beyond() == 4);
  diff::FieldReport report;
  tally.fill(report, 12);
  CHECK(report.frames_different == 2);
  CHECK(report.largest_error == 20);
  CHECK(report.mean_error == 1.5);
  CHECK(report.mean_absolute_error == 40.0 / 12);
  CHECK(text_of(report.histogram) == "-16..-9:1 -2..-2:1 0..0:7 1..1:1 8..8:1 17..32:1 ");
  REQUIRE(report.channel_groups.size() == 2);
  CHECK(report.channel_groups[0].different == 2);
  CHECK(report.channel_groups[0].error_sum == -1);
  CHECK(report.channel_groups[1].different == 3);
  CHECK(report.channel_groups[1].error_sum == 19);
  CHECK(report.map.different == Values{2, 1, 0, 2});
  REQUIRE(report.examples.size() == 3);
  CHECK(report.examples[0].frame == 40);
  CHECK(report.examples[0].index == Shape{0, 0});
  CHECK(report.examples[2].index == Shape{1, 1});
  CHECK(report.examples[2].left == 5);
  CHECK(report.examples[2].right == 25);
}

TEST_CASE("tally: what threads gathered is the same merged in any order") {
  const diff::TallyShape of{{4}, 6, 0, 4};
  const Values zero{0, 0, 0, 0};
  const auto part = [&](const std::vector<std::int64_t>& frames) {
    diff::Tally tally(of);
    for (const std::int64_t frame : frames) {
      const Values right{0, frame + 1, 0, -frame};
      tally.add(frame, frame, 0, zero.data(), right.data(), 4);
    }
    return tally;
  };
  const auto told = [](const diff::Tally& tally) {
    diff::FieldReport report;
    tally.fill(report, 24);
    std::string out = text_of(report.histogram);
    for (const diff::Example& at : report.examples) {
      out += std::to_string(at.frame) + to_string(at.index) + std::to_string(at.right) + " ";
    }
    for (const std::int64_t count : report.map.different) out += std::to_string(count) + " ";
    return out + std::to_string(report.frames_different);
  };
  const std::string whole = told(part({0, 1, 2, 3, 4, 5}));
  CHECK(whole.find("0[1]1 1[1]2 1[3]-1 2[1]3 ") != std::string::npos);
  for (const bool swapped : {false, true}) {
    diff::Tally first = part(swapped ? std::vector<std::int64_t>{1, 4, 5} : std::vector<std::int64_t>{0, 2, 3});
    first.merge(part(swapped ? std::vector<std::int64_t>{0, 2, 3} : std::vector<std::int64_t>{1, 4, 5}));
    CHECK(told(first) == whole);
  }
}

TEST_CASE("errors are clamped where integers are no codes") {
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kGreatest = std::numeric_limits<std::int64_t>::max();
  CHECK(diff::error_of(3, -4) == -7);
  CHECK(diff::error_of(kLeast, kGreatest) == diff::kLargestError);
  CHECK(diff::error_of(kGreatest, kLeast) == -diff::kLargestError);
  CHECK(diff::error_of(0, diff::kLargestError - 1) == diff::kLargestError - 1);
  CHECK(diff::error_of(0, diff::kLargestError + 1) == diff::kLargestError);
}

TEST_CASE("the size of what is told of an array is bounded") {
  const auto rows = static_cast<std::int64_t>(limits::kMapRows);
  for (const std::int64_t frames : {rows - 1, rows, rows + 1}) {
    const diff::FieldReport report = last_differs({3}, frames);
    CHECK(report.map.frames_per_row == (frames <= rows ? 1 : 2));
    CHECK(std::int64_t(report.map.rows) == (frames <= rows ? frames : (frames + 1) / 2));
    CHECK(report.map.different.back() == 1);
  }
  const auto columns = static_cast<std::int64_t>(limits::kMapColumns);
  for (const std::int64_t channels : {columns - 1, columns, columns + 1}) {
    const diff::FieldReport report = last_differs({channels, 2}, 1);
    CHECK(report.map.channels_per_column == (channels <= columns ? 1 : 2));
    CHECK(std::int64_t(report.map.columns) == (channels <= columns ? channels : (channels + 1) / 2));
    CHECK(report.map.different.back() == 1);
  }
  const auto groups = static_cast<std::int64_t>(limits::kChannelGroups);
  for (const std::int64_t channels : {groups - 1, groups, groups + 1}) {
    const diff::FieldReport report = last_differs({channels}, 1);
    CHECK(report.channels == channels);
    CHECK(report.channels_per_group == (channels <= groups ? 1 : 2));
    CHECK(std::ssize(report.channel_groups) == (channels <= groups ? channels : (channels + 1) / 2));
    CHECK(report.channel_groups.back().different == 1);
  }
  const diff::FieldReport huge = last_differs({std::int64_t{1} << 16}, std::int64_t{1} << 40);
  CHECK(huge.map.different.size() == limits::kMapRows * limits::kMapColumns);
}

TEST_CASE("as many examples as were asked for, the first ones, on any number of threads") {
  test::HandCodes left(3000, 1), right(3000, 2);
  test::HandSide one, other;
  one.array({.node = "n", .shape = {3}}, left);
  other.array({.node = "n", .shape = {3}}, right);
  for (const int threads : {1, 3}) {
    for (const std::size_t most : {std::size_t{0}, std::size_t{1}, std::size_t{999}, std::size_t{3001}}) {
      const auto report = diff::compare(one, other, {.max_examples = most, .threads = threads});
      REQUIRE(report.ok());
      const auto& examples = report->nodes[0].fields[0].examples;
      CHECK(examples.size() == std::min<std::size_t>(most, 3000));
      for (std::size_t i = 0; i < examples.size(); ++i) {
        CHECK(examples[i].frame == std::int64_t(i / 3));
        CHECK(examples[i].index == Shape{std::int64_t(i % 3)});
      }
      CHECK(report->first.has_value());
    }
  }
}
