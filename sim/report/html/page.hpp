// One self-contained page: inline style and pictures, no scripts, nothing from elsewhere. It reads without JavaScript,
// in light and dark, on paper, and the same calls give the same bytes.
#pragma once

#include <vector>

#include "sim/report/html/markup.hpp"

namespace witin::report::html {

struct Cell {
  Cell(std::string words) : text(std::move(words)) {}  // NOLINT(google-explicit-constructor)
  Cell(const char* words) : text(words) {}             // NOLINT(google-explicit-constructor)
  Cell(std::string words, Tone cell_tone, std::string target = {})
      : text(std::move(words)), tone(cell_tone), link(std::move(target)) {}

  std::string text;
  Tone tone = Tone::kNeutral;
  std::string link = {};  // an anchor of the page, "#n3"
};

struct Table {
  struct Column {
    std::string title;
    bool number = false;  // to the right, figures of one width
  };
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows = {};  // as many cells as columns
};

struct Fact {
  std::string label;
  std::string value;
  Tone tone = Tone::kNeutral;
};

class Page {
 public:
  // `about`: one line below the title: the files, the program.
  Page(std::string_view title, std::string_view about);

  // The answer, before everything else.
  void verdict(Tone tone, std::string_view answer, std::string_view detail);
  void facts(const std::vector<Fact>& facts);
  // `anchor`: letters, digits and '-'; empty: none.
  void heading(std::string_view text, std::string_view anchor = {});
  void subheading(std::string_view text, Tone tone = Tone::kNeutral, std::string_view anchor = {});
  void paragraph(std::string_view text);
  void list(const std::vector<std::string>& items);
  void table(const Table& table, std::string_view caption = {});
  void figure(const Markup& picture, std::string_view caption);
  // Figures beside each other where there is room: between begin_row() and end_row().
  void begin_row() { body_ += "<div class=\"row\">\n"; }
  void end_row() { body_ += "</div>\n"; }
  // Shut until it is opened; between begin_details() and end_details().
  void begin_details(std::string_view summary);
  void end_details() { body_ += "</details>\n"; }
  // What the colours of this page mean.
  void legend(const std::vector<std::pair<Tone, std::string>>& entries);

  [[nodiscard]] std::string text() const;

 private:
  std::string title_;
  std::string body_;
};

}  // namespace witin::report::html
