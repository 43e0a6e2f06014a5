#include "sim/report/gap_page.hpp"

#include "sim/report/gap_report.hpp"
#include "tests/support/markup.hpp"

using namespace witin;

namespace {

gap::Report gap_of(const std::string& name) {
  gap::Report report;
  report.package = name;
  report.frames = 100;
  gap::NodeGap node;
  node.name = name;
  node.op = "conv2d";
  node.shape = {4, 5};
  node.inputs = {"in"};
  node.values = 2000;
  node.free.different = node.born.different = 10;
  node.free.largest = 1;
  node.free.bins[10] = 9;  // +1
  node.free.bins[8] = 1;
  node.frames_different = 7;
  node.causes = {3, 7, 0};
  node.map = {.rows = 50, .columns = 4, .frames_per_row = 2, .channels_per_column = 1, .different = {}};
  node.map.different.assign(200, 0);
  node.map.different[42] = 10;
  report.nodes.push_back(node);
  report.outputs.push_back({name, 7, true, 2});
  return report;
}

}  // namespace

TEST_CASE("the page of a gap stands alone and names node, channel and reason") {
  const std::string page = report::gap_page(gap_of("conv_1"));
  test::check_page(page);
  CHECK(page.find("Most is born in conv_1") != std::string::npos);
  CHECK(page.find("channel 2 holds 100 % of them; 1 of 4 channels touched") != std::string::npos);
  CHECK(page.find("channel 2: 10 differences") != std::string::npos);
  CHECK(page.find("frame 20\xE2\x80\x93"
                  "21: 10 differences") != std::string::npos);
  CHECK(page.find("70.0 % where the chip cuts a negative sum towards zero") != std::string::npos);
  CHECK(page.find("-1: 1 value") != std::string::npos);
}

TEST_CASE("names of a hostile package stay text") {
  const std::string page = report::gap_page(gap_of("</svg><b onload=x>\n\x1b"));
  CHECK(test::unbalanced(page) == "");
  CHECK(page.find("<b onload") == std::string::npos);
}

TEST_CASE("a network of ten thousand nodes makes a page of bounded size") {
  gap::Report report = gap_of("conv_1");
  for (int i = 0; i < 9999; ++i) {
    report.nodes.push_back(report.nodes.front());
    report.nodes.back().name = "node_" + std::to_string(i);
    report.nodes.back().inputs = {i == 0 ? "conv_1" : "node_" + std::to_string(i - 1)};
  }
  const std::string page = report::gap_page(report);
  CHECK(page.size() < 3'000'000);
  test::check_page(page);
}

TEST_CASE("one sentence says what training did not see") {
  CHECK(
      report::gap_conclusion(gap_of("conv_1")) ==
      "Training did not see the chip's rounding in conv_1 (conv2d): 0.5 % of its outputs are born different, 100 % of "
      "all that are (70.0 % where the chip cuts a negative sum towards zero, at a quarter of an LSB; 30.0 % where a "
      "sum lies exactly between two codes: the library takes the even one, the chip the upper); at output conv_1 7 of "
      "100 frames with other codes, 2 with another largest one.");
  gap::Report equal;
  equal.frames = 3;
  CHECK(report::gap_conclusion(equal).starts_with("Training saw everything"));
}
