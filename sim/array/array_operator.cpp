#include "sim/array/array_operator.hpp"

#include <algorithm>

#include "sim/arith/split.hpp"
#include "sim/array/field_index.hpp"
#include "sim/array/input_codes.hpp"
#include "sim/array/noisy_node.hpp"
#include "sim/ops/codes.hpp"

namespace witin::array {
namespace {

// The last frames of the run so far, oldest first.
struct History final : ops::State {
  std::vector<std::int32_t> codes;
};

}  // namespace

// Staged codes of several frames.
struct ArrayOperator::Planes {
  const void* codes = nullptr;  // whole codes, or low parts
  const void* high = nullptr;
  bool in_place = false;
};

// Where the rows of one layer begin, of several frames one after the other.
struct ArrayOperator::Tables {
  std::int64_t first_code = 0;
  std::int64_t first_output = 0;
  RowPlaces codes;
  RowPlaces outputs;
};

ArrayOperator::ArrayOperator(ops::ValueType output, ops::ValueType input, const ArrayAttributes& attributes,
                             Staging staging, ArrayGeometry geometry, std::vector<PlacedLayer> layers,
                             std::shared_ptr<const NoiseSource> noise)
    : Operator(std::move(output)),
      input_(std::move(input)),
      allowed_(attributes.x_range()),
      pn_(attributes.neg_in == NegIn::kPn),
      staging_(staging),
      geometry_(geometry),
      layers_(std::move(layers)),
      noise_(std::move(noise)) {}

std::vector<ops::Field> ArrayOperator::fields() const {
  CodeRange driven = allowed_;
  if (pn_) driven.lo = 0;
  if (layer().split()) driven = {driven.lo < 0 ? -255 : 0, 255};
  Shape x_shape = input_.shape;
  if (geometry_.shows_context) x_shape.front() *= std::ssize(layer().layout().taps);
  if (pn_) x_shape.front() *= 2;
  Shape acc_shape = this->output().shape;
  if (layer().parts() > 1) acc_shape.insert(acc_shape.begin(), layer().parts());

  std::vector<ops::Field> fields{{"npu_x", std::move(x_shape), storage_for(driven)}, {"npu_acc", acc_shape}};
  if (layer().has_v()) fields.push_back({"npu_v", acc_shape});
  if (layer().split()) fields.push_back({"npu_y_d", this->output().shape});
  return fields;
}

std::unique_ptr<ops::State> ArrayOperator::initial_state() const {
  if (!geometry_.time || geometry_.first_w == 0) return nullptr;
  auto history = std::make_unique<History>();
  history->codes.assign(static_cast<std::size_t>(geometry_.first_w * geometry_.elements()), geometry_.pad);
  return history;
}

std::int64_t ArrayOperator::macs() const {
  std::int64_t macs = 0;
  for (const PlacedLayer& placed : layers_) macs += placed.layer.macs() * std::ssize(placed.starts);
  return macs;
}

Result<std::unique_ptr<const ops::Noise>> ArrayOperator::draw_noise(const ops::NoiseSetup& setup) const {
  if (noise_ == nullptr) return std::unique_ptr<const ops::Noise>();
  return NoisyNode::make(noise_, setup);
}

Status ArrayOperator::run(const ops::Run& run) const {
  if (Status checked = check_codes(allowed_, input_, run.inputs[0], run.frames, run.first_frame); !checked) {
    return checked;
  }
  if (run.frames == 0) return {};
  if (run.field(kNpuX) != nullptr && !geometry_.shows_context) show_codes(run);
  const std::int64_t at_once = planes_at_once(run);
  Planes planes = take_planes(run, at_once);
  const std::span<const Tables> tables = make_tables(run, at_once);
  for (std::int64_t first = 0; first < run.frames; first += at_once) {
    const std::int64_t frames = std::min(at_once, run.frames - first);
    if (!planes.in_place) stage_frames(run, first, frames, planes);
    if (run.field(kNpuX) != nullptr && geometry_.shows_context) show_context(run, planes);
    run_layers(run, first, frames, planes, tables);
  }
  if (run.state != nullptr) remember(run);
  return {};
}

Status ArrayOperator::run_noisy(const ops::Run& run, const ops::Noise& noise) const {
  if (Status checked = check_codes(allowed_, input_, run.inputs[0], run.frames, run.first_frame); !checked) {
    return checked;
  }
  if (run.frames == 0) return {};
  if (run.field(kNpuX) != nullptr && !geometry_.shows_context) show_codes(run);
  const auto* const history = static_cast<const History*>(run.state);
  static_cast<const NoisyNode&>(noise).run(
      run, history == nullptr ? std::span<const std::int32_t>() : std::span(history->codes));
  if (run.state != nullptr) remember(run);
  return {};
}

bool ArrayOperator::reads_in_place() const {
  const ArrayGeometry& g = geometry_;
  const std::int64_t column = g.height * g.channels;
  return !layer().split() && is_staged(staging_, CodePart::kWhole, input_.storage()) && g.ahead == 0 &&
         g.first_w == 0 && g.first_h == 0 && g.plane_height == g.height && (g.time || g.plane_width == g.width) &&
         (g.stride_c == 1 || g.channels == 1) && (g.height == 1 || g.stride_h == g.channels) &&
         (g.time || g.width == 1 || g.stride_w == column);
}

std::int64_t ArrayOperator::plane_elements(std::int64_t frames) const {
  const ArrayGeometry& g = geometry_;
  const std::int64_t width = g.time ? g.first_w + frames + g.ahead : g.plane_width;
  return width * g.plane_height * pixel();
}

std::int64_t ArrayOperator::planes_at_once(const ops::Run& run) const {
  if (geometry_.time) return run.frames;
  constexpr std::int64_t kStagedAtOnce = std::int64_t{1} << 17;  // elements: in the second-level cache
  constexpr std::int64_t kRowsAtOnce = 4096;                     // of the tables
  std::int64_t rows = 1;
  for (const PlacedLayer& placed : layers_) rows = std::max(rows, std::ssize(placed.starts));
  return std::clamp<std::int64_t>(std::min(kStagedAtOnce / plane_elements(1), kRowsAtOnce / rows), 1, run.frames);
}

ArrayOperator::Planes ArrayOperator::take_planes(const ops::Run& run, std::int64_t planes) const {
  if (reads_in_place()) return {run.inputs[0], nullptr, true};
  const std::int64_t count = geometry_.time ? plane_elements(planes) : planes * plane_elements(1);
  const ArrayGeometry& g = geometry_;
  const bool padded = g.plane_height != g.height || (g.time ? g.ahead != 0 : g.plane_width != g.width);
  const auto make = [&](CodePart part) {
    void* const codes = take_plane(staging_, count, *run.scratch);
    if (padded) stage_fill(staging_, part, g.pad, codes, count);
    return codes;
  };
  if (!layer().split()) return {make(CodePart::kWhole)};
  void* const low = make(CodePart::kLow);
  return {low, make(CodePart::kHigh)};
}

void ArrayOperator::stage_frames(const ops::Run& run, std::int64_t first, std::int64_t frames,
                                 const Planes& planes) const {
  const ArrayGeometry& g = geometry_;
  const auto put = [&](CodePart part, const void* plane) {
    const auto plane_bytes = static_cast<std::size_t>(plane_elements(1)) * size_of(staging_.storage());
    for (std::int64_t frame = 0; frame < (g.time ? 1 : frames); ++frame) {
      StageSource source;
      source.storage = input_.storage();
      source.codes =
          static_cast<const std::byte*>(run.inputs[0]) + static_cast<std::size_t>(first + frame) * input_.frame_bytes();
      source.channels = g.channels;
      source.height = g.height;
      source.width = g.time ? frames : g.width;
      source.stride_c = g.stride_c;
      source.stride_h = g.stride_h;
      source.stride_w = g.time ? g.elements() : g.stride_w;
      auto* const codes = static_cast<std::byte*>(const_cast<void*>(plane)) +
                          (g.time ? 0 : static_cast<std::size_t>(frame) * plane_bytes);
      StageTarget target{codes, g.plane_height, g.first_w, g.first_h, g.group};
      stage(staging_, part, source, target, *run.scratch);
      if (run.state == nullptr) continue;
      source.storage = Storage::kS32;
      source.codes = static_cast<const History*>(run.state)->codes.data();
      source.width = g.first_w;
      target.first_w = 0;
      stage(staging_, part, source, target, *run.scratch);
    }
  };
  put(layer().split() ? CodePart::kLow : CodePart::kWhole, planes.codes);
  if (layer().split()) put(CodePart::kHigh, planes.high);
}

std::span<const ArrayOperator::Tables> ArrayOperator::make_tables(const ops::Run& run, std::int64_t frames) const {
  const std::span<Tables> tables = run.scratch->take<Tables>(layers_.size());
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const PlacedLayer& placed = layers_[i];
    const auto each = placed.starts.size();
    if (each == 1) {
      tables[i] = {
          placed.starts.front(), placed.places.front(), {nullptr, plane_step()}, {nullptr, output().elements()}};
      continue;
    }
    if (frames == 1 || placed.layer.depthwise()) {
      tables[i] = {0, 0, {placed.starts.data(), 0}, {placed.places.data(), 0}};
      continue;
    }
    const auto codes = run.scratch->take<std::int64_t>(each * static_cast<std::size_t>(frames));
    const auto outputs = run.scratch->take<std::int64_t>(each * static_cast<std::size_t>(frames));
    std::size_t row = 0;
    for (std::int64_t frame = 0; frame < frames; ++frame) {
      for (std::size_t m = 0; m < each; ++m, ++row) {
        codes[row] = placed.starts[m] + frame * plane_step();
        outputs[row] = placed.places[m] + frame * output().elements();
      }
    }
    tables[i] = {0, 0, {codes.data(), 0}, {outputs.data(), 0}};
  }
  return tables;
}

