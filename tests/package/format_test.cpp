// The contract pages and the code name the same operators, tensors, attributes and error codes.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>

#include "sim/ops/registry.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using namespace witin;

std::vector<std::string> lines_of(const std::string& path) {
  const std::string text = test::read_text(path);
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::string code(std::string_view name) { return "`" + std::string(name) + "`"; }

// The row of the operators' tables whose first cell names `op`.
std::string row_of(const std::vector<std::string>& lines, std::string_view op) {
  std::string rows;
  for (const std::string& line : lines) {
    if (line.starts_with("| `") && line.substr(0, line.find('|', 1)).find(code(op)) != std::string::npos) rows += line;
  }
  return rows;
}

// Every error code that the sources of a folder can give.
std::set<std::string> codes_in(const std::string& folder, const std::string& refuse_prefix) {
  const std::regex direct(
      "\"((?:file|zip|npy|json|package|manifest|trace|input|output|resource|node|attribute|tensor|axis|pool|reshape|"
      "slice|output_rule|noise)\\.[a-z_0-9]+)\"");
  const std::regex helper("(zip_error|npy_error|bad|refuse|syntax)\\(\\s*\"([a-z_0-9]+)\"");
  std::set<std::string> codes;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".cpp") continue;
    const std::string text = test::read_text(entry.path());
    for (std::sregex_iterator it(text.begin(), text.end(), direct), end; it != end; ++it) {
      if ((*it)[1] != "manifest.json" && (*it)[1] != "trace.json") codes.insert((*it)[1]);
    }
    for (std::sregex_iterator it(text.begin(), text.end(), helper), end; it != end; ++it) {
      const std::string function = (*it)[1];
      if (function == "syntax") continue;
      codes.insert((function == "zip_error"                       ? "zip."
                    : function == "npy_error"                     ? "npy."
                    : function == "bad"                           ? "output_rule."
                    : entry.path().filename() == "noise_file.cpp" ? "noise."
                                                                  : refuse_prefix) +
                   (*it)[2].str());
    }
  }
  return codes;
}

}  // namespace

TEST_CASE("sim/package/format.md names every operator with its tensors and attributes") {
  const auto lines = lines_of("sim/package/format.md");
  const auto array_attributes = [&] {
    std::string rows;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (!lines[i].starts_with("| array attribute")) continue;
      for (; i < lines.size() && lines[i].starts_with("|"); ++i) rows += lines[i].substr(0, lines[i].find('|', 1));
    }
    return rows;
  }();
  REQUIRE(!array_attributes.empty());
  for (const ops::OpDef* op : ops::registry()) {
    std::string row = row_of(lines, op->name);
    INFO(std::string(op->name));
    REQUIRE(!row.empty());
    for (const ops::TensorRule& tensor : op->tensors) CHECK(row.find(code(tensor.role)) != std::string::npos);
    if (row.find("array attributes") != std::string::npos || op->name == "conv_transpose2d") row += array_attributes;
    if (op->name == "conv_transpose2d") row += row_of(lines, "conv2d");
    for (const ops::AttributeRule& attribute : op->attributes) {
      INFO(std::string(attribute.name));
      const std::size_t at = row.find(code(attribute.name));
      REQUIRE(at != std::string::npos);
      if (attribute.required) CHECK(row[at + attribute.name.size() + 2] == '*');
    }
  }
}

TEST_CASE("the pages list every error code") {
  const std::string package = test::read_text("sim/package/format.md");
  const std::string trace = test::read_text("sim/trace/format.md");
  const std::string noise = test::read_text("sim/noise/noise.md");
  const auto codes = codes_in("sim/package", "manifest.");
  CHECK(codes.size() > 70);
  const auto check_listed = [&](const std::string& name) {
    INFO(name);
    CHECK((name.starts_with("noise.") ? noise : package).find(code(name)) != std::string::npos);
  };
  for (const std::string& name : codes) check_listed(name);
  for (const std::string folder : {"sim/ops", "sim/array", "sim/arith", "sim/engine", "sim/noise"}) {
    for (const std::string& name : codes_in(folder, "")) check_listed(name);
  }
  for (const std::string& name : codes_in("sim/trace", "trace.")) {
    INFO(name);
    CHECK((trace.find(code(name)) != std::string::npos || package.find(code(name)) != std::string::npos));
  }
}
