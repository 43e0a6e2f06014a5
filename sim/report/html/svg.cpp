#include "sim/report/html/svg.hpp"

namespace witin::report::html {
namespace {

std::string px(double value) {
  std::string text = fixed(value, 1);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string attribute(std::string_view name, double value) {
  return " " + std::string(name) + "=\"" + px(value) + "\"";
}

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + escaped(value) + "\"";
}

std::string points_of(const Path& points) {
  std::string out;
  for (const auto& [x, y] : points) out += (out.empty() ? "" : " ") + px(x) + "," + px(y);
  return out;
}

std::string closing(std::string_view tag, std::string_view tip) {
  if (tip.empty()) return "/>\n";
  return "><title>" + escaped(tip) + "</title></" + std::string(tag) + ">\n";
}

std::string_view name(Anchor anchor) {
  return anchor == Anchor::kStart ? "start" : anchor == Anchor::kMiddle ? "middle" : "end";
}

}  // namespace

Svg::Svg(double width, double height, std::string_view title, std::string_view description)
    : body_("<svg viewBox=\"0 0 " + px(width) + " " + px(height) + "\"" + attribute("width", width) +
            attribute("height", height) + " role=\"img\"" + attribute("aria-label", title) + ">\n<title>" +
            escaped(title) + "</title>\n<desc>" + escaped(description) + "</desc>\n") {}

void Svg::rect(double x, double y, double width, double height, std::string_view css_class, std::string_view tip,
               double radius) {
  body_ += "<rect" + attribute("x", x) + attribute("y", y) + attribute("width", width) + attribute("height", height) +
           (radius > 0 ? attribute("rx", radius) : "") + attribute("class", css_class) + closing("rect", tip);
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view css_class) {
  body_ += "<line" + attribute("x1", x1) + attribute("y1", y1) + attribute("x2", x2) + attribute("y2", y2) +
           attribute("class", css_class) + "/>\n";
}

void Svg::polyline(const Path& points, std::string_view css_class) {
  body_ += "<polyline points=\"" + points_of(points) + "\"" + attribute("class", css_class) + "/>\n";
}

void Svg::polygon(const Path& points, std::string_view css_class) {
  body_ += "<polygon points=\"" + points_of(points) + "\"" + attribute("class", css_class) + "/>\n";
}

void Svg::circle(double x, double y, double radius, std::string_view css_class, std::string_view tip) {
  body_ += "<circle" + attribute("cx", x) + attribute("cy", y) + attribute("r", radius) +
           attribute("class", css_class) + closing("circle", tip);
}

void Svg::curve(double x1, double y1, double x2, double y2, std::string_view css_class) {
  const double middle = (x1 + x2) / 2;
  body_ += "<path d=\"M" + px(x1) + " " + px(y1) + "C" + px(middle) + " " + px(y1) + " " + px(middle) + " " + px(y2) +
           " " + px(x2) + " " + px(y2) + "\"" + attribute("class", css_class) + "/>\n";
}

void Svg::boxes(const std::vector<Box>& boxes, std::string_view css_class) {
  if (boxes.empty()) return;
  body_ += "<path d=\"";
  for (const Box& box : boxes) {
    body_ += "M" + std::to_string(box.x) + " " + std::to_string(box.y) + "h" + std::to_string(box.width) + "v" +
             std::to_string(box.height) + "h" + std::to_string(-box.width) + "z";
  }
  body_ += "\"" + attribute("class", css_class) + "/>\n";
}

void Svg::text(double x, double y, std::string_view words, std::string_view css_class, Anchor anchor) {
  body_ += "<text" + attribute("x", x) + attribute("y", y) + attribute("class", css_class) +
           (anchor == Anchor::kStart ? "" : attribute("text-anchor", name(anchor))) + ">" + escaped(words) +
           "</text>\n";
}

void Svg::text_upwards(double x, double y, std::string_view words, std::string_view css_class) {
  body_ += "<text transform=\"translate(" + px(x) + " " + px(y) + ") rotate(-90)\" text-anchor=\"middle\"" +
           attribute("class", css_class) + ">" + escaped(words) + "</text>\n";
}

void Svg::open_link(std::string_view target) { body_ += "<a" + attribute("href", target) + ">\n"; }

Markup Svg::finish() && {
  body_ += "</svg>\n";
  return {std::move(body_)};
}

}  // namespace witin::report::html
