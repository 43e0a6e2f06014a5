// A package made ready to run: operators prepared, and for every value of the graph its place in a worker's memory.
//
// Values are numbered: the package's inputs first, then its nodes. A slot is a piece of memory that values share whose
// lives do not overlap; a value lives from the node that makes it to the last node that reads it.
#pragma once

#include "sim/kernels/isa.hpp"
#include "sim/ops/operator.hpp"
#include "witin/engine.hpp"

namespace witin::engine {

struct Plan {
  struct Value {
    ops::ValueType type;
    std::size_t slot = 0;
  };
  struct Step {
    std::unique_ptr<ops::Operator> op;
    std::vector<std::size_t> inputs;  // values
    std::vector<ops::Field> fields;   // fields 1.. of the node
  };

  Package package;
  Arithmetic arithmetic = Arithmetic::kWtm2101;
  kernels::Isa isa = kernels::Isa::kRef;
  std::vector<Value> values;
  std::vector<Step> steps;  // one a node
  std::vector<NodeInfo> nodes;
  std::vector<std::size_t> slot_bytes;  // of one frame
  bool stateful = false;
  std::int64_t lookahead = 0;  // of all operators together: frames that the outputs of one frame can depend on

  static Result<std::shared_ptr<const Plan>> make(Package package, const EngineOptions& options);

 private:
  Status prepare_nodes(const std::atomic<bool>* cancel);
  void assign_slots();
};

}  // namespace witin::engine
