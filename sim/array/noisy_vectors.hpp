// The matrices of a recurrent cell under noise. Laws: sim/noise/noise.md.
//
// They are blocks on the diagonal of one matrix, in the order of npu_acc: no two share a row, a column or a bias row,
// so that no two share a draw. A pass of the array is one matrix in one frame: frame * matrices + matrix.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "sim/array/vector_layer.hpp"
#include "sim/noise/noisy_matrix.hpp"
#include "sim/ops/noisy.hpp"

namespace witin::array {

// What is the same for every trial, made when noise is first asked for.
struct LazyVectorSources {
  std::once_flag once;
  std::vector<std::shared_ptr<const noise::MatrixSource>> sources;
};

class NoisyVectors final : public ops::Noise {
 public:
  // Errors: noise.operator where the model has no law for a cell, noise.draws for given draws, those of NoisyMatrix.
  [[nodiscard]] static Result<std::unique_ptr<const ops::Noise>> make(std::span<const VectorLayer> layers,
                                                                      LazyVectorSources& lazy,
                                                                      const ops::NoiseSetup& setup);

  // As VectorLayer::run of one of the layers, in a frame of the input.
  void run(std::size_t matrix, std::int64_t frame, std::span<const std::int32_t> x, std::span<std::int32_t> y,
           std::span<std::int32_t> acc, std::span<std::int32_t> v, ops::Scratch& scratch) const;

 private:
  NoisyVectors(kernels::Isa isa, const ops::NoiseSetup& setup) : sampler_(isa, setup.seed, setup.trial, setup.node) {}

  noise::Sampler sampler_;
  std::vector<noise::NoisyMatrix> matrices_;
};

}  // namespace witin::array
