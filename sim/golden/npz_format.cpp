// inputs.npz, trace.npz, parameters.npz.
#include "sim/golden/vectors.hpp"
#include "sim/package/npy.hpp"
#include "sim/trace/frame_file.hpp"
#include "witin/record.hpp"

namespace witin::golden {
namespace {

Status write_inputs(const Net& net, FrameSpan frames, const std::filesystem::path& path) {
  const std::vector<Input>& inputs = net.engine->package().inputs;
  std::vector<trace::FrameArray> arrays;
  arrays.reserve(inputs.size());
  for (const Input& input : inputs) {
    arrays.push_back({input.name + ".npy", file_dtype(input.range()), input.shape});
  }
  Result<trace::FrameFile> file = trace::FrameFile::create_zip(path, {}, arrays, frames.count);
  if (!file) return std::move(file).error();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const DType dtype = arrays[i].dtype;
    const Storage storage = dtype == DType::kI8 ? Storage::kS8 : dtype == DType::kI16 ? Storage::kS16 : Storage::kS32;
    const std::int64_t codes = element_count(inputs[i].shape);
    const std::int64_t block = std::max<std::int64_t>(1, kBlockCodes / std::max<std::int64_t>(1, codes));
    std::vector<std::byte> bytes;
    for (std::int64_t at = 0; at < frames.count; at += block) {
      const std::int64_t count = std::min(block, frames.count - at);
      bytes.resize(static_cast<std::size_t>(count * codes) * size_of(dtype));
      if (Status read = net.source->read(i, frames.first + at, count, storage, bytes.data()); !read) return read;
      if (Status written = file->write(i, at, count, bytes.data()); !written) return written;
    }
  }
  return file->finish();
}

Status write_parameters(const Package& package, const std::filesystem::path& path) {
  std::vector<trace::TextMember> members;
  for (const Node& node : package.nodes) {
    for (const auto& [role, index] : node.tensors) {
      const Tensor& tensor = package.tensors[index];
      std::string npy = package::npy_header(tensor.dtype, tensor.shape);
      npy.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
      members.push_back({node.name + "/" + role + ".npy", std::move(npy)});
    }
  }
  Result<trace::FrameFile> file = trace::FrameFile::create_zip(path, members, {}, 0);
  if (!file) return std::move(file).error();
  return file->finish();
}

}  // namespace

Result<Written> write_npz(const Net& net, const std::filesystem::path& folder, const GoldenOptions& options) {
  const Result<FrameSpan> frames = frames_taken(net, options);
  if (!frames) return frames.error();
  auto trace = TraceRecorder::create(*net.engine, frames->count, folder / "trace.npz", {.level = TraceLevel::kFull});
  if (!trace) return std::move(trace).error();
  RunOptions run = options.run;
  run.first_frame = frames->first;
  run.frames = frames->count;
  FrameSink* const sinks[] = {trace->get()};
  if (Status done = net.engine->run(*net.source, sinks, run); !done) return std::move(done).error();
  nlohmann::ordered_json index = new_index(*net.engine, *frames, "npz");
  index["files"] = {"inputs.npz", "parameters.npz", "trace.npz"};
  for (Status done : {(*trace)->finish(), write_inputs(net, *frames, folder / "inputs.npz"),
                      write_parameters(net.engine->package(), folder / "parameters.npz"), write_index(folder, index)}) {
    if (!done) return std::move(done).error();
  }
  Written written;
  written.start = frames->first;
  written.frames = frames->count;
  return written;
}

}  // namespace witin::golden
