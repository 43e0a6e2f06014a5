#include "sim/sweep/subject.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <cstring>
#include <mutex>

#include "sim/ops/codes.hpp"

namespace witin::sweep {
namespace {

constexpr std::size_t kNotWatched = static_cast<std::size_t>(-1);

// A glob that matches this name and no other.
std::string literal(std::string_view name) {
  std::string glob;
  for (const char c : name) {
    if (c == '*' || c == '?' || c == '[' || c == '\\') glob += '\\';
    glob += c;
  }
  return glob;
}

// The codes of a node in the noiseless run.
struct Reference {
  Storage storage = Storage::kS8;
  std::size_t elements = 0;  // of one frame
  std::vector<std::byte> codes = {};

  [[nodiscard]] const void* at(std::int64_t frame) const {
    return codes.data() + static_cast<std::size_t>(frame) * elements * size_of(storage);
  }
};

Error overflow(const std::string& node) {
  return Error{"sweep.overflow",         "the sum of squared errors exceeds 64 bits", "node '" + node + "'", "", "",
               "sweep over fewer frames"};
}

template <typename Code>
bool add_errors(const Code* noisy, const Code* clean, std::size_t size, NodeError& error) {
  constexpr std::size_t kChunk = 1 << 12;
  for (std::size_t begin = 0; begin < size; begin += kChunk) {
    const std::size_t end = std::min(size, begin + kChunk);
    // Differences of 33 bits: 4096 squares may exceed 64 bits, those of up to 25 bits cannot.
    std::uint64_t squares = 0;
    std::int64_t different = 0;
    std::int64_t largest = 0;
    for (std::size_t i = begin; i < end; ++i) {
      const std::int64_t difference = std::int64_t{noisy[i]} - clean[i];
      const std::int64_t size_of_it = difference < 0 ? -difference : difference;
      squares += static_cast<std::uint64_t>(size_of_it) * static_cast<std::uint64_t>(size_of_it);
      different += difference != 0 ? 1 : 0;
      largest = std::max(largest, size_of_it);
    }
    if (largest >= std::int64_t{1} << 25) return false;
    error.different += different;
    error.largest = std::max(error.largest, largest);
    if (__builtin_add_overflow(error.squares, squares, &error.squares)) return false;
  }
  return true;
}

// Where the first largest code of each frame is.
void find_largest(const Reference& reference, const void* codes, std::span<std::int32_t> places) {
  ops::with_element(reference.storage, [&]<typename Code>(Code*) {
    const Code* frame = static_cast<const Code*>(codes);
    for (std::int32_t& place : places) {
      place = static_cast<std::int32_t>(std::max_element(frame, frame + reference.elements) - frame);
      frame += reference.elements;
    }
  });
}

class CopySink final : public FrameSink {
 public:
  CopySink(std::span<const std::size_t> watched_of, std::span<Reference> references)
      : watched_of_(watched_of), references_(references) {}

  [[nodiscard]] bool wants(std::size_t node, std::size_t field) const override {
    return field == 0 && watched_of_[node] != kNotWatched;
  }
  Status write(std::size_t node, std::size_t, std::int64_t first, std::int64_t count, const void* codes) override {
    Reference& reference = references_[watched_of_[node]];
    const std::size_t frame_bytes = reference.elements * size_of(reference.storage);
    std::memcpy(reference.codes.data() + static_cast<std::size_t>(first) * frame_bytes, codes,
                static_cast<std::size_t>(count) * frame_bytes);
    return {};
  }

 private:
  std::span<const std::size_t> watched_of_;
  std::span<Reference> references_;
};

}  // namespace

struct Subject::State {
  Engine engine;
  std::unique_ptr<FrameSource> source;
  std::unique_ptr<report::AccuracySink> accuracy = {};  // of the noiseless run
  std::string noise_nodes = {};
  Network network = {};
  std::vector<std::size_t> watched_of = {};  // of each node: position in Network::watched, or kNotWatched
  std::vector<Reference> references = {};
  std::size_t answer = kNotWatched;        // the watched node whose largest code is the answer
  std::vector<std::int32_t> answers = {};  // of each frame, without noise

