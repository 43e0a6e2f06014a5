#include "sim/report/html/page.hpp"

#include "sim/package/limits.hpp"
#include "sim/report/html/style.hpp"
#include "sim/report/table.hpp"
#include "witin/version.hpp"

namespace witin::report::html {
namespace {

std::string anchor_attribute(std::string_view anchor) {
  return anchor.empty() ? "" : " id=\"" + escaped(anchor) + "\"";
}

std::string toned(Tone tone, std::string_view text) {
  if (tone == Tone::kNeutral) return escaped(text);
  const std::string sign(sign_of(tone));
  return "<span class=\"tag " + std::string(class_of(tone)) + "\">" + sign + " " + escaped(text) + "</span>";
}

std::string cell(const Cell& cell, bool number) {
  std::string content = toned(cell.tone, cell.text);
  if (!cell.link.empty()) content = "<a href=\"" + escaped(cell.link) + "\">" + content + "</a>";
  return (number ? "<td class=\"number\">" : "<td>") + content + "</td>";
}

}  // namespace

Page::Page(std::string_view title, std::string_view about)
    : title_(title),
      body_("<header>\n<h1>" + escaped(title) + "</h1>\n<p class=\"about\">" + escaped(about) + "</p>\n</header>\n") {}

void Page::verdict(Tone tone, std::string_view answer, std::string_view detail) {
  body_ += "<div class=\"verdict " + std::string(class_of(tone)) + "\" role=\"status\">\n<p class=\"answer\">" +
           std::string(sign_of(tone)) + " " + escaped(answer) + "</p>\n";
  if (!detail.empty()) body_ += "<p>" + escaped(detail) + "</p>\n";
  body_ += "</div>\n";
}

void Page::facts(const std::vector<Fact>& facts) {
  body_ += "<dl class=\"facts\">\n";
  for (const Fact& fact : facts) {
    body_ += "<div class=\"" + std::string(class_of(fact.tone)) + "\"><dt>" + escaped(fact.label) + "</dt><dd>" +
             escaped(fact.value) + "</dd></div>\n";
  }
  body_ += "</dl>\n";
}

void Page::heading(std::string_view text, std::string_view anchor) {
  body_ += "<h2" + anchor_attribute(anchor) + ">" + escaped(text) + "</h2>\n";
}

void Page::subheading(std::string_view text, Tone tone, std::string_view anchor) {
  body_ += "<h3" + anchor_attribute(anchor) + ">" + toned(tone, text) + "</h3>\n";
}

void Page::paragraph(std::string_view text) { body_ += "<p>" + escaped(text) + "</p>\n"; }

void Page::list(const std::vector<std::string>& items) {
  body_ += "<ul>\n";
  for (const std::string& item : items) body_ += "<li>" + escaped(item) + "</li>\n";
  body_ += "</ul>\n";
}

void Page::table(const Table& table, std::string_view caption) {
  body_ += "<div class=\"scroll\"><table>\n";
  if (!caption.empty()) body_ += "<caption>" + escaped(caption) + "</caption>\n";
  body_ += "<thead><tr>";
  for (const Table::Column& column : table.columns) {
    body_ += std::string("<th scope=\"col\"") + (column.number ? " class=\"number\">" : ">") + escaped(column.title) +
             "</th>";
  }
  body_ += "</tr></thead>\n<tbody>\n";
  const std::size_t shown = std::min(table.rows.size(), package::limits::kTableRows);
  for (std::size_t r = 0; r < shown; ++r) {
    body_ += "<tr>";
    for (std::size_t c = 0; c < table.columns.size(); ++c) body_ += cell(table.rows[r][c], table.columns[c].number);
    body_ += "</tr>\n";
  }
  body_ += "</tbody>\n</table></div>\n";
  if (shown < table.rows.size()) {
    paragraph(counted(static_cast<std::int64_t>(table.rows.size() - shown), "further row") + " left out.");
  }
}

void Page::figure(const Markup& picture, std::string_view caption) {
  body_ += "<figure>\n" + picture.text + "<figcaption>" + escaped(caption) + "</figcaption>\n</figure>\n";
}

void Page::begin_details(std::string_view summary) {
  body_ += "<details>\n<summary>" + escaped(summary) + "</summary>\n";
}

void Page::legend(const std::vector<std::pair<Tone, std::string>>& entries) {
  body_ += "<p class=\"legend\">";
  for (const auto& [tone, words] : entries) body_ += toned(tone, words) + " ";
  body_ += "</p>\n";
}

std::string Page::text() const {
  // The policy forbids what the page does not have: a browser would refuse a script even if one got in.
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta name=\"color-scheme\" content=\"light dark\">\n<title>" +
         escaped(title_) + "</title>\n<style>\n" + std::string(style_sheet()) + "</style>\n</head>\n<body>\n<main>\n" +
         body_ + "</main>\n<footer>witin-sim " + std::string(version()) + "</footer>\n</body>\n</html>\n";
}

}  // namespace witin::report::html
