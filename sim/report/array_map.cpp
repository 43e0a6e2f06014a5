#include "sim/report/array_map.hpp"

#include <map>

#include "sim/report/html/markup.hpp"

namespace witin::report {
namespace {

using html::escaped;

// Pixels: two columns or two rows each; a bias unit is drawn higher than its two rows so that it can be seen.
constexpr std::int64_t kMargin = 40;
constexpr std::int64_t kWidth = array::kArrayColumns / 2;
constexpr std::int64_t kHeight = array::kArrayRows / 2;
constexpr std::int64_t kUnit = 8;
constexpr std::int64_t kBiasTop = kMargin + kHeight + 12;
constexpr std::int64_t kBiasHeight = array::kArrayBiasUnits * kUnit;

std::string rect(std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height, const std::string& style) {
  return "<rect x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\" width=\"" + std::to_string(width) +
         "\" height=\"" + std::to_string(height) + "\" " + style;
}

std::string text(std::int64_t x, std::int64_t y, std::string_view words) {
  return "<text x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\">" + escaped(words) + "</text>\n";
}

std::string describe(const array::Block& block) {
  return block.node + " " + block.matrix + ": " + std::to_string(block.columns) + " columns, " +
         std::to_string(block.rows) + " rows, " + std::to_string(block.bias_units) + " bias units";
}

// Neighbouring nodes get colours far apart: steps of the golden angle.
std::string colour(std::size_t node) { return "hsl(" + std::to_string(node * 137 % 360) + ",60%,70%)"; }

}  // namespace

std::string array_map(const array::Footprint& footprint, std::string_view title) {
  std::map<std::string, std::size_t> nodes;
  std::string blocks;
  std::string missing;
  std::int64_t line = kBiasTop + kBiasHeight + 40;
  for (const array::Block& block : footprint.blocks) {
    if (!block.placed) {
      missing += text(kMargin, line, "no room for " + describe(block));
      line += 16;
      continue;
    }
    const std::string fill = colour(nodes.emplace(block.node, nodes.size()).first->second);
    const std::string style = "fill=\"" + fill + "\" stroke=\"#333\" stroke-width=\"0.5\"><title>" +
                              escaped(describe(block)) + "</title></rect>\n";
    const std::int64_t x = kMargin + block.x / 2;
    const std::int64_t width = std::max<std::int64_t>(1, block.columns / 2);
    blocks += rect(x, kMargin + block.y / 2, width, std::max<std::int64_t>(1, block.rows / 2), style);
    if (width >= 40 && block.rows >= 28) blocks += text(x + 4, kMargin + block.y / 2 + 12, block.node);
    if (block.bias_units == 0) continue;
    blocks += rect(x, kBiasTop + block.z * kUnit, width, block.bias_units * kUnit, style);
  }
  const std::int64_t height = line + (missing.empty() ? 0 : 16);
  const std::string outline = "fill=\"none\" stroke=\"#000\"/>\n";
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + std::to_string(kWidth + 2 * kMargin) + "\" height=\"" +
         std::to_string(height) + "\" font-family=\"sans-serif\" font-size=\"11\">\n<title>" + escaped(title) +
         "</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n" +
         text(kMargin, kMargin - 12, std::string(title) + ": 1024 columns x 2048 weight rows, 16 bias units below") +
         blocks + rect(kMargin, kMargin, kWidth, kHeight, outline) +
         rect(kMargin, kBiasTop, kWidth, kBiasHeight, outline) + missing + "</svg>\n";
}

}  // namespace witin::report
