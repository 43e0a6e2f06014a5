#include "sim/sweep/units.hpp"

#include <algorithm>

namespace witin::sweep {

UnitList::UnitList(std::vector<std::size_t> layers, std::size_t settings, std::int64_t trials,
                   std::int64_t layer_trials)
    : layers_(std::move(layers)),
      settings_(settings),
      trials_(static_cast<std::size_t>(trials)),
      layer_trials_(static_cast<std::size_t>(layer_trials)),
      first_{0} {
  for (std::size_t model = 0; model < layers_.size(); ++model) {
    first_.push_back(first_.back() + settings_ * per_setting(model));
  }
}

Unit UnitList::at(std::size_t unit) const {
  Unit at;
  at.model = static_cast<std::size_t>(std::ranges::upper_bound(first_, unit) - first_.begin()) - 1;
  std::size_t rest = unit - first_[at.model];
  at.setting = rest / per_setting(at.model);
  rest %= per_setting(at.model);
  if (rest < trials_) {
    at.trial = static_cast<std::int64_t>(rest);
  } else {
    at.layer = (rest - trials_) / layer_trials_;
    at.trial = static_cast<std::int64_t>((rest - trials_) % layer_trials_);
  }
  return at;
}

std::size_t UnitList::find(std::size_t model, std::size_t setting, std::optional<std::size_t> layer) const {
  const std::size_t inner = layer ? trials_ + *layer * layer_trials_ : 0;
  return first_[model] + setting * per_setting(model) + inner;
}

}  // namespace witin::sweep
