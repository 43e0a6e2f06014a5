#include "sim/diff/trace_side.hpp"

#include <system_error>

#include "sim/trace/trace_header.hpp"
#include "witin/trace.hpp"

namespace witin::diff {
namespace {

std::string kind_of(const std::filesystem::path& path, const TraceInfo& info) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return "folder";
  if (path.extension() == ".npy") return "npy";
  return info.arithmetic ? "trace" : "npz";
}

class TraceSide final : public Side {
 public:
  TraceSide(const std::filesystem::path& path, Trace trace) : trace_(std::move(trace)) {
    const TraceInfo& info = trace_.info();
    info_ = {path.string(), kind_of(path, info), info.package_name, info.package_sha256, info.frames};
    network_inputs_ = info.inputs;
    for (std::size_t node = 0; node < info.nodes.size(); ++node) {
      const TraceNode& traced = info.nodes[node];
      for (std::size_t field = 0; field < traced.fields.size(); ++field) {
        Entry entry;
        entry.node = traced.name;
        entry.field = traced.fields[field].name;
        entry.op = traced.op;
        entry.inputs = traced.inputs;
        entry.lookahead = traced.lookahead;
        entry.shape = traced.fields[field].shape;
        entry.dtype = traced.fields[field].dtype;
        entry.frames = info.frames;
        entry.source = trace::field_member(entry.node, entry.field);
        entries_.push_back(std::move(entry));
        places_.emplace_back(node, field);
      }
    }
  }

  Status read(std::size_t entry, std::int64_t first, std::int64_t count, std::span<std::byte> out) const override {
    return trace_.read(places_[entry].first, places_[entry].second, first, count, out);
  }
  Status read_once(std::size_t entry, std::int64_t first, std::int64_t count, std::span<std::byte> out) const override {
    return trace_.read_once(places_[entry].first, places_[entry].second, first, count, out);
  }

 private:
  Trace trace_;
  std::vector<std::pair<std::size_t, std::size_t>> places_;  // node and field of the trace
};

}  // namespace

Result<std::unique_ptr<Side>> open_trace_side(const std::filesystem::path& path) {
  Result<Trace> trace = Trace::open(path);
  if (!trace) return std::move(trace).error();
  return std::unique_ptr<Side>(std::make_unique<TraceSide>(path, *std::move(trace)));
}

}  // namespace witin::diff
