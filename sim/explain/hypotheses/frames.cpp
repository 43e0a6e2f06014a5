// Frames are shifted by one: the node sees the frame before or after, or its outputs lie one frame off.
#include <algorithm>

#include "sim/explain/hypotheses.hpp"

namespace witin::explain {
namespace {

enum class Edge : std::uint8_t { kZero, kRepeat, kRoll };

Codes shifted(const Codes& codes, std::int64_t elements, std::int64_t by, Edge edge) {
  const std::int64_t frames = std::ssize(codes) / elements;
  Codes out(codes.size(), 0);
  for (std::int64_t frame = 0; frame < frames; ++frame) {
    std::int64_t from = frame - by;
    if (edge == Edge::kRoll) from = (from + frames) % frames;
    if (edge == Edge::kRepeat) from = std::clamp<std::int64_t>(from, 0, frames - 1);
    if (from >= 0 && from < frames)
      std::copy_n(codes.begin() + from * elements, elements, out.begin() + frame * elements);
  }
  return out;
}

}  // namespace

void add_frames(const Setup& setup, const Outcome& outcome, Hypotheses& out) {
  if (setup.frames < 2) return;
  const std::pair<Edge, const char*> edges[] = {{Edge::kRoll, "the last one stands first"},
                                                {Edge::kZero, "zeros fill the gap"},
                                                {Edge::kRepeat, "the outermost one is repeated"}};
  for (const std::int64_t by : {1, -1}) {
    const std::string words = by > 0 ? "one frame late" : "one frame early";
    for (const auto& [edge, gap] : edges) {
      // Without state, frames that come late give codes that come late.
      const bool stateful = outcome.stateful;
      Hypothesis output{stateful ? "output_frames" : "frames", by > 0 ? "late" : "early",
                        std::string(stateful ? "Output" : "All") + " frames come " + words + " (" + gap + ")."};
      output.output = [by, edge = edge](const Setup& s, const Outcome&, Codes& y) {
        y = shifted(y, std::ssize(y) / s.frames, by, edge);
      };
      out.push_back(std::move(output));
      for (std::size_t index = 0; index < setup.inputs.size(); ++index) {
        const bool one_of_many = setup.inputs.size() > 1;
        if (!stateful && !one_of_many && edge != Edge::kZero) continue;  // the same codes as above
        const std::string which = one_of_many ? "Frames of input '" + setup.node.inputs[index] + "'" : "Input frames";
        Hypothesis input{stateful || one_of_many ? "input_frames" : "frames",
                         (by > 0 ? "late" : "early") + std::string(one_of_many ? " " + std::to_string(index) : ""),
                         which + " come " + words + " (" + gap + ")."};
        input.edit = [=, edge = edge](Setup& s) {
          Codes codes = shifted(*s.inputs[index], s.elements(index), by, edge);
          if (codes == *s.inputs[index]) return false;
          s.types[index].range = {std::min(s.types[index].range.lo, 0), std::max(s.types[index].range.hi, 0)};
          s.set_input(index, std::move(codes));
          return true;
        };
        out.push_back(std::move(input));
      }
    }
  }
}

}  // namespace witin::explain
