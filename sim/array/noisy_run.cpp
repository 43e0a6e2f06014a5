// Running a node with noise: gather codes, pass by pass, convert, store.
#include <algorithm>
#include <utility>

#include "sim/arith/split.hpp"
#include "sim/array/field_index.hpp"
#include "sim/array/noisy_node.hpp"
#include "sim/array/staging.hpp"
#include "sim/ops/codes.hpp"

namespace witin::array {
namespace {

constexpr std::int64_t kMostAtOnce = 96;        // positions
constexpr std::int64_t kCodesAtOnce = 1 << 17;  // gathered at a time: they stay in the second-level cache

}  // namespace

struct NoisyNode::Block {
  const ops::Run* run = nullptr;
  std::span<const std::int32_t> codes;  // [frames, elements]
  std::span<const std::int32_t> past;   // [past frames, elements]
  std::int64_t elements = 0;
};

struct NoisyNode::Position {
  std::int64_t frame = 0;  // of the block
  std::int64_t h = 0, w = 0;
  std::int64_t pixel = 0;
  std::int64_t place = 0;  // of its first column in the block's output
};

void NoisyNode::run(const ops::Run& run, std::span<const std::int32_t> past) const {
  const ops::Scratch::Mark mark = run.scratch->mark();
  const std::int64_t elements = source_->input.elements();
  const bool in_place = std::ranges::all_of(matrices_, [&](const Matrix& matrix) { return reads_in_place(matrix); });
  const auto codes = run.scratch->take<std::int32_t>(in_place ? 0 : static_cast<std::size_t>(run.frames * elements));
  if (!in_place) ops::widen(source_->input.storage(), run.inputs[0], 0, codes);
  const Block block{&run, codes, past, elements};
  const auto parts = static_cast<std::size_t>(parts_);
  for (std::size_t i = 0; i < matrices_.size(); i += parts) {
    if (parts == 1 && goes_straight_through(run, matrices_[i])) {
      run_frames(run, matrices_[i]);
      continue;
    }
    run_matrices(block, std::span(matrices_).subspan(i, parts));
  }
  run.scratch->rewind(mark);
}

// One output a frame, of consecutive codes.
bool NoisyNode::reads_in_place(const Matrix& matrix) const {
  const Lowering& lowering = source_->lowering;
  const std::int64_t elements = source_->input.elements();
  if (matrix.layout->runs.size() != 1) return false;
  const NoiseRun& run = matrix.layout->runs.front();
  const bool now = !lowering.time || matrix.layout->w->outputs.front().start + run.w == 0;
  return !source_->attributes.split && !pn() && now && pixels() == 1 && run.count == elements &&
         (lowering.input.channel == 1 || elements == 1);
}

// Whether its frames are nothing but rows of codes in and rows of codes out, which are the whole output.
bool NoisyNode::goes_straight_through(const ops::Run& run, const Matrix& matrix) const {
  return reads_in_place(matrix) && matrix.noisy.columns() == source_->output.elements() &&
         source_->lowering.output.channel == 1 && source_->output.storage() == Storage::kS8 &&
         run.field(kNpuAcc) == nullptr && (!rule_.has_v() || run.field(kNpuV) == nullptr) &&
         matrix.noisy.finishes_at_once();
}

void NoisyNode::run_frames(const ops::Run& run, const Matrix& matrix) const {
  const ops::Scratch::Mark mark = run.scratch->mark();
  const auto passes = run.scratch->take<noise::Pass>(static_cast<std::size_t>(run.frames));
  for (std::int64_t frame = 0; frame < run.frames; ++frame) {
    passes[static_cast<std::size_t>(frame)] = pass_of(run.first_frame + frame, matrix, 0);
  }
  matrix.noisy.run_to_bytes({run.inputs[0], source_->input.storage(), source_->input.elements()}, passes,
                            static_cast<std::int8_t*>(run.output), *run.scratch);
  run.scratch->rewind(mark);
}

noise::Pass NoisyNode::pass_of(std::int64_t frame, const Matrix& matrix, std::int64_t pixel) const {
  const std::int64_t part = frame * parts_ + matrix.layout->part;
  return (part * source_->lowering.groups + matrix.layout->group) * pixels() + pixel;
}

// Whether the outputs of these positions are consecutive bytes.
bool NoisyNode::in_one_piece(std::span<const Position> positions, std::int64_t columns) const {
  std::int64_t place = positions.front().place;
  return source_->lowering.output.channel == 1 && source_->output.storage() == Storage::kS8 &&
         std::ranges::all_of(positions, [&](const Position& position) {
           return position.place == std::exchange(place, place + columns);
         });
}

void NoisyNode::run_matrices(const Block& block, std::span<const Matrix> parts) const {
  const Lowering& lowering = source_->lowering;
  const Matrix& matrix = parts.front();
  const std::int64_t wide = matrix.noisy.columns() + matrix.noisy.rows() + matrix.layout->high_rows;
  const std::int64_t at_once = std::clamp<std::int64_t>(kCodesAtOnce / wide, 1, kMostAtOnce);
  std::vector<Position> positions;
  positions.reserve(static_cast<std::size_t>(at_once));
  const auto flush = [&] {
    if (!positions.empty()) run_positions(block, parts, positions);
    positions.clear();
  };
  for (std::int64_t frame = 0; frame < block.run->frames; ++frame) {
    for (const AxisPhase::Output& h : matrix.layout->h->outputs) {
      for (const AxisPhase::Output& w : matrix.layout->w->outputs) {
        const std::int64_t place = frame * source_->output.elements() +
                                   matrix.layout->first_column * lowering.output.channel + h.index * lowering.output.h +
                                   (lowering.time ? 0 : w.index * lowering.output.w);
        const std::int64_t pixel = lowering.time ? h.index : h.index * lowering.w.outputs + w.index;
        positions.push_back({frame, h.start, w.start, pixel, place});
        if (std::ssize(positions) == at_once) flush();
      }
    }
  }
  flush();
}

void NoisyNode::run_positions(const Block& block, std::span<const Matrix> parts,
                              std::span<const Position> positions) const {
  const ops::Run& run = *block.run;
  ops::Scratch& scratch = *run.scratch;
  const ops::Scratch::Mark mark = scratch.mark();
  const std::int64_t columns = parts.front().noisy.columns();
  const std::size_t each = positions.size() * static_cast<std::size_t>(columns);
  const std::int64_t elements = source_->output.elements();
  auto* const acc_field = static_cast<std::int32_t*>(run.field(kNpuAcc));
  auto* const v_field = rule_.has_v() ? static_cast<std::int32_t*>(run.field(kNpuV)) : nullptr;
  auto* const digital_field =
      divider_ ? static_cast<std::int32_t*>(run.field(rule_.has_v() ? kNpuV + 1 : std::size_t{kNpuV})) : nullptr;
  const bool alone = parts.size() == 1 && !divider_;
  const auto sum = scratch.take<std::int32_t>(each);
  const auto y = alone ? sum : scratch.take<std::int32_t>(each);
  const auto acc = scratch.take<std::int32_t>(acc_field != nullptr ? each : 0);
  const auto v = scratch.take<std::int32_t>(v_field != nullptr ? each : 0);
  const auto passes = scratch.take<noise::Pass>(positions.size());
  const auto for_each = [&](auto&& visit) {
    std::size_t i = 0;
    for (const Position& position : positions) {
      for (std::int64_t n = 0; n < columns; ++n, ++i) {
        visit(i, position.place + n * source_->lowering.output.channel, n);
      }
    }
  };
  if (!alone) std::ranges::fill(sum, 0);
  for (const Matrix& matrix : parts) {
    const ops::Scratch::Mark inner = scratch.mark();
    const std::size_t own = positions.size() * static_cast<std::size_t>(matrix.noisy.rows());
    noise::Codes codes{nullptr, source_->input.storage(), source_->input.elements()};
    if (reads_in_place(matrix)) {
      codes.data = run.inputs[0];
      codes = codes.from(positions.front().frame);
    } else {
      const auto gathered = scratch.take<std::int16_t>(own + kernels::kReadSlack);
      gather(block, matrix.layout->runs, false, positions, gathered.first(own));
      if (source_->lowering.shows_context) show_context(block, positions, gathered.first(own));
      codes = {gathered.data(), Storage::kS16, matrix.noisy.rows()};
    }
    const bool plane = source_->native && model_->input.has_value();
    const auto input_noise = scratch.take<float>(plane ? own : 0);
    if (plane) gather_noise(block, matrix.layout->runs, positions, input_noise);
    for (std::size_t m = 0; m < positions.size(); ++m) {
      passes[m] = pass_of(run.first_frame + positions[m].frame, matrix, positions[m].pixel);
    }
    if (alone && in_one_piece(positions, columns) && acc.empty() && v.empty() && matrix.noisy.finishes_at_once()) {
      matrix.noisy.run_to_bytes(codes, passes, static_cast<std::int8_t*>(run.output) + positions.front().place,
                                scratch);
      return scratch.rewind(mark);
    }
    matrix.noisy.run(codes, passes, input_noise, y, acc, v, scratch);
    for (std::size_t i = 0; !alone && i < each; ++i) sum[i] += y[i];
    const auto show = [&](std::int32_t* field, std::span<const std::int32_t> values) {
      if (field == nullptr) return;
      for_each([&](std::size_t i, std::int64_t place, std::int64_t) {
        field[(place / elements * parts_ + matrix.layout->part) * elements + place % elements] = values[i];
      });
    };
    show(acc_field, acc);
    show(v_field, v);
    scratch.rewind(inner);
  }
  if (divider_) {
    const Matrix& matrix = parts.front();
    const std::int64_t rows = matrix.layout->high_rows * polarities();
    const std::size_t own = positions.size() * static_cast<std::size_t>(rows);
    const auto codes = scratch.take<std::int16_t>(own + kernels::kReadSlack);
    gather(block, matrix.layout->high_runs, true, positions, codes.first(own));
    const auto high = scratch.take<double>(each);
    std::ranges::fill(high, 0.0);
    const noise::Product::Sums sums =
        matrix.layout->high->multiply({codes.data(), Storage::kS16, rows}, std::ssize(positions), scratch);
    matrix.layout->high->accumulate(sums, 0, sums.rows, nullptr, high.data());
    for_each([&](std::size_t i, std::int64_t place, std::int64_t n) {
      const std::int64_t bias = source_->tensors.bias_d[static_cast<std::size_t>(matrix.layout->first_column + n)];
      const std::int64_t digital = (*divider_)(static_cast<std::int64_t>(high[i]) + bias);
      if (digital_field != nullptr) digital_field[place] = arith::sat(digital, 32);
      sum[i] = rule_.clip(sum[i] + digital);
    });
  } else if (parts_ > 1) {
    for (std::int32_t& code : sum) code = rule_.clip(code);
  }
  if (source_->lowering.output.channel == 1) {
    const Storage storage = source_->output.storage();
    for (std::size_t m = 0; m < positions.size(); ++m) {
      kernels::convert_codes(
          source_->isa, sum.data() + m * static_cast<std::size_t>(columns), Storage::kS32, columns, {storage, 0},
          static_cast<std::byte*>(run.output) + static_cast<std::size_t>(positions[m].place) * size_of(storage));
    }
    return scratch.rewind(mark);
  }
  ops::with_element(source_->output.storage(), [&]<typename Y>(Y*) {
    Y* const out = static_cast<Y*>(run.output);
    for_each([&](std::size_t i, std::int64_t place, std::int64_t) { out[place] = static_cast<Y>(sum[i]); });
  });
  scratch.rewind(mark);
}

void NoisyNode::gather(const Block& block, std::span<const NoiseRun> runs, bool high,
                       std::span<const Position> positions, std::span<std::int16_t> codes) const {
  const Lowering& lowering = source_->lowering;
  const Strides& stride = lowering.input;
  const bool split = source_->attributes.split;
  const std::int64_t past = std::ssize(block.past) / block.elements;
  const auto rows = codes.size() / positions.size() / static_cast<std::size_t>(polarities());
  const auto pad = source_->attributes.shift;
  const auto part = [&](std::int32_t code) {
    if (!split) return code;
    const arith::SplitCode parts = arith::split_code(code);
    return high ? parts.high / kHighUnit : parts.low;
  };
  std::int16_t* out = codes.data();
  const auto put = [&](std::int64_t count, auto&& code_at) {
    if (!pn()) {
      for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<std::int16_t>(part(code_at(i)));
    } else {
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int32_t code = part(code_at(i));
        out[i] = static_cast<std::int16_t>(std::max(code, 0));
        out[i + static_cast<std::int64_t>(rows)] = static_cast<std::int16_t>(std::max(-code, 0));
      }
    }
    out += count;
  };
  for (const Position& position : positions) {
    for (const NoiseRun& run : runs) {
      const std::int64_t h = position.h + run.h;
      const std::int64_t w = position.w + run.w;
      const std::int32_t* frame = nullptr;
      std::int64_t column = 0;
      if (lowering.time) {
        const std::int64_t t = position.frame + w;
        if (t >= 0 && t < block.run->frames) frame = block.codes.data() + t * block.elements;
        if (t < 0 && past + t >= 0) frame = block.past.data() + (past + t) * block.elements;
      } else if (w >= 0 && w < lowering.w.extent) {
        frame = block.codes.data() + position.frame * block.elements;
        column = w * stride.w;
      }
      if (frame == nullptr || h < 0 || h >= lowering.h.extent) {
        put(run.count, [&](std::int64_t) { return pad; });
        continue;
      }
      const std::int32_t* const from = frame + h * stride.h + column + run.channel * stride.channel;
      if (stride.channel == 1) {
        put(run.count, [&](std::int64_t i) { return from[i]; });
      } else {
        put(run.count, [&](std::int64_t i) { return from[i * stride.channel]; });
      }
    }
    out += pn() ? static_cast<std::int64_t>(rows) : 0;
  }
}

