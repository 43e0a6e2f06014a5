// Which noise a sweep goes through: "normal:0..9", "mbs:0,1,4.5", "simple:0..4:0.5", "custom:FILE.json", "none".
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "witin/noise.hpp"

namespace witin::sweep {

struct Setting {
  NoiseModel model;
  std::string name;                  // "normal", "custom:FILE.json" as it was given, "none"
  std::optional<double> level = {};  // none of "none" and custom models

  [[nodiscard]] std::string text() const;  // "normal:4"
};

// A list of levels and ranges FIRST..LAST or FIRST..LAST:STEP (1 by default), both ends included, in decimals of at
// most nine digits behind the point. The levels of one model are gathered where it is first named, in increasing order,
// each once. Errors: usage.levels; noise.* of NoiseModel::parse.
[[nodiscard]] Result<std::vector<Setting>> parse_settings(std::span<const std::string> texts);

}  // namespace witin::sweep
