// A noise model as a list of terms: what is drawn, with which sigma, for what, and how often. The library's models and
// custom ones are the same thing with other numbers. Contract and sources: sim/noise/noise.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace witin::noise {

enum class Kind : std::uint8_t { kNormal, kSimple, kMbs, kCustom };
enum class Per : std::uint8_t { kCell, kRow, kColumn };
enum class Scale : std::uint8_t { kTrial, kFrame };

// A sigma that depends on the magnitude of a code: a table by rounded magnitude, its last entry beyond its end, or
// additive + relative * magnitude. `at_zero` replaces the value at exactly 0.
struct Sigma {
  double additive = 0;
  double relative = 0;
  std::vector<double> table = {};
  std::optional<double> at_zero = {};

  [[nodiscard]] double operator()(double magnitude) const;
  [[nodiscard]] bool linear() const { return table.empty() && !at_zero; }
};

struct CellTerm {
  Sigma sigma_weight_lsb;
  Per per = Per::kCell;
  Scale scale = Scale::kTrial;
};

// Weights times (t / t0)^-nu, nu ~ N(nu, nu_sigma) for each cell.
struct Drift {
  double nu = 0;
  double nu_sigma = 0;
  double time_ratio = 1;  // t / t0
};

struct StuckCells {
  double fraction = 0;
  std::int32_t value = 0;
};

struct Model {
  Kind kind = Kind::kCustom;
  double level = 0;  // of the library's models

  std::optional<CellTerm> weight;
  std::optional<CellTerm> bias_row;     // sigma by |NPU_bias / (128 bias_rows)|; each row is driven with 128
  std::optional<Sigma> input;           // of a code, fresh for every frame
  double common_weight_lsb = 0;         // one draw for what the library's weight counts first (simple)
  double mbs_level = 0;                 // the mbs law, at the accumulator
  double sigma_acc = 0;                 // for every frame
  double sigma_output_lsb = 0;          // for every frame
  double column_gain_relative = 0;      // for every trial
  double column_offset_output_lsb = 0;  // for every trial
  std::optional<StuckCells> stuck;
  std::optional<Drift> drift;
  std::vector<std::int64_t> dead_columns;

  std::string json;  // NoiseModel::json
};

// 0 <= level < 10.
[[nodiscard]] Model normal(double level);
[[nodiscard]] Model simple(double level);
[[nodiscard]] Model mbs(double level);

}  // namespace witin::noise
