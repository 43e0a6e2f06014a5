#include <algorithm>
#include <cstring>

#include "sim/ops/codes.hpp"
#include "witin/array.hpp"

namespace witin {
namespace {

class ArraySource final : public FrameSource {
 public:
  static Result<ArraySource> make(const Package& package, const std::map<std::string, Array>& arrays) {
    ArraySource source;
    for (const Input& input : package.inputs) {
      const auto found = arrays.find(input.name);
      if (found == arrays.end()) {
        return Error{"input.missing",
                     "an input is missing",
                     "input '" + input.name + "'",
                     to_string(input.shape),
                     "nothing",
                     ""};
      }
      const Array& array = found->second;
      Shape expected = input.shape;
      expected.insert(expected.begin(), array.shape.empty() ? 0 : array.shape.front());
      if (array.shape != expected || element_count(expected) != static_cast<std::int64_t>(array.codes.size())) {
        return Error{"input.shape",
                     "an input has another shape",
                     "input '" + input.name + "'",
                     "[frames] and " + to_string(input.shape),
                     to_string(array.shape),
                     ""};
      }
      if (!source.inputs_.empty() && source.frames_ != array.shape.front()) {
        return Error{"input.frames",
                     "inputs have different numbers of frames",
                     "input '" + input.name + "'",
                     std::to_string(source.frames_),
                     std::to_string(array.shape.front()),
                     ""};
      }
      source.frames_ = array.shape.front();
      source.inputs_.push_back({&input, &array});
    }
    for (const auto& [name, array] : arrays) {
      if (std::ranges::find(package.inputs, name, &Input::name) == package.inputs.end()) {
        return Error{"input.unknown", "the network has no such input", "input '" + name + "'", "", "", ""};
      }
    }
    return source;
  }

  [[nodiscard]] std::int64_t frames() const override { return frames_; }

  Status read(std::size_t input, std::int64_t first, std::int64_t count, Storage storage, void* codes) override {
    const auto& [declared, array] = inputs_[input];
    const auto elements = static_cast<std::size_t>(element_count(declared->shape));
    const std::span<const std::int32_t> values(array->codes.data() + static_cast<std::size_t>(first) * elements,
                                               static_cast<std::size_t>(count) * elements);
    const CodeRange range = declared->range();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] < range.lo || values[i] > range.hi) {
        return Error{"input.range",
                     "a code is out of range",
                     "input '" + declared->name + "' frame " +
                         std::to_string(first + static_cast<std::int64_t>(i / elements)) + " element " +
                         std::to_string(i % elements),
                     std::to_string(range.lo) + ".." + std::to_string(range.hi),
                     std::to_string(values[i]),
                     ""};
      }
    }
    ops::narrow(values, storage, codes, 0);
    return {};
  }

 private:
  struct Bound {
    const Input* input;
    const Array* array;
  };
  std::int64_t frames_ = 0;
  std::vector<Bound> inputs_;
};

class ArraySink final : public FrameSink {
 public:
  ArraySink(std::span<const NodeInfo> nodes, std::int64_t frames, bool all) : nodes_(nodes), all_(all) {
    for (std::size_t node = 0; node < nodes.size(); ++node) {
      auto& arrays = arrays_.emplace_back(nodes[node].fields.size());
      for (std::size_t field = 0; field < arrays.size(); ++field) {
        if (!wants(node, field)) continue;
        arrays[field].shape = nodes[node].fields[field].shape;
        arrays[field].shape.insert(arrays[field].shape.begin(), frames);
        arrays[field].codes.resize(static_cast<std::size_t>(element_count(arrays[field].shape)));
      }
    }
  }

  [[nodiscard]] bool wants(std::size_t node, std::size_t field) const override {
    return all_ || (field == 0 && nodes_[node].output);
  }

  Status write(std::size_t node, std::size_t field, std::int64_t first, std::int64_t count,
               const void* codes) override {
    const FieldInfo& info = nodes_[node].fields[field];
    const auto elements = static_cast<std::size_t>(element_count(info.shape));
    ops::widen(info.storage, codes, 0,
               std::span(arrays_[node][field].codes)
                   .subspan(static_cast<std::size_t>(first) * elements, static_cast<std::size_t>(count) * elements));
    return {};
  }

  std::map<std::string, Array> take() {
    std::map<std::string, Array> out;
    for (std::size_t node = 0; node < nodes_.size(); ++node) {
      for (std::size_t field = 0; field < arrays_[node].size(); ++field) {
        if (!wants(node, field)) continue;
        const std::string name = all_ ? nodes_[node].name + "/" + nodes_[node].fields[field].name : nodes_[node].name;
        out.emplace(name, std::move(arrays_[node][field]));
      }
    }
    return out;
  }

 private:
  std::span<const NodeInfo> nodes_;
  bool all_;
  std::vector<std::vector<Array>> arrays_;
};

Result<std::map<std::string, Array>> run_into(const Engine& engine, const std::map<std::string, Array>& inputs,
                                              const RunOptions& options, bool all) {
  Result<ArraySource> source = ArraySource::make(engine.package(), inputs);
  if (!source) return std::move(source).error();
  const std::int64_t frames = options.frames >= 0 ? options.frames : source->frames() - options.first_frame;
  ArraySink sink(engine.nodes(), std::max(frames, std::int64_t{0}), all);
  FrameSink* const sinks[] = {&sink};
  if (Status status = engine.run(*source, sinks, options); !status) return std::move(status).error();
  return sink.take();
}

}  // namespace

Result<std::map<std::string, Array>> run_arrays(const Engine& engine, const std::map<std::string, Array>& inputs,
                                                const RunOptions& options) {
  return run_into(engine, inputs, options, false);
}

Result<std::map<std::string, Array>> trace_arrays(const Engine& engine, const std::map<std::string, Array>& inputs,
                                                  const RunOptions& options) {
  return run_into(engine, inputs, options, true);
}

}  // namespace witin
