#include "sim/golden/compare_sink.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "sim/frame_index.hpp"
#include "sim/ops/codes.hpp"

namespace witin::golden {
namespace {

// Calls `function` with a null pointer of the element type of an integer dtype.
template <typename Function>
decltype(auto) with_element(DType dtype, Function&& function) {
  switch (dtype) {
    case DType::kU8:
      return function(static_cast<std::uint8_t*>(nullptr));
    case DType::kI8:
      return function(static_cast<std::int8_t*>(nullptr));
    case DType::kU16:
      return function(static_cast<std::uint16_t*>(nullptr));
    case DType::kI16:
      return function(static_cast<std::int16_t*>(nullptr));
    case DType::kI32:
      return function(static_cast<std::int32_t*>(nullptr));
    default:
      return function(static_cast<std::int64_t*>(nullptr));
  }
}

struct Count {
  std::int64_t different = 0;
  std::size_t first = 0;  // element of the block
  std::int64_t expected = 0;
  std::int64_t found = 0;
};

template <typename Expected, typename Found>
Count compare(const Expected* expected, const Found* found, std::size_t size) {
  Count count;
  if constexpr (std::is_same_v<Expected, Found>) {
    if (std::memcmp(expected, found, size * sizeof(Found)) == 0) return count;
  }
  for (std::size_t i = 0; i < size; ++i) {
    if (static_cast<std::int64_t>(expected[i]) == static_cast<std::int64_t>(found[i])) continue;
    if (count.different++ == 0)
      count = {1, i, static_cast<std::int64_t>(expected[i]), static_cast<std::int64_t>(found[i])};
  }
  return count;
}

}  // namespace

struct CompareSink::Pair {
  std::size_t trace_node;
  std::size_t trace_field;
  DType dtype;
  Storage storage;
  Shape shape;
  std::mutex mutex;
  FieldComparison result;
};

Result<std::unique_ptr<CompareSink>> CompareSink::create(const Engine& engine, const Trace& expected, bool unnamed,
                                                         std::int64_t frames) {
  std::unique_ptr<CompareSink> sink(new CompareSink(expected));
  if (Status status = sink->bind(engine, unnamed, frames); !status) return std::move(status).error();
  return sink;
}

CompareSink::CompareSink(const Trace& expected) : expected_(expected) {}
CompareSink::~CompareSink() = default;

Status CompareSink::bind(const Engine& engine, bool unnamed, std::int64_t frames) {
  const auto nodes = engine.nodes();
  const TraceInfo& info = expected_.info();
  if (info.frames != frames) {
    return Error{"compare.frames",
                 "expected values are of another number of frames",
                 "",
                 std::to_string(info.frames),
                 std::to_string(frames),
                 ""};
  }
  for (const NodeInfo& node : nodes) pairs_.emplace_back(node.fields.size());
  if (unnamed) {
    const auto outputs = std::ranges::count_if(nodes, &NodeInfo::output);
    if (outputs != 1) {
      return Error{"compare.output",
                   "one expected array for a network of several outputs",
                   "",
                   "a .npz or .wtrace that names them",
                   std::to_string(outputs) + " outputs",
                   ""};
    }
    const auto output = std::ranges::find_if(nodes, &NodeInfo::output);
    return add_pair(*output, static_cast<std::size_t>(output - nodes.begin()), 0, 0);
  }
  for (std::size_t i = 0; i < info.nodes.size(); ++i) {
    const auto node = std::ranges::find(nodes, info.nodes[i].name, &NodeInfo::name);
    if (node == nodes.end()) {
      return Error{"compare.node", "the network has no such node", "node '" + info.nodes[i].name + "'", "", "", ""};
    }
    for (std::size_t field = 0; field < info.nodes[i].fields.size(); ++field) {
      if (Status status = add_pair(*node, static_cast<std::size_t>(node - nodes.begin()), i, field); !status) {
        return status;
      }
    }
  }
  return {};
}

Status CompareSink::add_pair(const NodeInfo& info, std::size_t node, std::size_t trace_node, std::size_t trace_field) {
  const TraceField& traced = expected_.info().nodes[trace_node].fields[trace_field];
  const auto field = std::ranges::find(info.fields, traced.name, &FieldInfo::name);
  const std::string where = "node '" + info.name + "' field " + traced.name;
  if (field == info.fields.end()) return Error{"compare.field", "the node has no such field", where, "", "", ""};
  if (field->shape != traced.shape) {
    return Error{"compare.shape",
                 "expected values have another shape",
                 where,
                 to_string(traced.shape),
                 to_string(field->shape),
                 ""};
  }
  if (!is_integer(traced.dtype)) {
    return Error{"compare.dtype",    "expected values are no codes",  where,
                 "an integer dtype", std::string(name(traced.dtype)), ""};
  }
  auto pair = std::make_unique<Pair>();
  pair->trace_node = trace_node;
  pair->trace_field = trace_field;
  pair->dtype = traced.dtype;
  pair->storage = field->storage;
  pair->shape = field->shape;
  pair->result.node = info.name;
  pair->result.field = traced.name;
  pairs_[node][static_cast<std::size_t>(field - info.fields.begin())] = std::move(pair);
  return {};
}

bool CompareSink::wants(std::size_t node, std::size_t field) const { return pairs_[node][field] != nullptr; }

Status CompareSink::write(std::size_t node, std::size_t field, std::int64_t first, std::int64_t count,
                          const void* codes) {
  Pair& pair = *pairs_[node][field];
  const auto frame_size = static_cast<std::size_t>(element_count(pair.shape));
  const std::size_t size = frame_size * static_cast<std::size_t>(count);
  // Aligned for every dtype.
  std::vector<std::int64_t> buffer((size * size_of(pair.dtype) + 7) / 8);
  const std::span<std::byte> bytes = std::as_writable_bytes(std::span(buffer)).first(size * size_of(pair.dtype));
  if (Status status = expected_.read(pair.trace_node, pair.trace_field, first, count, bytes); !status) return status;

  const Count block = with_element(pair.dtype, [&]<typename Expected>(Expected*) {
    return ops::with_element(pair.storage, [&]<typename Found>(Found*) {
      return compare(reinterpret_cast<const Expected*>(bytes.data()), static_cast<const Found*>(codes), size);
    });
  });
  const std::scoped_lock lock(pair.mutex);
  FieldComparison& sum = pair.result;
  sum.compared += static_cast<std::int64_t>(size);
  sum.different += block.different;
  if (block.different == 0) return {};
  const std::int64_t frame = first + static_cast<std::int64_t>(block.first / frame_size);
  if (!sum.first || frame < sum.first->frame) {
    sum.first = Difference{frame, index_of(block.first % frame_size, pair.shape), block.expected, block.found};
  }
  return {};
}

std::vector<FieldComparison> CompareSink::comparisons() const {
  std::vector<FieldComparison> all;
  for (const auto& fields : pairs_) {
    for (const auto& pair : fields) {
      if (pair != nullptr) all.push_back(pair->result);
    }
  }
  return all;
}

}  // namespace witin::golden
