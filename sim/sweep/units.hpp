// The work of a sweep as a list: for every model and setting first the trials with all layers noised, then for every
// layer the trials with this layer noised alone.
//
// A unit's measurement is a function of its coordinates and the seed, so units may be done in any order, anywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace witin::sweep {

struct Unit {
  std::size_t model = 0;
  std::size_t setting = 0;
  std::optional<std::size_t> layer = {};  // noised alone; none: all layers
  std::int64_t trial = 0;

  friend bool operator==(const Unit&, const Unit&) = default;
};

class UnitList {
 public:
  // `layers`: of each model. trials >= 1, 0 <= layer_trials <= trials.
  UnitList(std::vector<std::size_t> layers, std::size_t settings, std::int64_t trials, std::int64_t layer_trials);

  [[nodiscard]] std::size_t size() const { return first_.back(); }
  [[nodiscard]] Unit at(std::size_t unit) const;
  // The first of the consecutive units that differ only in the trial.
  [[nodiscard]] std::size_t find(std::size_t model, std::size_t setting, std::optional<std::size_t> layer) const;

  [[nodiscard]] std::size_t trials() const { return trials_; }
  [[nodiscard]] std::size_t layer_trials() const { return layer_trials_; }
  [[nodiscard]] std::size_t settings() const { return settings_; }

 private:
  [[nodiscard]] std::size_t per_setting(std::size_t model) const { return trials_ + layers_[model] * layer_trials_; }

  std::vector<std::size_t> layers_;
  std::size_t settings_;
  std::size_t trials_;
  std::size_t layer_trials_;
  std::vector<std::size_t> first_;  // unit of each model, and the number of units
};

}  // namespace witin::sweep
