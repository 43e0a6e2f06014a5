#include "witin/engine.hpp"

#include <new>

#include "sim/engine/plan.hpp"
#include "sim/engine/runner.hpp"

namespace witin {

Engine::Engine(std::shared_ptr<const engine::Plan> plan) : plan_(std::move(plan)) {}

Result<Engine> Engine::create(Package package, const EngineOptions& options) {
  try {
    Result<std::shared_ptr<const engine::Plan>> plan = engine::Plan::make(std::move(package), options);
    if (!plan) return std::move(plan).error();
    return Engine(*std::move(plan));
  } catch (const std::bad_alloc&) {
    return Error{"resource.memory", "not enough memory to prepare the network", "", "", "", ""};
  }
}

const Package& Engine::package() const { return plan_->package; }
std::span<const NodeInfo> Engine::nodes() const { return plan_->nodes; }
Arithmetic Engine::arithmetic() const { return plan_->arithmetic; }
std::string_view Engine::isa() const { return kernels::name(plan_->isa); }
bool Engine::stateful() const { return plan_->stateful; }

Status Engine::run(FrameSource& source, std::span<FrameSink* const> sinks, const RunOptions& options) const {
  try {
    return engine::Runner(*plan_, source, sinks, options).run();
  } catch (const std::bad_alloc&) {
    return Error{"resource.memory", "not enough memory to run the network", "", "", "", "run fewer threads"};
  }
}

}  // namespace witin