// One draw for each place of the padded map and each polarity, shared by all outputs that see it.
void NoisyNode::gather_noise(const Block& block, std::span<const NoiseRun> runs, std::span<const Position> positions,
                             std::span<float> noise) const {
  const Lowering& lowering = source_->lowering;
  const bool padded = !source_->transposed;
  const std::int64_t first_h = padded ? lowering.h.lo : 0;
  const std::int64_t first_w = padded ? lowering.w.lo : 0;
  const std::int64_t height = padded ? lowering.h.hi - lowering.h.lo + 1 : lowering.h.extent;
  const std::int64_t width = padded ? lowering.w.hi - lowering.w.lo + 1 : lowering.w.extent;
  const std::int64_t plane = lowering.channels * height * width;
  std::vector<float> z(static_cast<std::size_t>(plane * polarities()));
  std::int64_t drawn = -1;
  std::size_t next = 0;
  for (const Position& position : positions) {
    const std::int64_t frame = block.run->first_frame + position.frame;
    if (frame != drawn) sampler_.normals(noise::Term::kInput, static_cast<std::uint64_t>(frame * plane * 2), z);
    drawn = frame;
    for (std::int64_t polarity = 0; polarity < polarities(); ++polarity) {
      for (const NoiseRun& run : runs) {
        const std::int64_t h = position.h + run.h - first_h;
        const std::int64_t w = position.w + run.w - first_w;
        const bool inside = h >= 0 && h < height && w >= 0 && w < width;
        for (std::int64_t c = run.channel; c < run.channel + run.count; ++c) {
          const std::int64_t place = ((polarity * lowering.channels + c) * height + h) * width + w;
          noise[next++] = inside ? z[static_cast<std::size_t>(place)] : 0.0F;
        }
      }
    }
  }
}

void NoisyNode::show_context(const Block& block, std::span<const Position> positions,
                             std::span<const std::int16_t> codes) const {
  if (block.run->field(kNpuX) == nullptr) return;
  const std::size_t each = codes.size() / positions.size();
  std::vector<std::int32_t> values(codes.begin(), codes.end());
  CodeRange shown = source_->attributes.x_range();
  if (pn()) shown.lo = 0;
  if (source_->attributes.split) shown = {shown.lo < 0 ? -255 : 0, 255};
  ops::narrow(values, storage_for(shown), block.run->field(kNpuX),
              static_cast<std::size_t>(positions.front().frame) * each);
}

}  // namespace witin::array
