#include "sim/bench/measure.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <random>

#include "sim/kernels/isa.hpp"
#include "sim/ops/codes.hpp"
#include "sim/processors.hpp"

namespace witin::bench {
namespace {

using Clock = std::chrono::steady_clock;

class RandomSource final : public FrameSource {
 public:
  RandomSource(const Package& package, std::int64_t frames) : frames_(frames) {
    std::mt19937 random(1);
    for (const Input& input : package.inputs) {
      const CodeRange range = input.range();
      std::uniform_int_distribution<std::int32_t> pick(range.lo, range.hi);
      const auto elements = static_cast<std::size_t>(element_count(input.shape));
      std::vector<std::int32_t> codes(elements * static_cast<std::size_t>(frames));
      for (std::int32_t& code : codes) code = pick(random);
      Values& values = inputs_.emplace_back();
      values.storage = storage_for(range);
      values.frame_bytes = elements * size_of(values.storage);
      values.codes.resize(codes.size() * size_of(values.storage));
      ops::narrow(codes, values.storage, values.codes.data(), 0);
    }
  }

  [[nodiscard]] std::int64_t frames() const override { return frames_; }

  Status read(std::size_t input, std::int64_t first, std::int64_t count, Storage storage, void* codes) override {
    const Values& values = inputs_[input];
    if (storage != values.storage) {
      return Error{"internal.storage", "codes of another storage were asked for", "", "", "", ""};
    }
    std::memcpy(codes, values.codes.data() + static_cast<std::size_t>(first) * values.frame_bytes,
                static_cast<std::size_t>(count) * values.frame_bytes);
    return {};
  }

 private:
  struct Values {
    Storage storage = Storage::kS8;
    std::size_t frame_bytes = 0;
    std::vector<std::byte> codes;
  };

  std::int64_t frames_;
  std::vector<Values> inputs_;
};

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

}  // namespace

std::int64_t Measurement::macs(const Engine& engine) const {
  std::int64_t macs = 0;
  for (const NodeInfo& node : engine.nodes()) macs += node.macs;
  return macs * frames;
}

Result<Measurement> measure(const Engine& engine, FrameSource& source, RunOptions options, double seconds) {
  constexpr std::int64_t kFewestRuns = 3;
  Measurement out;
  const Result<kernels::Isa> isa = kernels::select_isa(engine.isa());
  if (!isa) return isa.error();
  out.peak_macs = kernels::measure_peak(*isa);
  out.frames = options.frames < 0 ? source.frames() - options.first_frame : options.frames;
  out.threads = engine.stateful() ? 1 : options.threads > 0 ? options.threads : processors();
  out.seconds = std::numeric_limits<double>::infinity();
  std::vector<std::atomic<std::int64_t>> nanoseconds(engine.nodes().size());
  options.node_nanoseconds = nanoseconds.data();
  const Clock::time_point begin = Clock::now();
  while (out.runs < kFewestRuns || since(begin) < seconds) {
    for (auto& node : nanoseconds) node = 0;
    const Clock::time_point start = Clock::now();
    if (Status status = engine.run(source, {}, options); !status) return std::move(status).error();
    const double spent = since(start);
    ++out.runs;
    if (spent >= out.seconds) continue;
    out.seconds = spent;
    out.node_seconds.clear();
    for (const auto& node : nanoseconds) out.node_seconds.push_back(1e-9 * static_cast<double>(node.load()));
  }
  return out;
}

std::unique_ptr<FrameSource> random_source(const Package& package, std::int64_t frames) {
  return std::make_unique<RandomSource>(package, frames);
}

}  // namespace witin::bench
