// What the measurements of a sweep say about each network at each noise setting.
#pragma once

#include <string>
#include <vector>

#include "sim/sweep/levels.hpp"
#include "sim/sweep/measurement.hpp"
#include "sim/sweep/statistics.hpp"
#include "sim/sweep/units.hpp"
#include "witin/types.hpp"

namespace witin::sweep {

// A node whose codes are compared with the noiseless run: every node on the array, and every output of the network.
struct Watched {
  std::string name;
  std::size_t node = 0;  // position in Engine::nodes()
  bool on_array = false;
  bool output = false;
  std::int64_t values = 0;  // in all frames
};

// By which number a network is judged. All are shares of 0 .. 1; 1 is best.
enum class Metric : std::uint8_t {
  kAccuracy,   // with labels: frames whose first largest output is at the label's index
  kAgreement,  // one output of several values: frames whose first largest output is where the noiseless run has it
  kEqual,      // any other: values of the outputs that equal those of the noiseless run
};

[[nodiscard]] std::string_view name(Metric metric);  // "accuracy", "agreement", "equal_values"

struct Network {
  std::string name = {};
  std::string sha256 = {};  // of the package
  Arithmetic arithmetic = Arithmetic::kWtm2101;
  std::int64_t frames = 0;
  bool labelled = false;
  bool classifies = false;  // one output of several values
  std::vector<Watched> watched = {};
  std::vector<std::size_t> layers = {};  // that are noised; positions in `watched`
  Measurement noiseless = {};            // compared with itself

  [[nodiscard]] Metric metric() const;
};

struct Sweep {
  std::vector<Network> networks = {};
  std::vector<Setting> settings = {};
  std::int64_t trials = 1;
  std::int64_t layer_trials = 0;  // of every layer noised alone
  std::uint64_t seed = 0;
  std::string noise_nodes = "*";

  [[nodiscard]] UnitList units() const;
  // Of everything above, and of what the caller adds (files the networks do not name).
  [[nodiscard]] std::string digest(std::string_view more) const;
  // Whether a record can be a measurement of this sweep.
  [[nodiscard]] bool accepts(const Record& record, const UnitList& units) const;
};

// Errors over several trials together, in LSB of the node.
struct ErrorSize {
  double rms = 0;
  std::int64_t largest = 0;
  double different = 0;  // share of values that are not equal
};

struct LayerAlone {
  Summary score;
  double loss = 0;  // noiseless score minus mean score
  ErrorSize error;  // of the layer itself
  ErrorSize output;
};

struct LayerFinding {
  std::size_t watched = 0;
  bool noised = false;
  ErrorSize error;  // with all layers noised: its own noise and what earlier layers hand on
  std::optional<LayerAlone> alone = {};
};

struct Finding {
  std::size_t network = 0;
  std::size_t setting = 0;
  Summary score;
  double loss = 0;
  std::optional<Summary> accuracy = {};
  std::optional<Summary> agreement = {};
  Summary equal_values;
  ErrorSize output;
  std::vector<LayerFinding> layers = {};  // nodes on the array, in execution order
  std::optional<std::size_t> worst = {};  // position in `layers`: the largest loss alone, then the largest output error
  std::span<const Measurement> trials = {};  // with all layers noised
};

[[nodiscard]] double score(const Network& network, const Measurement& measurement);
[[nodiscard]] ErrorSize output_error(const Network& network, std::span<const Measurement> measurements);

// One for each network and setting, in this order. `measurements`: of every unit; the findings point into them.
[[nodiscard]] std::vector<Finding> find(const Sweep& sweep, std::span<const Measurement> measurements);

}  // namespace witin::sweep
