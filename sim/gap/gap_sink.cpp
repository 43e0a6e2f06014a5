#include "sim/gap/gap_sink.hpp"

#include <algorithm>
#include <cmath>

#include "sim/ops/codes.hpp"
#include "sim/package/limits.hpp"

namespace witin::gap {
namespace {

using Codes = std::vector<std::int32_t>;

void add(Errors& errors, std::int64_t error) {
  ++errors.different;
  errors.sum += error;
  errors.absolute_sum += std::abs(error);
  errors.largest = std::max(errors.largest, std::abs(error));
  ++errors.bins[static_cast<std::size_t>(std::clamp(error, -kMostError, kMostError) + kMostError)];
}

bool is_half(std::int32_t acc, double g) { return std::abs(std::fmod(2.0 * acc, 2 * g)) == g; }

std::size_t first_largest(std::span<const std::int32_t> codes) {
  return static_cast<std::size_t>(std::ranges::max_element(codes) - codes.begin());
}

}  // namespace

struct GapSink::Block {
  Codes library;
  Codes isolated;
  Codes chip;
  Codes acc;
};

struct GapSink::Counter {
  Copies::Node node;
  NodeGap* gap = nullptr;
  OutputGap* output = nullptr;
  std::size_t acc_field = 0;                   // of the library's copy; 0: none
  double g = 0;                                // of the chip's
  std::vector<std::vector<Storage>> storages;  // per copy (library, isolated, chip) and field
  std::int64_t channel_values = 1;
  std::mutex mutex;
  std::map<std::int64_t, Block> blocks;  // by first frame

