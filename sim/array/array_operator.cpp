#include "sim/array/array_operator.hpp"

#include <algorithm>

#include "sim/arith/split.hpp"
#include "sim/array/input_codes.hpp"
#include "sim/ops/codes.hpp"

namespace witin::array {
namespace {

enum FieldIndex : std::size_t { kNpuX, kNpuAcc, kNpuV };

// The last frames of the run so far, oldest first.
struct History final : ops::State {
  std::vector<std::int32_t> codes;
};

}  // namespace

struct ArrayOperator::Plane {
  void* codes = nullptr;  // whole codes, or low parts
  void* high = nullptr;
};

ArrayOperator::ArrayOperator(ops::ValueType output, ops::ValueType input, const ArrayAttributes& attributes,
                             ArrayGeometry geometry, std::vector<PlacedLayer> layers)
    : Operator(std::move(output)),
      input_(std::move(input)),
      allowed_(attributes.x_range()),
      pn_(attributes.neg_in == NegIn::kPn),
      geometry_(geometry),
      layers_(std::move(layers)) {}

std::vector<ops::Field> ArrayOperator::fields() const {
  CodeRange driven = allowed_;
  if (pn_) driven.lo = 0;
  if (layer().split()) driven = {driven.lo < 0 ? -255 : 0, 255};
  Shape x_shape = input_.shape;
  if (geometry_.shows_context) x_shape.front() *= std::ssize(layers_.front().segments);
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

Status ArrayOperator::run(const ops::Run& run) const {
  if (Status checked = check_codes(allowed_, input_, run.inputs[0], run.frames, run.first_frame); !checked) {
    return checked;
  }
  if (run.field(kNpuX) != nullptr && !geometry_.shows_context) show_codes(run);
  if (geometry_.time) {
    run_plane(run, 0, run.frames);
    if (run.state != nullptr) remember(run);
    return {};
  }
  const ops::Scratch::Mark mark = run.scratch->mark();
  for (std::int64_t frame = 0; frame < run.frames; ++frame) {
    run.scratch->rewind(mark);
    run_plane(run, frame, 1);
  }
  return {};
}

void ArrayOperator::run_plane(const ops::Run& run, std::int64_t first, std::int64_t frames) const {
  const Plane plane = stage_plane(run, first, frames);
  if (run.field(kNpuX) != nullptr && geometry_.shows_context) show_context(run, plane);
  run_layers(run, plane, first, frames);
}

ArrayOperator::Plane ArrayOperator::stage_plane(const ops::Run& run, std::int64_t first, std::int64_t frames) const {
  const Staging& staging = layer().staging();
  const ArrayGeometry& g = geometry_;
  const std::int64_t width = g.time ? g.first_w + frames + g.ahead : g.plane_width;
  const std::int64_t count = width * g.plane_height * pixel();
  const std::size_t frame_bytes = input_.frame_bytes();

  StageSource source;
  source.storage = input_.storage();
  source.codes = static_cast<const std::byte*>(run.inputs[0]) + static_cast<std::size_t>(first) * frame_bytes;
  source.channels = g.channels;
  source.height = g.height;
  source.width = g.time ? frames : g.width;
  source.stride_c = g.stride_c;
  source.stride_h = g.stride_h;
  source.stride_w = g.time ? g.elements() : g.stride_w;

  const auto make = [&](CodePart part) {
    void* const codes = run.scratch->take<std::byte>(static_cast<std::size_t>(count) * size_of(staging.storage)).data();
    StageTarget target{codes, g.plane_height, g.first_w, g.first_h, g.group};
    const bool padded = g.plane_height != g.height || width != g.first_w + source.width || (!g.time && g.first_w != 0);
    if (padded) stage_fill(staging, part, g.pad, codes, count);
    stage(staging, part, source, target);
    if (run.state != nullptr) {
      StageSource past = source;
      past.storage = Storage::kS32;
      past.codes = static_cast<const History*>(run.state)->codes.data();
      past.width = g.first_w;
      target.first_w = 0;
      stage(staging, part, past, target);
    }
    return codes;
  };
  if (!layer().split()) return {make(CodePart::kWhole), nullptr};
  void* const low = make(CodePart::kLow);
  return {low, make(CodePart::kHigh)};
}

void ArrayOperator::run_layers(const ops::Run& run, const Plane& plane, std::int64_t first, std::int64_t frames) const {
  const std::int64_t elements = output().elements();
  const std::int64_t column = geometry_.plane_height * pixel();
  const auto offset = static_cast<std::size_t>(first * elements);
  const std::size_t v_fields = layer().has_v() ? 1 : 0;
  const auto field = [&](std::size_t index, std::int64_t values) {
    auto* const base = static_cast<std::int32_t*>(run.field(index));
    return base == nullptr ? nullptr : base + first * values;
  };
  Sink sink;
  sink.storage = output().storage();
  sink.y = static_cast<std::byte*>(run.output) + offset * size_of(sink.storage);
  sink.column_stride = geometry_.column_stride;
  sink.frame_elements = elements;
  sink.acc = field(kNpuAcc, elements * layer().parts());
  sink.v = layer().has_v() ? field(kNpuV, elements * layer().parts()) : nullptr;
  sink.y_d = layer().split() ? field(kNpuV + v_fields, elements) : nullptr;

  for (const PlacedLayer& placed : layers_) {
    Patches patches{plane.codes, plane.high, placed.starts, placed.segments, placed.segment};
    sink.places = placed.places;
    if (frames != 1) {
      const std::size_t each = placed.starts.size();
      const auto starts = run.scratch->take<std::int64_t>(each * static_cast<std::size_t>(frames));
      const auto places = run.scratch->take<std::int64_t>(each * static_cast<std::size_t>(frames));
      for (std::size_t i = 0; i < starts.size(); ++i) {
        const auto frame = static_cast<std::int64_t>(i / each);
        starts[i] = placed.starts[i % each] + frame * column;
        places[i] = placed.places[i % each] + frame * elements;
      }
      patches.rows = starts;
      sink.places = places;
    }
    placed.layer.run(patches, sink, *run.scratch);
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

void ArrayOperator::show_context(const ops::Run& run, const Plane& plane) const {
  const PlacedLayer& placed = layers_.front();
  const Staging& staging = layer().staging();
  const std::int64_t channels = geometry_.channels;
  const std::int64_t context = std::ssize(placed.segments) * channels;
  const auto code_at = [&](std::int64_t place) {
    const auto staged = [&](std::int64_t i) {
      return staging.storage == Storage::kU8 ? std::int32_t{static_cast<const std::uint8_t*>(plane.codes)[i]}
                                             : std::int32_t{static_cast<const std::int16_t*>(plane.codes)[i]};
    };
    if (staging.two_polarities) return staged(place) - staged(place + channels);
    return staged(place) - staging.offset;
  };
  ops::with_element(fields()[kNpuX].storage, [&]<typename Y>(Y*) {
    Y* y = static_cast<Y*>(run.field(kNpuX));
    for (std::int64_t frame = 0; frame < run.frames; ++frame, y += (pn_ ? 2 : 1) * context) {
      for (std::int64_t i = 0; i < context; ++i) {
        const std::int64_t start =
            placed.starts.front() + frame * pixel() + placed.segments[static_cast<std::size_t>(i / channels)];
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
