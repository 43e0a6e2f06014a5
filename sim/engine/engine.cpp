#include "witin/engine.hpp"

#include "sim/engine/plan.hpp"
#include "sim/engine/runner.hpp"
#include "sim/engine/workers.hpp"
#include "sim/guard.hpp"

namespace witin {

Engine::Engine(std::shared_ptr<const engine::Plan> plan)
    : plan_(std::move(plan)), workers_(std::make_shared<engine::Workers>()) {}

Result<Engine> Engine::create(Package package, const EngineOptions& options) {
  return guarded("", [&]() -> Result<Engine> {
    Result<std::shared_ptr<const engine::Plan>> plan = engine::Plan::make(std::move(package), options);
    if (!plan) return std::move(plan).error();
    return Engine(*std::move(plan));
  });
}

const Package& Engine::package() const { return plan_->package; }
std::span<const NodeInfo> Engine::nodes() const { return plan_->nodes; }
Arithmetic Engine::arithmetic() const { return plan_->arithmetic; }
std::string_view Engine::isa() const { return kernels::name(plan_->isa); }
bool Engine::stateful() const { return plan_->stateful; }

Status Engine::run(FrameSource& source, std::span<FrameSink* const> sinks, const RunOptions& options) const {
  return guarded("", [&] { return engine::Runner(*plan_, *workers_, source, sinks, options).run(); });
}

}  // namespace witin
