#include "sim/report/html/page.hpp"

#include "tests/support/markup.hpp"

using namespace witin::report::html;

namespace {

std::string whole_page(const std::string& name) {
  Page page(name, "about " + name);
  page.verdict(Tone::kBad, "different: " + name, name);
  page.facts({{"compared", name}, {"different", "3", Tone::kBad}});
  page.legend({{Tone::kGood, "equal"}, {Tone::kBad, "born here"}, {Tone::kMuted, name}});
  page.heading(name, "nodes");
  page.subheading(name, Tone::kWarn, "n0");
  page.paragraph(name);
  page.list({name, "second"});
  page.table({{{"node"}, {"different", true}}, {{{name, Tone::kBad, "#n0"}, "12"}, {"b", {"0", Tone::kGood}}}}, name);
  page.begin_row();
  page.figure({"<svg></svg>"}, name);
  page.end_row();
  page.begin_details(name);
  page.end_details();
  return page.text();
}

}  // namespace

TEST_CASE("a page stands alone, with any names in it") {
  witin::test::check_page(whole_page("conv_1"));
  const std::string hostile = whole_page("</title><b onload=\"x\">'\x01\xFF&");
  CHECK(witin::test::unbalanced(hostile) == "");
  CHECK(witin::test::is_utf8(hostile));
  CHECK(hostile.find("<b") == hostile.find("<body>"));
  CHECK(hostile.find("onload=\"") == std::string::npos);
}

TEST_CASE("the same calls give the same bytes") { CHECK(whole_page("a") == whole_page("a")); }

TEST_CASE("tones are said in words and signs as well") {
  const std::string page = whole_page("net");
  CHECK(page.find("<span class=\"tag good\">= equal</span>") != std::string::npos);
  CHECK(page.find("<span class=\"tag bad\">\xE2\x9C\x97 born here</span>") != std::string::npos);
  CHECK(page.find("prefers-color-scheme: dark") != std::string::npos);
}

TEST_CASE("a long table says what it leaves out") {
  Table table{{{"node"}}, {}};
  for (int i = 0; i < 1001; ++i) table.rows.push_back({"row"});
  Page page("t", "a");
  page.table(table);
  CHECK(witin::test::occurrences(page.text(), "<td>") == 1000);
  CHECK(page.text().find("1 further row left out.") != std::string::npos);
}
