// Sinks that keep what a run produces: traces, and the network's outputs as npy or npz.
//
// Files appear complete when finish() succeeds, and not at all otherwise. Their bytes do not depend on threads or
// blocks. Codes of uint8 storage are written as int16, all others as their storage.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "witin/engine.hpp"

namespace witin {

enum class TraceLevel : std::uint8_t {
  kOutputs,  // npu_y of the network's outputs
  kNodes,    // npu_y of every node
  kFull,     // every field of every node
};

struct TraceOptions {
  TraceLevel level = TraceLevel::kNodes;
  std::string nodes = "*";                // only nodes whose name matches this glob (fnmatch)
  std::string noise = {};                 // the noise settings as a JSON object; empty: none
  std::optional<std::int64_t> seed = {};  // of the noise
};

// A .wtrace (sim/trace/format.md).
class TraceRecorder final : public FrameSink {
 public:
  // `frames`: of the run. Errors: record.nothing where the glob matches no node; output.*.
  [[nodiscard]] static Result<std::unique_ptr<TraceRecorder>> create(const Engine& engine, std::int64_t frames,
                                                                     const std::filesystem::path& path,
                                                                     const TraceOptions& options = {});
  ~TraceRecorder() override;
  TraceRecorder(const TraceRecorder&) = delete;
  TraceRecorder& operator=(const TraceRecorder&) = delete;

  [[nodiscard]] bool wants(std::size_t node, std::size_t field) const override;
  Status write(std::size_t node, std::size_t field, std::int64_t first, std::int64_t count, const void* codes) override;
  Status finish();

 private:
  struct State;
  explicit TraceRecorder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct OutputOptions {
  bool dequantize = false;  // write float32 values code / scale instead of codes; every output needs a scale
};

// The network's outputs: PATH.npy for a single output, PATH.npz with a member for each.
class OutputRecorder final : public FrameSink {
 public:
  // Errors: record.extension, record.several_outputs, record.scale; output.*.
  [[nodiscard]] static Result<std::unique_ptr<OutputRecorder>> create(const Engine& engine, std::int64_t frames,
                                                                      const std::filesystem::path& path,
                                                                      const OutputOptions& options = {});
  ~OutputRecorder() override;
  OutputRecorder(const OutputRecorder&) = delete;
  OutputRecorder& operator=(const OutputRecorder&) = delete;

  [[nodiscard]] bool wants(std::size_t node, std::size_t field) const override;
  Status write(std::size_t node, std::size_t field, std::int64_t first, std::int64_t count, const void* codes) override;
  Status seal();  // all is written; only the name is missing. For a file that must appear together with another.
  Status finish();

 private:
  struct State;
  explicit OutputRecorder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace witin
