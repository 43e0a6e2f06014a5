#include "sim/golden/recording.hpp"

#include <algorithm>

#include "sim/cancel.hpp"
#include "sim/ops/codes.hpp"
#include "sim/trace/field_bytes.hpp"

namespace witin::golden {
namespace {

constexpr std::int32_t kSignedOffset = 128;

class RecordSink final : public FrameSink {
 public:
  RecordSink(const Engine& engine, const std::vector<ValueRef>& values, trace::FrameFile& file)
      : engine_(engine), values_(values), file_(file) {}

  [[nodiscard]] bool wants(std::size_t node, std::size_t field) const override {
    return std::ranges::find(values_, ValueRef{false, node, field}) != values_.end();
  }

  Status write(std::size_t node, std::size_t field, std::int64_t first, std::int64_t count,
               const void* codes) override {
    const FieldInfo& info = engine_.nodes()[node].fields[field];
    const auto array =
        static_cast<std::size_t>(std::ranges::find(values_, ValueRef{false, node, field}) - values_.begin());
    std::vector<std::int16_t> converted;
    const auto elements = static_cast<std::size_t>(count * element_count(info.shape));
    return file_.write(array, first, count, trace::as_file_elements(info.storage, codes, elements, converted));
  }

 private:
  const Engine& engine_;
  const std::vector<ValueRef>& values_;
  trace::FrameFile& file_;
};

Storage storage_of(DType dtype) {
  return dtype == DType::kI8 ? Storage::kS8 : dtype == DType::kI16 ? Storage::kS16 : Storage::kS32;
}

}  // namespace

Result<Recording> Recording::make(const Engine& engine, FrameSource& source, std::int64_t frames,
                                  const std::vector<ValueRef>& values, const std::filesystem::path& path,
                                  const RunOptions& options) {
  Recording out(engine, source);
  out.frames_ = frames;
  out.cancel_ = options.cancel;
  std::vector<trace::FrameArray> arrays;
  for (const ValueRef& value : values) {
    const bool known = std::ranges::find(out.recorded_, value) != out.recorded_.end();
    if (value.is_input || known) continue;
    const FieldInfo& info = engine.nodes()[value.index].fields[value.field];
    const std::string member = std::to_string(out.recorded_.size()) + ".npy";
    arrays.push_back({member, trace::dtype_of(info.storage), info.shape});
    out.recorded_.push_back(value);
  }
  RunOptions run = options;
  run.first_frame = 0;
  run.frames = frames;
  if (arrays.empty()) {
    // Nothing to keep; the run still checks every code of the input.
    if (Status done = engine.run(source, {}, run); !done) return std::move(done).error();
    return out;
  }
  Result<trace::FrameFile> file = trace::FrameFile::create_zip(path, {}, arrays, frames);
  if (!file) return std::move(file).error();
  RecordSink sink(engine, out.recorded_, *file);
  FrameSink* const sinks[] = {&sink};
  if (Status done = engine.run(source, sinks, run); !done) return std::move(done).error();
  if (Status done = file->finish(); !done) return std::move(done).error();
  Result<Trace> trace = Trace::open(path);
  if (!trace) return std::move(trace).error();
  out.trace_ = std::move(trace).value();
  for (std::size_t i = 0; i < out.recorded_.size(); ++i) {
    const std::vector<TraceNode>& nodes = out.trace_->info().nodes;
    const auto node = std::ranges::find(nodes, std::to_string(i), &TraceNode::name);
    out.places_.emplace_back(static_cast<std::size_t>(node - nodes.begin()), 0);
  }
  return out;
}

Shape Recording::shape(const ValueRef& value) const {
  return value.is_input ? engine_->package().inputs[value.index].shape
                        : engine_->nodes()[value.index].fields[value.field].shape;
}

CodeRange Recording::range(const ValueRef& value) const {
  if (value.is_input) return engine_->package().inputs[value.index].range();
  const FieldInfo& info = engine_->nodes()[value.index].fields[value.field];
  return info.range.value_or(info.storage == Storage::kS8    ? signed_range(8)
                             : info.storage == Storage::kU8  ? unsigned_range(8)
                             : info.storage == Storage::kS16 ? signed_range(16)
                                                             : signed_range(31));
}

Status Recording::read(const ValueRef& value, std::int64_t first, std::int64_t count,
                       std::vector<std::int32_t>& codes) const {
  if (is_cancelled(cancel_)) return cancelled("run");
  codes.resize(static_cast<std::size_t>(count * element_count(shape(value))));
  if (value.is_input) return source_->read(value.index, first, count, Storage::kS32, codes.data());
  const auto at = static_cast<std::size_t>(std::ranges::find(recorded_, value) - recorded_.begin());
  const auto [node, field] = places_[at];
  const DType dtype = trace_->info().nodes[node].fields[field].dtype;
  std::vector<std::byte> bytes(codes.size() * size_of(dtype));
  if (Status read = trace_->read(node, field, first, count, bytes); !read) return read;
  ops::widen(storage_of(dtype), bytes.data(), 0, codes);
  return {};
}

namespace {

// One line of codes of a layer, taken from the frames in memory.
class LineMaker {
 public:
  explicit LineMaker(const ArrayLayer& layer)
      : layer_(layer), x_(static_cast<std::size_t>(layer.driven_rows())), y_(static_cast<std::size_t>(layer.columns)) {
    if (!layer.time) return;
    for (const std::int64_t position : layer.w.positions) {
      if (position == kNoPosition) continue;
      before_ = std::max(before_, -position);
      after_ = std::max(after_, position);
    }
  }

