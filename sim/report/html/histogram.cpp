#include "sim/report/html/histogram.hpp"

#include <algorithm>
#include <bit>

#include "sim/package/limits.hpp"
#include "sim/report/html/svg.hpp"
#include "sim/report/table.hpp"

namespace witin::report::html {
namespace {

constexpr double kBarsTop = 22, kBarsHeight = 130, kBarsBottom = kBarsTop + kBarsHeight, kBarsMargin = 28;

// log2(count) + 1 with straight lines between the powers of two: the same on every machine.
double logarithm(std::int64_t count) {
  if (count <= 0) return 0;
  const auto bits = static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(count)));
  return bits + static_cast<double>(count) / static_cast<double>(std::uint64_t{1} << (bits - 1)) - 1;
}

std::vector<Histogram::Bin> drawn_bins(const Histogram& histogram) {
  std::vector<Histogram::Bin> bins = histogram.bins;
  if (bins.size() <= package::limits::kBars) return bins;
  Histogram::Bin rest{"and " + std::to_string(bins.size() - package::limits::kBars + 1) + " more", 0};
  for (std::size_t i = package::limits::kBars - 1; i < bins.size(); ++i) rest.count += bins[i].count;
  bins.resize(package::limits::kBars - 1);
  bins.push_back(std::move(rest));
  return bins;
}

}  // namespace

Markup histogram(const Histogram& histogram) {
  const std::vector<Histogram::Bin> bins = drawn_bins(histogram);
  std::int64_t largest = 0;
  std::int64_t smallest = INT64_MAX;
  for (const Histogram::Bin& bin : bins) {
    largest = std::max(largest, bin.count);
    if (bin.count > 0) smallest = std::min(smallest, bin.count);
  }
  const bool logarithmic = largest / 50 > smallest;
  const double bar = bins.size() <= 10 ? 40 : bins.size() <= 20 ? 30 : 18;
  const double width = std::max(300.0, static_cast<double>(bins.size()) * bar + 2 * kBarsMargin);
  const double left = (width - static_cast<double>(bins.size()) * bar) / 2;
  Svg svg(width, kBarsBottom + 48, histogram.title, histogram.description);
  const auto height_of = [&](std::int64_t count) {
    if (count <= 0) return 0.0;
    const double share =
        logarithmic ? logarithm(count) / logarithm(largest) : static_cast<double>(count) / static_cast<double>(largest);
    return std::max(1.5, kBarsHeight * share);
  };
  // Labels of narrow bars: only so many that they do not touch.
  std::size_t longest = 1;
  for (const Histogram::Bin& bin : bins) longest = std::max(longest, character_count(bin.label));
  const std::size_t every =
      std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(longest * 7 + 6) / bar + 0.99));
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const double x = left + static_cast<double>(i) * bar;
    const double height = height_of(bins[i].count);
    if (bins[i].count > 0) {
      svg.rect(x + 2, kBarsBottom - height, bar - 4, height, "bar",
               bins[i].label + ": " + counted(bins[i].count, "value"));
      if (bar >= 30) svg.text(x + bar / 2, kBarsBottom - height - 5, compact(bins[i].count), "tick", Anchor::kMiddle);
    }
    if (i % every == 0) svg.text(x + bar / 2, kBarsBottom + 16, bins[i].label, "tick", Anchor::kMiddle);
  }
  svg.line(left, kBarsBottom, width - left, kBarsBottom, "axis");
  svg.text(width / 2, kBarsBottom + 36, histogram.x_title + (logarithmic ? " (heights logarithmic)" : ""), "label",
           Anchor::kMiddle);
  return std::move(svg).finish();
}

}  // namespace witin::report::html