void ArrayOperator::run_layers(const ops::Run& run, std::int64_t first, std::int64_t frames, const Planes& planes,
                               std::span<const Tables> tables) const {
  const std::int64_t elements = output().elements();
  const std::size_t v_fields = layer().has_v() ? 1 : 0;
  const auto code_bytes = static_cast<std::int64_t>(size_of(staging_.storage()));
  const auto moved = [](const void* base, std::int64_t bytes) {
    return base == nullptr ? nullptr : static_cast<const std::byte*>(base) + bytes;
  };
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const PlacedLayer& placed = layers_[i];
    // A depthwise layer takes the grid of one frame at a time.
    const std::int64_t at_once = placed.layer.depthwise() ? 1 : frames;
    for (std::int64_t frame = 0; frame < frames; frame += at_once) {
      const std::int64_t code = tables[i].first_code + (frame + (planes.in_place ? first : 0)) * plane_step();
      Patches patches;
      patches.codes = moved(planes.codes, code * code_bytes);
      patches.high = moved(planes.high, code * code_bytes);
      patches.rows = tables[i].codes;
      patches.count = at_once * std::ssize(placed.starts);
      patches.grid_width = placed.grid_width;
      const auto field = [&](std::size_t index, std::int64_t parts) {
        auto* const base = static_cast<std::int32_t*>(run.field(index));
        return base == nullptr ? nullptr : base + (first + frame) * elements * parts + tables[i].first_output;
      };
      Sink sink;
      sink.storage = output().storage();
      sink.y = static_cast<std::byte*>(run.output) +
               static_cast<std::size_t>((first + frame) * elements + tables[i].first_output) * size_of(sink.storage);
      sink.places = tables[i].outputs;
      sink.output_stride = geometry_.output_stride;
      sink.frame_elements = elements;
      sink.acc = field(kNpuAcc, layer().parts());
      sink.v = layer().has_v() ? field(kNpuV, layer().parts()) : nullptr;
      sink.y_d = layer().split() ? field(kNpuV + v_fields, 1) : nullptr;
      placed.layer.run(patches, sink, *run.scratch);
    }
  }
}

