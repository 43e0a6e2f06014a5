// What an operator on the array is beside an Operator: something that can be run with noise.
#pragma once

#include "sim/ops/operator.hpp"

namespace witin::noise {
struct Model;
}

namespace witin::ops {

// The noise of one node in one trial, drawn before the first frame; immutable, shared by all workers.
class Noise {
 public:
  virtual ~Noise() = default;
};

// What it is drawn from.
struct NoiseSetup {
  const noise::Model* model = nullptr;  // outlives the Noise
  std::uint64_t seed = 0;
  std::int64_t trial = 0;
  std::size_t node = 0;                        // position in the manifest
  std::int64_t frames = 0;                     // of the input
  const std::vector<double>* draws = nullptr;  // given draws of this node, or null
};

class Noisy {
 public:
  virtual ~Noisy() = default;
  // Null where the node is not on the array. Error "noise.operator" where the model has no law for it.
  [[nodiscard]] virtual Result<std::unique_ptr<const Noise>> draw_noise(const NoiseSetup& setup) const = 0;
  // As Operator::run, with the noise that draw_noise() made.
  virtual Status run_noisy(const Run& run, const Noise& noise) const = 0;
};

}  // namespace witin::ops
