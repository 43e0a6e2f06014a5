#include "sim/report/diff_page.hpp"

#include "tests/support/markup.hpp"

using namespace witin;
using diff::Origin;

namespace {

diff::NodeReport node_of(const std::string& name, std::vector<std::string> inputs, Origin origin,
                         std::int64_t different) {
  diff::NodeReport node;
  node.node = name;
  node.op = "conv2d";
  node.inputs = std::move(inputs);
  node.origin = origin;
  node.frames_different = different == 0 ? 0 : 1;
  diff::FieldReport field;
  field.field = "npu_y";
  field.shape = {16, 3, 3};
  field.frames = 100;
  field.values = 14400;
  field.different = different;
  field.channels = 16;
  if (different != 0) {
    field.largest_error = 3;
    field.histogram = {{0, 0, 14400 - different}, {1, 1, different - 1}, {3, 3, 1}};
    field.channel_groups.resize(16);
    field.channel_groups[13].different = different;
    field.map = {.rows = 50, .columns = 16, .frames_per_row = 2, .channels_per_column = 1, .different = {}};
    field.map.different.assign(800, 0);
    field.map.different[16 * 7 + 13] = different;
    field.examples = {{14, {13, 0, 2}, 12, 11}};
  }
  node.fields.push_back(field);
  return node;
}

diff::Report report_of(const std::string& culprit) {
  diff::Report report;
  report.left = {"left.wtrace", "trace", "net", "0123456789abcdef", 100};
  report.right = {"right.wtrace", "trace", "net", "0123456789abcdef", 100};
  report.nodes = {node_of("conv_1", {"image"}, Origin::kEqual, 0), node_of(culprit, {"conv_1"}, Origin::kCulprit, 12),
                  node_of("conv_3", {culprit, "side"}, Origin::kInherited, 40)};
  report.missing = {{"side", "npu_y", true, 100, 1600, "the left side does not have it"}};
  report.counts = {43200, 43148, 52, 52, 1600, 0};
  report.first = diff::FirstDifference{culprit, "npu_y", {14, {13, 0, 2}, 12, 11}};
  return report;
}

bool says(const std::string& page, std::string_view text) { return page.find(text) != std::string::npos; }

}  // namespace

TEST_CASE("the page says which layer, which channel, and where first") {
  const std::string page = report::diff_page(report_of("conv_2"));
  test::check_page(page);
  CHECK(says(page,
             "Different: 52 of 43\xE2\x80\xAF"
             "200 values, born in conv_2"));
  CHECK(says(page, "First difference in execution order: conv_2 npu_y, frame 14 [13, 0, 2]: left 12, right 11."));
  CHECK(says(page, "channel 13 holds 100 % of them; 1 of 16 channels touched"));
  CHECK(says(page, "channel 13: 12 differences"));
  CHECK(says(page,
             "frame 14\xE2\x80\x93"
             "15: 12 differences"));
  CHECK(says(page, "born here 0.1 %"));
  CHECK(says(page, "only right"));
  CHECK(test::occurrences(page, "class=\"node bad\"") == 1);
  CHECK(test::occurrences(page, "class=\"node warn\"") == 1);
  CHECK(test::occurrences(page, "class=\"node good\"") == 1);
  CHECK(test::occurrences(page, "class=\"node missing\"") == 1);
  CHECK(page.find("id=\"n1\"") < page.find("id=\"n2\""));  // the culprit first
  CHECK(report::diff_page(report_of("conv_2")) == page);
}

TEST_CASE("every link leads somewhere") {
  const std::string page = report::diff_page(report_of("conv_2"));
  for (std::size_t at = 0; (at = page.find("href=\"#", at)) != std::string::npos; ++at) {
    const std::string target = page.substr(at + 7, page.find('"', at + 7) - at - 7);
    CHECK(test::occurrences(page, "id=\"" + target + "\"") == 1);
  }
}

TEST_CASE("equal sides, tolerated differences, and sides without inputs") {
  diff::Report report;
  report.nodes = {node_of("a", {}, Origin::kEqual, 0), node_of("b", {}, Origin::kEqual, 0)};
  report.counts = {28800, 28800, 0, 0, 0, 0};
  std::string page = report::diff_page(report);
  test::check_page(page);
  CHECK(says(page, "<div class=\"verdict good\""));
  CHECK(!says(page, "class=\"edge"));

  report = report_of("conv_2");
  report.tolerance = 3;
  report.counts.beyond = 0;
  page = report::diff_page(report);
  CHECK(says(page, "all within 3 LSB"));
  CHECK(says(page, "<div class=\"verdict warn\""));
}

TEST_CASE("values that only one side has are a difference where that is asked for") {
  diff::Report report;
  report.nodes = {node_of("a", {}, Origin::kEqual, 0)};
  report.counts = {14400, 14400, 0, 0, 0, 7};
  CHECK(says(report::diff_page(report), "Equal in what both sides have"));
  CHECK(says(report::diff_page(report, true), "Different: values that only one side has"));
}

TEST_CASE("findings stand before the network, with what they explain") {
  explain::Explanations found;
  explain::NodeExplanation node{"conv_2", "conv2d", explain::WrongSide::kRight};
  node.right.emplace();
  node.right->differing = 12;
  node.right->equal = 14388;
  node.right->findings = {{{"flip"}, {"h"}, "The kernel is flipped in H.", "", 12, 0, true},
                          {{"other"}, {""}, "Something <else>.", "columns 3, 7", 3, 5, false}};
  found.nodes.push_back(node);
  found.nodes.push_back({"fc_1", "linear", explain::WrongSide::kUnknown, "Its input is on neither side."});
  const std::string page = report::diff_page(report_of("conv_2"), false, &found);
  test::check_page(page);
  CHECK(says(page,
             "The right side is not what the model computes in 12 of 14\xE2\x80\xAF"
             "400 values."));
  CHECK(says(page, "The kernel is flipped in H."));
  CHECK(says(page, "Something &lt;else&gt;."));
  CHECK(says(page, "columns 3, 7"));
  CHECK(says(page, "certain"));
  CHECK(says(page, "Not explained. Its input is on neither side."));
  CHECK(page.find("The kernel is flipped") < page.find("The network"));
}

TEST_CASE("the figures of a capture are shown, with the log's") {
  diff::Report report = report_of("conv_2");
  diff::CaptureReport capture;
  capture.raw.slope = 0.9871;
  capture.corrected.cosine = 0.99912;
  capture.logged_raw.emplace().slope = 0.9872;
  report.nodes[1].fields[0].capture = capture;
  const std::string page = report::diff_page(report);
  test::check_page(page);
  for (const char* figure : {"0.9871", "0.9991", "0.9872", "raw, program.log"}) CHECK(says(page, figure));
}

TEST_CASE("the page of a large comparison stays bounded") {
  diff::Report report = report_of("conv_2");
  for (int i = 0; i < 5000; ++i) {
    report.nodes.push_back(node_of("node_" + std::to_string(i), {"conv_3"}, Origin::kInherited, 7));
    report.missing.push_back({"lost_" + std::to_string(i), "npu_y", false, 1, 1, "x"});
  }
  const std::string page = report::diff_page(report);
  CHECK(page.size() < 3'000'000);
  test::check_page(page);
  CHECK(says(page, "further nodes that differ are not described."));
}

TEST_CASE("names of hostile files stay text") {
  const std::string page = report::diff_page(report_of("</svg></style><b onload=x>\n\x1b\xFF"));
  CHECK(test::unbalanced(page) == "");
  CHECK(test::is_utf8(page));
  CHECK(!says(page, "<b onload"));
}
