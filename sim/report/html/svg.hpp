// One inline picture: shapes with classes of the page's style sheet, coordinates in CSS pixels with one decimal.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "sim/report/html/markup.hpp"

namespace witin::report::html {

using Path = std::vector<std::pair<double, double>>;

enum class Anchor : std::uint8_t { kStart, kMiddle, kEnd };

class Svg {
 public:
  // `title` and `description` are read by screen readers; the description says in words what the picture shows.
  Svg(double width, double height, std::string_view title, std::string_view description);

  // `tip`, where it is not empty, is shown by browsers on hovering.
  void rect(double x, double y, double width, double height, std::string_view css_class, std::string_view tip = {},
            double radius = 0);
  void line(double x1, double y1, double x2, double y2, std::string_view css_class);
  void polyline(const Path& points, std::string_view css_class);
  void polygon(const Path& points, std::string_view css_class);
  void circle(double x, double y, double radius, std::string_view css_class, std::string_view tip = {});
  // A smooth connection that leaves and arrives horizontally.
  void curve(double x1, double y1, double x2, double y2, std::string_view css_class);
  // Rectangles of one class as one element: [x, y, width, height] each, in whole pixels.
  struct Box {
    int x = 0, y = 0, width = 0, height = 0;
  };
  void boxes(const std::vector<Box>& boxes, std::string_view css_class);
  void text(double x, double y, std::string_view words, std::string_view css_class, Anchor anchor = Anchor::kStart);
  // Upwards along the y axis.
  void text_upwards(double x, double y, std::string_view words, std::string_view css_class);

  // Everything until close_link() leads to an anchor of the same page ("#n3").
  void open_link(std::string_view target);
  void close_link() { body_ += "</a>\n"; }

  [[nodiscard]] Markup finish() &&;

 private:
  std::string body_;
};

}  // namespace witin::report::html
