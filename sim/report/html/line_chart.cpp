#include "sim/report/html/line_chart.hpp"

#include <algorithm>
#include <cmath>

#include "sim/package/limits.hpp"
#include "sim/report/html/axis.hpp"
#include "sim/report/html/svg.hpp"

namespace witin::report::html {
namespace {

using Point = LineChart::Point;
using Series = LineChart::Series;

constexpr double kChartWidth = 760;
constexpr double kChartLeft = 64, kChartTop = 16, kPlotWidth = 540, kPlotHeight = 280;
constexpr double kChartBottom = kChartTop + kPlotHeight;
constexpr double kNameLine = 15;  // names of curves keep this distance
constexpr std::size_t kColours = 6;

bool is_finite(const Point& p) {
  return std::isfinite(p.x) && std::isfinite(p.y) && std::isfinite(p.low) && std::isfinite(p.high);
}

std::vector<Point> drawn_points(const Series& series) {
  std::vector<Point> finite;
  std::ranges::copy_if(series.points, std::back_inserter(finite), is_finite);
  if (finite.size() <= package::limits::kCurvePoints) return finite;
  std::vector<Point> kept;
  for (std::size_t i = 0; i < package::limits::kCurvePoints; ++i)
    kept.push_back(finite[i * (finite.size() - 1) / (package::limits::kCurvePoints - 1)]);
  return kept;
}

struct Frame {
  Axis x;
  Axis y;
  [[nodiscard]] double px(double value) const { return kChartLeft + kPlotWidth * x.at(value); }
  [[nodiscard]] double py(double value) const { return kChartBottom - kPlotHeight * y.at(value); }
};

Frame frame_of(const LineChart& chart, const std::vector<std::vector<Point>>& curves) {
  bool any = false;
  double x_low = 0, x_high = 1, y_low = 0, y_high = 1;
  for (const auto& curve : curves) {
    for (const Point& p : curve) {
      const double low = std::min(p.y, p.low);
      const double high = std::max(p.y, p.high);
      x_low = any ? std::min(x_low, p.x) : p.x;
      x_high = any ? std::max(x_high, p.x) : p.x;
      y_low = any ? std::min(y_low, low) : low;
      y_high = any ? std::max(y_high, high) : high;
      any = true;
    }
  }
  if (chart.y_low) y_low = std::min(y_low, *chart.y_low);
  if (chart.y_high) y_high = std::max(y_high, *chart.y_high);
  return {make_axis(x_low, x_high, 10), make_axis(y_low, y_high, 6)};
}

void draw_axes(Svg& svg, const LineChart& chart, const Frame& frame) {
  for (const double tick : frame.y.ticks) {
    svg.line(kChartLeft, frame.py(tick), kChartLeft + kPlotWidth, frame.py(tick), "grid");
    svg.text(kChartLeft - 8, frame.py(tick) + 4, fixed(tick, frame.y.digits), "tick", Anchor::kEnd);
  }
  for (const double tick : frame.x.ticks) {
    svg.line(frame.px(tick), kChartBottom, frame.px(tick), kChartBottom + 5, "axis");
    svg.text(frame.px(tick), kChartBottom + 19, fixed(tick, frame.x.digits), "tick", Anchor::kMiddle);
  }
  svg.line(kChartLeft, kChartBottom, kChartLeft + kPlotWidth, kChartBottom, "axis");
  svg.text(kChartLeft + kPlotWidth / 2, kChartBottom + 40, chart.x_title, "label", Anchor::kMiddle);
  svg.text_upwards(16, kChartTop + kPlotHeight / 2, chart.y_title, "label");
}

std::string tip_of(const LineChart& chart, const Series& series, const Point& p, const Frame& frame) {
  const int digits = frame.y.digits + 2;
  std::string tip = series.name + ", " + chart.x_title + " " + fixed(p.x, frame.x.digits) + ": " + fixed(p.y, digits);
  if (p.low != p.high) tip += " (" + fixed(p.low, digits) + " to " + fixed(p.high, digits) + ")";
  return tip;
}

void draw_band(Svg& svg, const std::vector<Point>& curve, const Frame& frame, const std::string& colour) {
  if (std::ranges::none_of(curve, [](const Point& p) { return p.low < p.high; })) return;
  Path outline;
  for (const Point& p : curve) outline.emplace_back(frame.px(p.x), frame.py(p.high));
  for (auto p = curve.rbegin(); p != curve.rend(); ++p) outline.emplace_back(frame.px(p->x), frame.py(p->low));
  svg.polygon(outline, "band " + colour);
}

void draw_curve(Svg& svg, const LineChart& chart, const Series& series, const std::vector<Point>& curve,
                const Frame& frame, const std::string& colour) {
  Path line;
  for (const Point& p : curve) line.emplace_back(frame.px(p.x), frame.py(p.y));
  svg.polyline(line, "curve " + colour);
  if (curve.size() > 60) return;
  for (const Point& p : curve) {
    svg.circle(frame.px(p.x), frame.py(p.y), 3.5, "dot " + colour, tip_of(chart, series, p, frame));
  }
}

struct Name {
  double y;
  std::size_t series;
};

// Names beside the ends of their curves, moved apart where they would overlap.
void draw_names(Svg& svg, const LineChart& chart, std::vector<Name> names, double end_x) {
  std::ranges::stable_sort(names, {}, &Name::y);
  std::vector<double> places;
  places.reserve(names.size());
  for (const Name& name : names) {
    places.push_back(places.empty() ? name.y : std::max(name.y, places.back() + kNameLine));
  }
  double lowest = kChartBottom;
  for (std::size_t i = places.size(); i-- > 0;) {
    places[i] = std::max(std::min(places[i], lowest), kChartTop);
    lowest = places[i] - kNameLine;
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string colour = "s" + std::to_string(names[i].series % kColours);
    svg.line(end_x + 4, names[i].y, kChartLeft + kPlotWidth + 14, places[i], "leader " + colour);
    svg.text(kChartLeft + kPlotWidth + 18, places[i] + 4, shortened(chart.series[names[i].series].name, 20),
             "name " + colour);
  }
}

}  // namespace

Markup line_chart(const LineChart& chart) {
  const std::size_t drawn = std::min(chart.series.size(), package::limits::kCurves);
  std::vector<std::vector<Point>> curves;
  for (std::size_t i = 0; i < drawn; ++i) curves.push_back(drawn_points(chart.series[i]));
  const Frame frame = frame_of(chart, curves);

  const double height = kChartBottom + (drawn < chart.series.size() ? 72 : 52);
  Svg svg(kChartWidth, height, chart.title, chart.description);
  draw_axes(svg, chart, frame);
  for (std::size_t i = 0; i < drawn; ++i) draw_band(svg, curves[i], frame, "s" + std::to_string(i % kColours));
  std::vector<Name> names;
  double end_x = kChartLeft;
  for (std::size_t i = 0; i < drawn; ++i) {
    if (curves[i].empty()) continue;
    draw_curve(svg, chart, chart.series[i], curves[i], frame, "s" + std::to_string(i % kColours));
    names.push_back({frame.py(curves[i].back().y), i});
    end_x = std::max(end_x, frame.px(curves[i].back().x));
  }
  if (names.empty())
    svg.text(kChartLeft + kPlotWidth / 2, kChartTop + kPlotHeight / 2, "no values", "label", Anchor::kMiddle);
  draw_names(svg, chart, std::move(names), end_x);
  if (drawn < chart.series.size()) {
    svg.text(kChartLeft, kChartBottom + 62,
             std::to_string(chart.series.size() - drawn) + " further curves are not drawn", "tick");
  }
  return std::move(svg).finish();
}

}  // namespace witin::report::html