  void count_outputs(const Block& block, std::int64_t frames) const;
};

GapSink::GapSink(const Engine& engine, const Copies& copies, std::int64_t frames, Report& report)
    : frames_(frames), node_of_(engine.nodes().size()) {
  const auto nodes = engine.nodes();
  for (std::size_t i = 0; i < copies.nodes.size(); ++i) {
    auto counter = std::make_unique<Counter>();
    counter->node = copies.nodes[i];
    NodeGap& gap = report.nodes[i];
    counter->gap = &gap;
    const NodeInfo& library = nodes[counter->node.library];
    for (const std::size_t copy :
         {counter->node.library, counter->node.isolated.value_or(counter->node.chip), counter->node.chip}) {
      node_of_[copy] = i;
      std::vector<Storage>& storages = counter->storages.emplace_back();
      for (const FieldInfo& field : nodes[copy].fields) storages.push_back(field.storage);
    }
    // Only where one accumulator stands for each code, and both sides divide it by g.
    const auto acc = std::ranges::find(library.fields, "npu_acc", &FieldInfo::name);
    const double g = number_of(copies.package.nodes[counter->node.chip], "g");
    const bool digital_part = std::ranges::find(library.fields, "npu_y_d", &FieldInfo::name) != library.fields.end();
    if (acc != library.fields.end() && acc->shape == library.shape && !digital_part && g > 0 && !gap.kept) {
      counter->acc_field = static_cast<std::size_t>(acc - library.fields.begin());
      counter->g = g;
    }
    const std::int64_t channels = gap.shape.empty() ? 1 : gap.shape.front();
    counter->channel_values = element_count(gap.shape) / std::max<std::int64_t>(1, channels);
    const auto per = [](std::int64_t extent, std::size_t most) {
      return std::max<std::int64_t>(1,
                                    (extent + static_cast<std::int64_t>(most) - 1) / static_cast<std::int64_t>(most));
    };
    gap.map.frames_per_row = per(frames, package::limits::kMapRows);
    gap.map.channels_per_column = per(channels, package::limits::kMapColumns);
    counters_.push_back(std::move(counter));
  }
  for (OutputGap& output : report.outputs) {
    const auto gap = std::ranges::find(report.nodes, output.name, &NodeGap::name);
    counters_[static_cast<std::size_t>(gap - report.nodes.begin())]->output = &output;
  }
}

GapSink::~GapSink() = default;

bool GapSink::wants(std::size_t node, std::size_t field) const {
  const Counter& counter = *counters_[node_of_[node]];
  return field == 0 || (node == counter.node.library && field == counter.acc_field);
}

Status GapSink::write(std::size_t node, std::size_t field, std::int64_t first, std::int64_t count, const void* codes) {
  Counter& counter = *counters_[node_of_[node]];
  const std::size_t copy = node == counter.node.library ? 0 : node == counter.node.chip ? 2 : 1;
  Codes values(static_cast<std::size_t>(element_count(counter.gap->shape) * count));
  ops::widen(counter.storages[copy][field], codes, 0, values);

  const std::scoped_lock lock(counter.mutex);
  Block& block = counter.blocks[first];
  (field != 0 ? block.acc : copy == 0 ? block.library : copy == 1 ? block.isolated : block.chip) = std::move(values);
  if (copy != 2) return {};
  if (!counter.node.isolated) block.isolated = counter.node.kept ? block.library : block.chip;
  count_block(counter, block, first, count);
  if (counter.output != nullptr) counter.count_outputs(block, count);
  counter.blocks.erase(first);
  return {};
}

void GapSink::count_block(Counter& counter, const Block& block, std::int64_t first, std::int64_t frames) const {
  NodeGap& gap = *counter.gap;
  gap.values += static_cast<std::int64_t>(block.library.size());
  if (block.library == block.chip && block.library == block.isolated) return;
  const auto frame_size = static_cast<std::size_t>(element_count(gap.shape));
  diff::HeatMap& map = gap.map;
  if (map.different.empty()) {
    const auto cells = [](std::int64_t extent, std::int64_t per) {
      return static_cast<std::size_t>((extent + per - 1) / per);
    };
    map.rows = cells(frames_, map.frames_per_row);
    map.columns = cells(gap.shape.empty() ? 1 : gap.shape.front(), map.channels_per_column);
    map.different.assign(map.rows * map.columns, 0);
  }
  for (std::int64_t frame = 0; frame < frames; ++frame) {
    const std::size_t begin = static_cast<std::size_t>(frame) * frame_size;
    const auto row = static_cast<std::size_t>((first + frame) / map.frames_per_row);
    bool differs = false;
    for (std::size_t i = 0; i < frame_size; ++i) {
      const std::int32_t library = block.library[begin + i];
      const std::int32_t isolated = block.isolated[begin + i];
      const std::int32_t chip = block.chip[begin + i];
      if (chip != library) {
        differs = true;
        add(gap.free, static_cast<std::int64_t>(chip) - library);
        gap.inherited += isolated == library ? 1 : 0;
      }
      if (isolated == library) continue;
      add(gap.born, static_cast<std::int64_t>(isolated) - library);
      const auto channel = static_cast<std::int64_t>(i) / counter.channel_values;
      ++map.different[row * map.columns + static_cast<std::size_t>(channel / map.channels_per_column)];
      if (counter.acc_field == 0) {
        ++gap.causes.other;
      } else if (const std::int32_t acc = block.acc[begin + i]; is_half(acc, counter.g)) {
        ++gap.causes.half;
      } else {
        ++(acc < 0 ? gap.causes.negative : gap.causes.other);
      }
    }
    gap.frames_different += differs ? 1 : 0;
  }
}

void GapSink::Counter::count_outputs(const Block& block, std::int64_t frames) const {
  const auto frame_size = static_cast<std::size_t>(element_count(gap->shape));
  for (std::size_t begin = 0; begin < static_cast<std::size_t>(frames) * frame_size; begin += frame_size) {
    const auto library = std::span(block.library).subspan(begin, frame_size);
    const auto chip = std::span(block.chip).subspan(begin, frame_size);
    if (std::ranges::equal(library, chip)) continue;
    ++output->frames_different;
    output->classes_changed += first_largest(library) != first_largest(chip) ? 1 : 0;
  }
}

}  // namespace witin::gap