  [[nodiscard]] std::int64_t before() const { return before_; }
  [[nodiscard]] std::int64_t after() const { return after_; }

  // `frames`: those around frame `at`, the first of which is `first`; missing ones are padding.
  Status make(std::span<const std::int32_t> frames, std::int64_t first, std::int64_t at, std::int64_t frame_codes,
              std::int64_t line) {
    const std::int64_t count = std::ssize(frames) / frame_codes;
    const std::int64_t ow = line / layer_.h.outputs();
    const std::int64_t oh = line % layer_.h.outputs();
    std::int64_t row = 0;
    for (std::int64_t w = 0; w < layer_.w.rows; ++w) {
      const std::int64_t pw = layer_.w.at(ow, w);
      const std::int64_t frame = layer_.time && pw != kNoPosition ? at + pw - first : at - first;
      const bool outside = pw == kNoPosition || frame < 0 || frame >= count;
      for (std::int64_t h = 0; h < layer_.h.rows; ++h) {
        const std::int64_t ph = layer_.h.at(oh, h);
        const bool padded = outside || ph == kNoPosition;
        const std::int64_t base =
            padded ? 0
                   : frame * frame_codes + layer_.in.first + ph * layer_.in.h + (layer_.time ? 0 : pw * layer_.in.w);
        for (std::int64_t c = 0; c < layer_.group; ++c, ++row) {
          const std::int32_t code = padded ? layer_.pad : frames[static_cast<std::size_t>(base + c * layer_.in.unit)];
          if (Status driven = drive_code(row, code, at); !driven) return driven;
        }
      }
    }
    return {};
  }

  void take(std::span<const std::int32_t> frame, std::int64_t line) {
    const std::int64_t base =
        layer_.out.first + line % layer_.h.outputs() * layer_.out.h + line / layer_.h.outputs() * layer_.out.w;
    for (std::int64_t n = 0; n < layer_.columns; ++n) {
      y_[static_cast<std::size_t>(n)] = frame[static_cast<std::size_t>(base + n * layer_.out.unit)];
    }
  }

  [[nodiscard]] std::span<const std::int32_t> x() const { return x_; }
  [[nodiscard]] std::span<const std::int32_t> y() const { return y_; }

 private:
  Status drive_code(std::int64_t row, std::int32_t code, std::int64_t frame) {
    std::int32_t driven = code;
    if (layer_.split_signs && row < layer_.doubled) {
      driven = std::max(code, 0);
      x_[static_cast<std::size_t>(layer_.rows + row)] = std::max(-code, 0);
    } else if (layer_.split_signs) {
      driven = code + kSignedOffset;
    }
    x_[static_cast<std::size_t>(row)] = driven;
    if (unsigned_range(8).contains({driven, driven})) return {};
    return Error{"golden.driven",
                 "a code cannot be driven on the layer's rows",
                 layer_.name + ", frame " + std::to_string(frame) + ", row " + std::to_string(row),
                 layer_.split_signs ? "-128..127 in a row that is not doubled" : "0..255 in rows that are not doubled",
                 std::to_string(code),
                 "give the layer a place of " + std::to_string(2 * layer_.rows) + " rows"};
  }

  const ArrayLayer& layer_;
  std::vector<std::int32_t> x_;
  std::vector<std::int32_t> y_;
  std::int64_t before_ = 0;
  std::int64_t after_ = 0;
};

}  // namespace

Status Recording::lines(const ArrayLayer& layer, const ValueRef& y, std::int64_t first, std::int64_t count,
                        const UseLine& use) const {
  LineMaker maker(layer);
  const std::int64_t a_frame = layer.lines();
  const std::int64_t x_codes = element_count(shape(layer.x));
  const std::int64_t y_codes = element_count(shape(y));
  const std::int64_t block = std::max<std::int64_t>(1, kBlockCodes / std::max(x_codes, y_codes));
  const std::int64_t last_frame = (first + count - 1) / a_frame;
  std::vector<std::int32_t> xs;
  std::vector<std::int32_t> ys;
  for (std::int64_t frame = first / a_frame; frame <= last_frame; frame += block) {
    const std::int64_t end = std::min(frame + block, last_frame + 1);
    const std::int64_t from = std::max<std::int64_t>(0, frame - maker.before());
    const std::int64_t to = std::min(frames_, end + maker.after());
    if (Status done = read(layer.x, from, to - from, xs); !done) return done;
    if (Status done = read(y, frame, end - frame, ys); !done) return done;
    for (std::int64_t f = frame; f < end; ++f) {
      const auto y_frame =
          std::span(ys).subspan(static_cast<std::size_t>((f - frame) * y_codes), static_cast<std::size_t>(y_codes));
      for (std::int64_t line = 0; line < a_frame; ++line) {
        if (f * a_frame + line < first || f * a_frame + line >= first + count) continue;
        if (Status made = maker.make(xs, from, f, x_codes, line); !made) return made;
        maker.take(y_frame, line);
        if (Status used = use(maker.x(), maker.y()); !used) return used;
      }
    }
  }
  return {};
}

}  // namespace witin::golden