  Status choose_nodes(const std::string& glob);
  Status run_noiseless(const SubjectOptions& options);
  Status compare(std::size_t node, std::int64_t first, std::int64_t count, const void* codes, NodeError& error,
                 std::int64_t& agreeing) const;
};

namespace {

class ErrorSink final : public FrameSink {
 public:
  using Compare =
      std::function<Status(std::size_t, std::int64_t, std::int64_t, const void*, NodeError&, std::int64_t&)>;

  ErrorSink(std::span<const std::size_t> watched_of, std::size_t watched, Compare compare)
      : watched_of_(watched_of), compare_(std::move(compare)) {
    found_.nodes.resize(watched);
  }

  [[nodiscard]] bool wants(std::size_t node, std::size_t field) const override {
    return field == 0 && watched_of_[node] != kNotWatched;
  }
  Status write(std::size_t node, std::size_t, std::int64_t first, std::int64_t count, const void* codes) override {
    NodeError error;
    std::int64_t agreeing = 0;
    if (Status done = compare_(watched_of_[node], first, count, codes, error, agreeing); !done) return done;
    const std::scoped_lock lock(mutex_);
    NodeError& sum = found_.nodes[watched_of_[node]];
    if (__builtin_add_overflow(sum.squares, error.squares, &sum.squares)) return overflow(std::to_string(node));
    sum.different += error.different;
    sum.largest = std::max(sum.largest, error.largest);
    found_.agreeing += agreeing;
    return {};
  }

  [[nodiscard]] Measurement take() { return std::move(found_); }

