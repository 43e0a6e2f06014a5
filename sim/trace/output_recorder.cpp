#include <algorithm>
#include <utility>

#include "sim/guard.hpp"
#include "sim/ops/codes.hpp"
#include "sim/trace/field_bytes.hpp"
#include "sim/trace/frame_file.hpp"
#include "witin/record.hpp"

namespace witin {
namespace {

constexpr std::size_t kNotAnOutput = static_cast<std::size_t>(-1);

}  // namespace

struct OutputRecorder::State {
  std::vector<std::size_t> arrays;  // of each node, its place in the file
  std::vector<FieldInfo> fields;    // npu_y of each node
  std::vector<float> scales;        // of each node, when dequantizing
  bool dequantize = false;
  std::optional<trace::FrameFile> file;
};

OutputRecorder::OutputRecorder(std::unique_ptr<State> state) : state_(std::move(state)) {}
OutputRecorder::~OutputRecorder() = default;

Result<std::unique_ptr<OutputRecorder>> OutputRecorder::create(const Engine& engine, std::int64_t frames,
                                                               const std::filesystem::path& path,
                                                               const OutputOptions& options) {
  return guarded(path.native(), [&]() -> Result<std::unique_ptr<OutputRecorder>> {
    const std::string extension = path.extension().string();
    if (extension != ".npy" && extension != ".npz") {
      return Error{"record.extension",    "the output file has an unknown kind",
                   path.string(),         ".npy or .npz",
                   "'" + extension + "'", ""};
    }
    auto state = std::make_unique<State>();
    state->dequantize = options.dequantize;
    std::vector<trace::FrameArray> arrays;
    const Package& package = engine.package();
    for (std::size_t node = 0; node < engine.nodes().size(); ++node) {
      const NodeInfo& info = engine.nodes()[node];
      state->fields.push_back(info.fields.front());
      state->arrays.push_back(info.output ? arrays.size() : kNotAnOutput);
      state->scales.push_back(static_cast<float>(package.nodes[node].scale.value_or(1.0)));
      if (!info.output) continue;
      if (options.dequantize && !package.nodes[node].scale) {
        return Error{"record.scale",
                     "the output has no scale to divide its codes by",
                     "node '" + info.name + "'",
                     "a key 'scale' in the manifest",
                     "nothing",
                     "write codes, without --dequantize-output"};
      }
      const DType dtype = options.dequantize ? DType::kF32 : trace::dtype_of(info.fields.front().storage);
      arrays.push_back({info.name + ".npy", dtype, info.shape});
    }
    const bool single = extension == ".npy";
    if (single && arrays.size() != 1) {
      return Error{"record.several_outputs", "the network has several outputs",          path.string(),
                   "a file NAME.npz",        std::to_string(arrays.size()) + " outputs", ""};
    }
    Result<trace::FrameFile> file = single ? trace::FrameFile::create_npy(path, arrays.front(), frames)
                                           : trace::FrameFile::create_zip(path, {}, arrays, frames);
    if (!file) return std::move(file).error();
    state->file.emplace(*std::move(file));
    return std::unique_ptr<OutputRecorder>(new OutputRecorder(std::move(state)));
  });
}

bool OutputRecorder::wants(std::size_t node, std::size_t field) const {
  return field == 0 && state_->arrays[node] != kNotAnOutput;
}

Status OutputRecorder::write(std::size_t node, std::size_t, std::int64_t first, std::int64_t count, const void* codes) {
  const FieldInfo& info = state_->fields[node];
  const auto elements = static_cast<std::size_t>(count * element_count(info.shape));
  if (!state_->dequantize) {
    std::vector<std::int16_t> converted;
    return state_->file->write(state_->arrays[node], first, count,
                               trace::as_file_elements(info.storage, codes, elements, converted));
  }
  std::vector<float> values(elements);
  const float scale = state_->scales[node];
  ops::with_element(info.storage, [&]<typename T>(T*) {
    const T* const source = static_cast<const T*>(codes);
    std::transform(source, source + elements, values.begin(),
                   [scale](T code) { return static_cast<float>(code) / scale; });
  });
  return state_->file->write(state_->arrays[node], first, count, values.data());
}

Status OutputRecorder::seal() { return state_->file->seal(); }
Status OutputRecorder::finish() { return state_->file->finish(); }

}  // namespace witin
