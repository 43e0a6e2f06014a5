#include <fnmatch.h>

#include <bit>
#include <utility>

#include "sim/guard.hpp"
#include "sim/trace/field_bytes.hpp"
#include "sim/trace/trace_writer.hpp"
#include "witin/record.hpp"

namespace witin {
namespace {

constexpr std::size_t kNotRecorded = static_cast<std::size_t>(-1);

// The width of signed codes that holds the range.
int bits_of(CodeRange range) {
  const auto magnitude = static_cast<std::uint32_t>(std::max(range.hi, -(range.lo + 1)));
  return static_cast<int>(std::bit_width(magnitude)) + 1;
}

std::string_view name(TraceLevel level) {
  switch (level) {
    case TraceLevel::kOutputs:
      return "outputs";
    case TraceLevel::kNodes:
      return "nodes";
    case TraceLevel::kFull:
      break;
  }
  return "full";
}

}  // namespace

struct TraceRecorder::State {
  struct Place {  // in the trace
    std::size_t node = kNotRecorded;
    std::size_t fields = 0;  // fields 0 .. fields - 1 are recorded
  };
  std::vector<Place> places;
  std::vector<std::vector<FieldInfo>> fields;
  std::optional<trace::TraceWriter> writer;
};

TraceRecorder::TraceRecorder(std::unique_ptr<State> state) : state_(std::move(state)) {}
TraceRecorder::~TraceRecorder() = default;

Result<std::unique_ptr<TraceRecorder>> TraceRecorder::create(const Engine& engine, std::int64_t frames,
                                                             const std::filesystem::path& path,
                                                             const TraceOptions& options) {
  return guarded(path.native(), [&]() -> Result<std::unique_ptr<TraceRecorder>> {
    auto state = std::make_unique<State>();
    const Package& package = engine.package();
    TraceInfo info;
    info.package_name = package.name;
    info.package_sha256 = package.sha256();
    info.arithmetic = engine.arithmetic();
    info.noise = options.noise;
    info.seed = options.seed;
    info.simulator = WITIN_VERSION;
    info.level = name(options.level);
    info.frames = frames;
    for (const Input& input : package.inputs) info.inputs.push_back(input.name);
    for (const NodeInfo& node : engine.nodes()) {
      state->fields.push_back(node.fields);
      State::Place place;
      const bool matches = fnmatch(options.nodes.c_str(), node.name.c_str(), 0) == 0;
      if (matches && (node.output || options.level != TraceLevel::kOutputs)) {
        place = {info.nodes.size(), options.level == TraceLevel::kFull ? node.fields.size() : 1};
        TraceNode traced{.name = node.name, .op = node.op, .shape = node.shape};
        traced.inputs = node.inputs;
        traced.lookahead = node.lookahead;
        for (std::size_t field = 0; field < place.fields; ++field) {
          const FieldInfo& source = node.fields[field];
          traced.fields.push_back({.name = source.name,
                                   .dtype = trace::dtype_of(source.storage),
                                   .shape = source.shape,
                                   .bits = source.range ? std::optional(bits_of(*source.range)) : std::nullopt});
        }
        info.nodes.push_back(std::move(traced));
      }
      state->places.push_back(place);
    }
    if (info.nodes.empty()) {
      return Error{"record.nothing", "no node to trace",
                   path.string(),    "a glob that matches a node",
                   options.nodes,    "see the node names with: witin-sim info"};
    }
    Result<trace::TraceWriter> writer = trace::TraceWriter::create(path, info);
    if (!writer) return std::move(writer).error();
    state->writer.emplace(*std::move(writer));
    return std::unique_ptr<TraceRecorder>(new TraceRecorder(std::move(state)));
  });
}

bool TraceRecorder::wants(std::size_t node, std::size_t field) const { return field < state_->places[node].fields; }

Status TraceRecorder::write(std::size_t node, std::size_t field, std::int64_t first, std::int64_t count,
                            const void* codes) {
  const FieldInfo& info = state_->fields[node][field];
  std::vector<std::int16_t> converted;
  const auto elements = static_cast<std::size_t>(count * element_count(info.shape));
  return state_->writer->write(state_->places[node].node, field, first, count,
                               trace::as_file_elements(info.storage, codes, elements, converted));
}

Status TraceRecorder::finish() { return state_->writer->finish(); }

}  // namespace witin