 private:
  std::span<const std::size_t> watched_of_;
  Compare compare_;
  std::mutex mutex_;
  Measurement found_;
};

}  // namespace

Status Subject::State::choose_nodes(const std::string& glob) {
  const auto nodes = engine.nodes();
  noise_nodes = glob;
  watched_of.assign(nodes.size(), kNotWatched);
  for (std::size_t node = 0; node < nodes.size(); ++node) {
    const NodeInfo& info = nodes[node];
    const bool on_array = info.macs > 0;
    if (!on_array && !info.output) continue;
    const std::size_t place = network.watched.size();
    watched_of[node] = place;
    if (on_array && fnmatch(glob.c_str(), info.name.c_str(), 0) == 0) network.layers.push_back(place);
    network.watched.push_back({info.name, node, on_array, info.output, element_count(info.shape) * network.frames});
    references.push_back({info.fields.front().storage, static_cast<std::size_t>(element_count(info.shape))});
    if (info.output && element_count(info.shape) > 1) answer = place;
  }
  network.classifies = answer != kNotWatched && std::ranges::count(nodes, true, &NodeInfo::output) == 1;
  if (!network.classifies) answer = kNotWatched;
  if (network.layers.empty()) {
    return Error{
        "noise.nodes",    "no node on the array has such a name", "network '" + engine.package().name + "'", "",
        "'" + glob + "'", "witin-sim info shows the nodes"};
  }
  return {};
}

Status Subject::State::run_noiseless(const SubjectOptions& options) {
  const auto frames = static_cast<std::size_t>(network.frames);
  for (Reference& reference : references) {
    reference.codes.resize(frames * reference.elements * size_of(reference.storage));
  }
  CopySink copy(watched_of, references);
  std::vector<FrameSink*> sinks{&copy};
  if (accuracy != nullptr) sinks.push_back(accuracy.get());
  RunOptions run;
  run.threads = options.threads;
  run.cancel = options.cancel;
  if (Status done = engine.run(*source, sinks, run); !done) return done;
  network.noiseless.nodes.resize(network.watched.size());
  if (accuracy != nullptr) network.noiseless.correct = accuracy->accuracy().correct;
  if (answer == kNotWatched) return {};
  answers.resize(frames);
  find_largest(references[answer], references[answer].at(0), answers);
  network.noiseless.agreeing = network.frames;
  return {};
}

Status Subject::State::compare(std::size_t node, std::int64_t first, std::int64_t count, const void* codes,
                               NodeError& error, std::int64_t& agreeing) const {
  const Reference& reference = references[node];
  const bool fits = ops::with_element(reference.storage, [&]<typename Code>(Code*) {
    return add_errors(static_cast<const Code*>(codes), static_cast<const Code*>(reference.at(first)),
                      static_cast<std::size_t>(count) * reference.elements, error);
  });
  if (!fits) return overflow(network.watched[node].name);
  if (node != answer) return {};
  std::vector<std::int32_t> places(static_cast<std::size_t>(count));
  find_largest(reference, codes, places);
  for (std::size_t i = 0; i < places.size(); ++i) {
    agreeing += places[i] == answers[static_cast<std::size_t>(first) + i] ? 1 : 0;
  }
  return {};
}

Subject::Subject(std::unique_ptr<State> state) : state_(std::move(state)) {}
Subject::Subject(Subject&&) noexcept = default;
Subject& Subject::operator=(Subject&&) noexcept = default;
Subject::~Subject() = default;

Result<Subject> Subject::create(Engine engine, std::unique_ptr<FrameSource> source, const SubjectOptions& options) {
  std::unique_ptr<State> state(new State{.engine = std::move(engine), .source = std::move(source)});
  Network& network = state->network;
  const Package& package = state->engine.package();
  network.name = package.name;
  network.sha256 = package.sha256();
  network.arithmetic = state->engine.arithmetic();
  network.frames = state->source->frames();
  network.labelled = !options.labels.empty();
  if (network.frames == 0) return Error{"sweep.frames", "the input has no frames", "", "", "", ""};
  if (!options.labels.empty()) {
    auto accuracy = report::AccuracySink::create(state->engine, options.labels, network.frames);
    if (!accuracy) return std::move(accuracy).error();
    state->accuracy = std::move(accuracy).value();
  }
  if (Status chosen = state->choose_nodes(options.noise_nodes); !chosen) return std::move(chosen).error();
  if (Status done = state->run_noiseless(options); !done) return std::move(done).error();
  return Subject(std::move(state));
}

const Network& Subject::network() const { return state_->network; }

Result<Measurement> Subject::measure(const NoiseOptions& noise, std::optional<std::size_t> layer, int threads,
                                     const std::atomic<bool>* cancel) const {
  if (noise.model.none()) return state_->network.noiseless;
  const auto compare = [this](auto&&... parts) { return state_->compare(parts...); };
  ErrorSink errors(state_->watched_of, state_->network.watched.size(), compare);
  std::vector<FrameSink*> sinks{&errors};
  std::unique_ptr<report::AccuracySink> accuracy;
  if (state_->accuracy != nullptr) {
    accuracy = state_->accuracy->again();
    sinks.push_back(accuracy.get());
  }
  RunOptions run;
  run.threads = threads;
  run.cancel = cancel;
  run.noise = noise;
  run.noise.nodes = layer ? literal(state_->network.watched[state_->network.layers[*layer]].name) : state_->noise_nodes;
  if (Status done = state_->engine.run(*state_->source, sinks, run); !done) return std::move(done).error();
  Measurement found = errors.take();
  if (accuracy != nullptr) found.correct = accuracy->accuracy().correct;
  return found;
}

Status Subject::check(const NoiseModel& model) const {
  if (model.none()) return {};
  RunOptions run;
  run.frames = 1;
  run.threads = 1;
  run.noise.model = model;
  run.noise.nodes = state_->noise_nodes;
  return state_->engine.run(*state_->source, {}, run);
}

}  // namespace witin::sweep
