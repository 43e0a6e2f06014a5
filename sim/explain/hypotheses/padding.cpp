// Padded pixels hold something else than the model's 0 (under neg_in "shift": the shift), or lie on other sides.
#include <algorithm>

#include "sim/explain/hypotheses.hpp"

namespace witin::explain {
namespace {

enum class Fill : std::uint8_t { kValue, kEdge, kReflect, kCircular };

std::int64_t source(Fill fill, std::int64_t at, std::int64_t extent) {
  if (at >= 0 && at < extent) return at;
  switch (fill) {
    case Fill::kValue:
      return -1;
    case Fill::kEdge:
      return std::clamp<std::int64_t>(at, 0, extent - 1);
    case Fill::kReflect: {
      const std::int64_t other = at < 0 ? -at : 2 * (extent - 1) - at;
      return other >= 0 && other < extent ? other : -1;
    }
    case Fill::kCircular:
      return (at % extent + extent) % extent;
  }
  return -1;
}

// The padding becomes part of the input; the node itself pads no more.
bool pad_input(Setup& s, Fill fill, std::int32_t value) {
  const std::vector<std::int64_t> pads = s.integers("pads");
  const Shape shape = s.types[0].shape;
  const Shape padded{shape[0], shape[1] + pads[0] + pads[2], shape[2] + pads[1] + pads[3]};
  const Codes& codes = *s.inputs[0];
  Codes out(static_cast<std::size_t>(s.frames * element_count(padded)), value);
  std::size_t i = 0;
  for (std::int64_t plane = 0; plane < s.frames * shape[0]; ++plane) {
    for (std::int64_t h = 0; h < padded[1]; ++h) {
      const std::int64_t from_h = source(fill, h - pads[0], shape[1]);
      for (std::int64_t w = 0; w < padded[2]; ++w, ++i) {
        const std::int64_t from_w = source(fill, w - pads[1], shape[2]);
        if (from_h >= 0 && from_w >= 0) {
          out[i] = codes[static_cast<std::size_t>((plane * shape[1] + from_h) * shape[2] + from_w)];
        }
      }
    }
  }
  s.types[0].shape = padded;
  s.types[0].range = {std::min(s.types[0].range.lo, value), std::max(s.types[0].range.hi, value)};
  s.set_input(0, std::move(out));
  s.node.attributes.insert_or_assign("pads", AttributeValue(std::vector<std::int64_t>{0, 0, 0, 0}));
  return true;
}

std::string text_of(const std::vector<std::int64_t>& pads) { return to_string(pads); }

void add_places(const std::vector<std::int64_t>& pads, Hypotheses& out) {
  const std::int64_t t = pads[0];
  const std::int64_t l = pads[1];
  const std::int64_t b = pads[2];
  const std::int64_t r = pads[3];
  std::vector<std::vector<std::int64_t>> seen{pads};
  const std::vector<std::vector<std::int64_t>> others{
      {b, r, t, l},         {b, l, t, r},     {t, r, b, l},     {l, t, r, b},     {0, 0, t + b, l + r},
      {t + b, l + r, 0, 0}, {t, 0, b, l + r}, {t, l + r, b, 0}, {0, l, t + b, r}, {t + b, l, 0, r}};
  for (const auto& other : others) {
    if (std::ranges::find(seen, other) != seen.end()) continue;
    seen.push_back(other);
    Hypothesis h{"padding_place",
                 text_of(other),
                 "The padding lies on other sides: pads are " + text_of(other) + " instead of " + text_of(pads) + ".",
                 {},
                 2};
    h.edit = [other](Setup& s) { return s.node.attributes.insert_or_assign("pads", AttributeValue(other)), true; };
    out.push_back(std::move(h));
  }
}

}  // namespace

void add_paddings(const Setup& setup, const Outcome&, Hypotheses& out) {
  const std::vector<std::int64_t> pads = setup.integers("pads");
  if (pads.size() != 4 || setup.types[0].shape.size() != 3) return;
  if (std::ranges::all_of(pads, [](std::int64_t p) { return p == 0; })) return;
  const auto flag = setup.node.attributes.find("streaming");
  const bool streaming = flag != setup.node.attributes.end() && flag->second == AttributeValue(true);
  if (streaming) return;
  add_places(pads, out);
  if (setup.node.op == "conv_transpose2d") return;  // its pads crop
  const bool shifted = setup.text("neg_in", "none") == "shift";
  const auto shift = static_cast<std::int32_t>(setup.integer("shift", 0));
  std::vector<std::int32_t> values{0, 128, 255, 127, 1, -128, -1};
  if (shifted) values.push_back(shift);
  const bool pools = setup.node.op == "max_pool";
  const std::int32_t now = shifted ? shift : 0;
  std::vector<std::int32_t> seen;
  for (const std::int32_t value : values) {
    if ((value == now && !pools) || std::ranges::find(seen, value) != seen.end()) continue;
    seen.push_back(value);
    Hypothesis h{"padding_value", std::to_string(value),
                 "Padded pixels are " + std::to_string(value) + " instead of " +
                     (pools ? "left out" : std::to_string(now)) + "."};
    h.edit = [value](Setup& s) { return pad_input(s, Fill::kValue, value); };
    out.push_back(std::move(h));
  }
  const std::pair<Fill, const char*> fills[] = {{Fill::kEdge, "the pixel at the edge"},
                                                {Fill::kReflect, "the map mirrored at its edge"},
                                                {Fill::kCircular, "the opposite side of the map"}};
  for (const auto& [fill, words] : fills) {
    Hypothesis h{"padding_value", words, std::string("Padded pixels repeat ") + words + ".", {}, 2};
    h.edit = [fill = fill, now](Setup& s) { return pad_input(s, fill, now); };
    out.push_back(std::move(h));
  }
}

}  // namespace witin::explain