void ArrayOperator::show_codes(const ops::Run& run) const {
  const std::int64_t elements = geometry_.elements();
  const bool low = layer().split();
  ops::with_element(input_.storage(), [&]<typename X>(X*) {
    ops::with_element(fields()[kNpuX].storage, [&]<typename Y>(Y*) {
      const X* x = static_cast<const X*>(run.inputs[0]);
      Y* y = static_cast<Y*>(run.field(kNpuX));
      for (std::int64_t frame = 0; frame < run.frames; ++frame, x += elements, y += (pn_ ? 2 : 1) * elements) {
        for (std::int64_t i = 0; i < elements; ++i) {
          const std::int32_t code = low ? arith::split_code(x[i]).low : std::int32_t{x[i]};
          y[i] = static_cast<Y>(pn_ ? std::max(code, 0) : code);
          if (pn_) y[elements + i] = static_cast<Y>(std::max(-code, 0));
        }
      }
    });
  });
}

void ArrayOperator::show_context(const ops::Run& run, const Planes& planes) const {
  const PlacedLayer& placed = layers_.front();
  const std::int64_t channels = geometry_.channels;
  const std::int64_t context = std::ssize(placed.layer.layout().taps) * channels;
  const auto code_at = [&](std::int64_t place) {
    const auto staged = [&](std::int64_t i) {
      return ops::with_element(staging_.storage(),
                               [&]<typename X>(X*) { return std::int32_t{static_cast<const X*>(planes.codes)[i]}; });
    };
    if (staging_.two_polarities) return staged(place) - staged(place + channels);
    return staged(place) - staging_.offset();
  };
  ops::with_element(fields()[kNpuX].storage, [&]<typename Y>(Y*) {
    Y* y = static_cast<Y*>(run.field(kNpuX));
    for (std::int64_t frame = 0; frame < run.frames; ++frame, y += (pn_ ? 2 : 1) * context) {
      for (std::int64_t i = 0; i < context; ++i) {
        const std::int64_t start = placed.starts.front() + frame * pixel() +
                                   placed.layer.layout().taps[static_cast<std::size_t>(i / channels)];
        const std::int32_t code = code_at(start + i % channels);
        y[i] = static_cast<Y>(pn_ ? std::max(code, 0) : code);
        if (pn_) y[context + i] = static_cast<Y>(std::max(-code, 0));
      }
    }
  });
}

void ArrayOperator::remember(const ops::Run& run) const {
  std::vector<std::int32_t>& past = static_cast<History*>(run.state)->codes;
  const std::int64_t elements = geometry_.elements();
  const std::int64_t kept = std::max<std::int64_t>(0, geometry_.first_w - run.frames);
  std::copy(past.end() - kept * elements, past.end(), past.begin());
  const std::int64_t fresh = geometry_.first_w - kept;
  ops::widen(input_.storage(), run.inputs[0], static_cast<std::size_t>((run.frames - fresh) * elements),
             std::span(past).subspan(static_cast<std::size_t>(kept * elements)));
}

}  // namespace witin::array
