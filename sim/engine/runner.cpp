#include "sim/engine/runner.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <atomic>
#include <chrono>

#include "sim/cancel.hpp"
#include "sim/noise/draws.hpp"
#include "sim/noise/sampler.hpp"
#include "sim/package/limits.hpp"
#include "sim/processors.hpp"

namespace witin::engine {
namespace {

// A worker's activations should stay in its second-level cache beside the weights, or beside cells with noise, which
// are several times as large, and their sums.
constexpr std::int64_t kBlockBytes = std::int64_t{1} << 19;
constexpr std::int64_t kNoisyBlockBytes = kBlockBytes / 4;

// Rows that the tiles of every kernel divide, and a strip of transposed output.
constexpr std::int64_t kFramesTogether = 48;
constexpr std::int64_t kLastFrames = kFramesTogether / 2;  // the least of a block, where blocks may be larger

std::int64_t choose_block_frames(const Plan& plan, bool noisy, std::int64_t frames, int threads) {
  std::int64_t frame_bytes = 1;
  for (const std::size_t bytes : plan.slot_bytes) frame_bytes += static_cast<std::int64_t>(bytes);
  const std::int64_t most = std::clamp<std::int64_t>(frames, 1, package::limits::kBlockFrames);
  const std::int64_t fitting =
      std::clamp<std::int64_t>((noisy ? kNoisyBlockBytes : kBlockBytes) / frame_bytes, 1, most);
  // Eight blocks a thread let the threads finish together.
  const std::int64_t shared =
      threads <= 1 ? fitting : std::clamp<std::int64_t>((frames + 8 * threads - 1) / (8 * threads), 1, fitting);
  return shared <= kFramesTogether ? shared : shared / kFramesTogether * kFramesTogether;
}

}  // namespace

Runner::Runner(const Plan& plan, Workers& workers, FrameSource& source, std::span<FrameSink* const> sinks,
               const RunOptions& options)
    : plan_(plan), workers_(workers), source_(source), sinks_(sinks), options_(options) {
  for (std::size_t node = 0; node < plan.nodes.size(); ++node) {
    std::vector<bool>& wanted = wanted_.emplace_back(plan.nodes[node].fields.size());
    for (std::size_t field = 0; field < wanted.size(); ++field) {
      wanted[field] = std::ranges::any_of(sinks, [&](const FrameSink* sink) { return sink->wants(node, field); });
    }
  }
}

Status Runner::run() {
  const std::int64_t available = source_.frames();
  const std::int64_t most = available - options_.first_frame;
  if (options_.first_frame < 0 || most < 0 || options_.frames > most) {
    const std::string last = options_.frames < 0 ? "" : std::to_string(options_.first_frame + options_.frames);
    return Error{"run.frames",
                 "the input has fewer frames",
                 "",
                 "at most " + std::to_string(available) + " frames",
                 std::to_string(options_.first_frame) + ":" + last,
                 ""};
  }
  end_ = options_.first_frame + (options_.frames < 0 ? most : options_.frames);
  if (Status drawn = draw_noise(); !drawn) return drawn;
  const bool noisy = std::ranges::any_of(noise_, [](const auto& noise) { return noise != nullptr; });
  const int threads = plan_.stateful ? 1 : options_.threads > 0 ? options_.threads : processors();
  block_frames_ = options_.block_frames > 0 ? std::min(options_.block_frames, std::max<std::int64_t>(1, end_))
                                            : choose_block_frames(plan_, noisy, end_ - options_.first_frame, threads);
  if (plan_.lookahead != 0) block_frames_ = std::max<std::int64_t>(1, std::min(available, end_ + plan_.lookahead));
  const bool one_block = end_ - options_.first_frame <= block_frames_;
  return threads == 1 || one_block ? run_in_order() : run_in_parallel(threads);
}

Status Runner::draw_noise() {
  noise_.resize(plan_.steps.size());
  const NoiseOptions& options = options_.noise;
  if (options.model.none()) return {};
  if (options.trial < 0 || options.trial >= noise::kMostTrials) {
    return Error{"noise.trial", "not the number of a trial", "", "0 .. 2^32 - 1", std::to_string(options.trial), ""};
  }
  bool any = false;
  for (std::size_t step = 0; step < noise_.size(); ++step) {
    const std::string& name = plan_.nodes[step].name;
    if (fnmatch(options.nodes.c_str(), name.c_str(), 0) != 0) continue;
    const auto* const noisy = dynamic_cast<const ops::Noisy*>(plan_.steps[step].op.get());
    if (noisy == nullptr) continue;  // not on the array
    ops::NoiseSetup setup{options.model.get(), options.seed, options.trial, plan_.package.nodes[step].index,
                          source_.frames(),    nullptr};
    if (!options.draws.none()) {
      const auto& nodes = options.draws.get()->nodes;
      const auto given = nodes.find(name);
      if (given == nodes.end()) continue;
      setup.draws = &given->second;
    }
    Result<std::unique_ptr<const ops::Noise>> noise = noisy->draw_noise(setup);
    if (!noise) return std::move(noise).error().within("node '" + name + "', " + plan_.nodes[step].op);
    noise_[step] = *std::move(noise);
    any = any || noise_[step] != nullptr;
  }
  if (any) return {};
  return Error{"noise.nodes",
               "no node on the array is noisy",
               "",
               options.draws.none() ? "a glob that matches one" : "given draws for one",
               "'" + options.nodes + "'",
               ""};
}

Status Runner::run_in_order() {
  const auto workspace = make_workspace();
  // State has to be brought up to first_frame; those blocks end there, and no sink sees them.
  std::int64_t first = plan_.stateful ? 0 : options_.first_frame;
  if (plan_.lookahead != 0 && first < end_) {
    if (is_cancelled(options_.cancel)) return cancelled("run");
    if (Status status = run_block(*workspace, 0, block_frames_); !status) return status;
    finished(end_ - options_.first_frame);
    return {};
  }
  while (first < end_) {
    if (is_cancelled(options_.cancel)) return cancelled("run");
    const std::int64_t stop = first < options_.first_frame ? options_.first_frame : end_;
    const std::int64_t count = std::min(block_frames_, stop - first);
    if (Status status = run_block(*workspace, first, count); !status) return status;
    first += count;
    finished(count);
  }
  return {};
}

Status Runner::run_in_parallel(int threads) {
  std::atomic<std::int64_t> next{options_.first_frame};
  std::atomic<std::int64_t> failed{end_};  // the earliest block so far, by its first frame
  std::mutex mutex;
  Status failure;
  const auto fail = [&](std::int64_t first, Status status) {
    const std::scoped_lock lock(mutex);
    if (first < failed) {
      failed = first;
      failure = std::move(status);
    }
  };
  workers_.run(threads, [&] {
    std::unique_ptr<Workspace> workspace;
    for (std::int64_t first = next; first < failed;) {
      const std::int64_t count = next_block(end_ - first, threads);
      if (!next.compare_exchange_weak(first, first + count)) continue;
      if (is_cancelled(options_.cancel)) return fail(first, cancelled("run"));
      if (workspace == nullptr) workspace = make_workspace();
      if (Status status = run_block(*workspace, first, count); !status) return fail(first, std::move(status));
      finished(count);
      first = next;
    }
  });
  return failure;
}

// Of the frames that are left. The last blocks are small, so that the threads finish together.
std::int64_t Runner::next_block(std::int64_t left, int threads) const {
  const std::int64_t most = std::min(block_frames_, left);
  if (options_.block_frames > 0) return most;
  const std::int64_t fair = left / (2 * threads) / kLastFrames * kLastFrames;
  return std::min(most, std::max(fair, kLastFrames));
}

std::unique_ptr<Runner::Workspace> Runner::make_workspace() const {
  auto workspace = std::make_unique<Workspace>();
  // All frames of a network that looks ahead, which a sparse file can have many of.
  const auto of_all_frames = [this](std::size_t bytes) {
    std::ptrdiff_t all = 0;
    if (__builtin_mul_overflow(bytes, block_frames_, &all)) throw std::bad_alloc();
    return static_cast<std::size_t>(all);
  };
  for (const std::size_t bytes : plan_.slot_bytes) workspace->slots.emplace_back(of_all_frames(bytes));
  for (std::size_t node = 0; node < plan_.steps.size(); ++node) {
    auto& buffers = workspace->fields.emplace_back();
    const std::vector<ops::Field>& fields = plan_.steps[node].fields;
    for (std::size_t field = 0; field < fields.size(); ++field) {
      const auto elements = static_cast<std::size_t>(element_count(fields[field].shape));
      const std::size_t bytes = wanted_[node][field + 1] ? elements * size_of(fields[field].storage) : 0;
      buffers.emplace_back(of_all_frames(bytes));
    }
    workspace->states.push_back(plan_.steps[node].op->initial_state());
  }
  return workspace;
}

Status Runner::run_block(Workspace& workspace, std::int64_t first, std::int64_t count) {
  for (std::size_t input = 0; input < plan_.package.inputs.size(); ++input) {
    const Plan::Value& value = plan_.values[input];
    Status read = source_.read(input, first, count, value.type.storage(), workspace.slots[value.slot].data());
    if (!read) return read;
  }
  for (std::size_t step = 0; step < plan_.steps.size(); ++step) {
    if (Status status = run_step(workspace, step, first, count); !status) return status;
  }
  return {};
}

Status Runner::run_step(Workspace& workspace, std::size_t step, std::int64_t first, std::int64_t count) {
  const Plan::Step& planned = plan_.steps[step];
  const auto address = [&](std::size_t value) { return workspace.slots[plan_.values[value].slot].data(); };
  const auto inputs = workspace.scratch.take<const void*>(planned.inputs.size());
  for (std::size_t i = 0; i < planned.inputs.size(); ++i) inputs[i] = address(planned.inputs[i]);
  const auto fields = workspace.scratch.take<void*>(planned.fields.size());
  for (std::size_t field = 0; field < planned.fields.size(); ++field) {
    fields[field] = wanted_[step][field + 1] ? workspace.fields[step][field].data() : nullptr;
  }
  ops::Run run;
  run.first_frame = first;
  run.frames = count;
  run.inputs = inputs;
  run.output = address(plan_.package.inputs.size() + step);
  run.fields = fields;
  run.scratch = &workspace.scratch;
  run.state = workspace.states[step].get();
  Status status = run_timed(step, run);
  workspace.scratch.reset();
  if (!status) return std::move(status).error().within("node '" + plan_.nodes[step].name + "'");

  const std::int64_t skip = std::max<std::int64_t>(0, options_.first_frame - first);
  const std::int64_t shown = std::min(count, end_ - first) - skip;
  if (shown <= 0) return {};
  for (std::size_t field = 0; field < wanted_[step].size(); ++field) {
    if (!wanted_[step][field]) continue;
    const FieldInfo& info = plan_.nodes[step].fields[field];
    const auto frame_bytes = static_cast<std::size_t>(element_count(info.shape)) * size_of(info.storage);
    const void* const base = field == 0 ? run.output : workspace.fields[step][field - 1].data();
    const void* const codes = static_cast<const std::byte*>(base) + static_cast<std::size_t>(skip) * frame_bytes;
    for (FrameSink* const sink : sinks_) {
      if (!sink->wants(step, field)) continue;
      Status written = sink->write(step, field, first + skip - options_.first_frame, shown, codes);
      if (!written) return written;
    }
  }
  return {};
}

Status Runner::run_timed(std::size_t step, const ops::Run& run) const {
  const auto run_operator = [&] {
    const ops::Operator& op = *plan_.steps[step].op;
    const ops::Noise* const noise = noise_[step].get();
    return noise == nullptr ? op.run(run) : dynamic_cast<const ops::Noisy&>(op).run_noisy(run, *noise);
  };
  if (options_.node_nanoseconds == nullptr) return run_operator();
  const auto start = std::chrono::steady_clock::now();
  Status status = run_operator();
  const auto spent = std::chrono::steady_clock::now() - start;
  options_.node_nanoseconds[step] += std::chrono::duration_cast<std::chrono::nanoseconds>(spent).count();
  return status;
}

void Runner::finished(std::int64_t frames) {
  const std::int64_t done = done_.fetch_add(frames) + frames;
  if (options_.progress) options_.progress(done, end_ - options_.first_frame);
}

}  // namespace witin::engine
