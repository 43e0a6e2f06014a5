// An ArrayOperator under noise: the same geometry, matrices with noise instead of packed ones.
//
// Codes are gathered into rows, both polarities one after the other, so that every row of the array has a cell of its
// own; groups are blocks on the diagonal of one matrix. A pass of the array is one output pixel of one group of one
// part in one frame. Laws: sim/noise/noise.md.
#pragma once

#include <algorithm>
#include <memory>
#include <mutex>

#include "sim/array/array_attributes.hpp"
#include "sim/array/array_tensors.hpp"
#include "sim/array/lowering.hpp"
#include "sim/noise/noisy_matrix.hpp"
#include "sim/ops/noisy.hpp"

namespace witin::array {

// Consecutive channels that meet consecutive rows of a matrix: at (h, w) from an output's start.
struct NoiseRun {
  std::int64_t h = 0, w = 0, channel = 0, count = 0;
};

// The rows and columns of one group, phase and part: the same for every trial.
struct NoiseMatrix {
  std::vector<NoiseRun> runs;  // of one polarity
  std::int64_t group = 0;
  std::int64_t first_column = 0;
  std::int64_t part = 0;
  const AxisPhase* h = nullptr;
  const AxisPhase* w = nullptr;
  std::shared_ptr<const noise::MatrixSource> source;
  std::optional<noise::Product> high;  // split: the digital side's product, of all parts, with the first one
  std::vector<NoiseRun> high_runs;
  std::int64_t high_rows = 0;
};

// Made when noise is first asked for.
struct LazyNoiseMatrices {
  std::once_flag once;
  std::vector<NoiseMatrix> matrices;  // parts of one group and phase stand together
};

// What an ArrayOperator was made from, kept for when it is run with noise.
struct NoiseSource {
  kernels::Isa isa{};
  ArrayAttributes attributes;
  Lowering lowering;
  ArrayTensors tensors;
  ops::ValueType input;
  ops::ValueType output;
  CodeRange x;  // codes that can come, padding included
  // A convolution as the training library computes it without turning it into a matrix: noise on the padded map, both
  // polarities in passes of their own.
  bool native = false;
  bool transposed = false;
  std::shared_ptr<LazyNoiseMatrices> lazy = std::make_shared<LazyNoiseMatrices>();

  [[nodiscard]] std::span<const NoiseMatrix> matrices() const;
  [[nodiscard]] bool pn() const { return attributes.neg_in == NegIn::kPn; }
  [[nodiscard]] std::int64_t polarities() const { return pn() ? 2 : 1; }
  [[nodiscard]] std::int64_t parts() const { return std::max<std::int64_t>(1, std::ssize(attributes.k_split)); }
};

class NoisyNode final : public ops::Noise {
 public:
  [[nodiscard]] static Result<std::unique_ptr<const ops::Noise>> make(const std::shared_ptr<const NoiseSource>& source,
                                                                      const ops::NoiseSetup& setup);

  // `past`: codes of the frames before the first, oldest first, where the operator looks back in time. Fills
  // run.output and the fields npu_acc, npu_v, npu_y_d, and npu_x where it shows contexts.
  void run(const ops::Run& run, std::span<const std::int32_t> past) const;

 private:
  struct Matrix {
    const NoiseMatrix* layout = nullptr;
    noise::NoisyMatrix noisy;
  };
  struct Block;
  struct Position;

  NoisyNode(std::shared_ptr<const NoiseSource> source, const ops::NoiseSetup& setup, const arith::OutputRule& rule);
  Status prepare();
  [[nodiscard]] bool reads_in_place(const Matrix& matrix) const;
  [[nodiscard]] bool goes_straight_through(const ops::Run& run, const Matrix& matrix) const;
  void run_frames(const ops::Run& run, const Matrix& matrix) const;
  [[nodiscard]] noise::Pass pass_of(std::int64_t frame, const Matrix& matrix, std::int64_t pixel) const;
  [[nodiscard]] bool in_one_piece(std::span<const Position> positions, std::int64_t columns) const;
  void run_matrices(const Block& block, std::span<const Matrix> parts) const;
  void run_positions(const Block& block, std::span<const Matrix> parts, std::span<const Position> positions) const;
  void gather(const Block& block, std::span<const NoiseRun> runs, bool high, std::span<const Position> positions,
              std::span<std::int16_t> codes) const;
  void gather_noise(const Block& block, std::span<const NoiseRun> runs, std::span<const Position> positions,
                    std::span<float> noise) const;
  void show_context(const Block& block, std::span<const Position> positions, std::span<const std::int16_t> codes) const;
  [[nodiscard]] bool pn() const { return source_->pn(); }
  [[nodiscard]] std::int64_t polarities() const { return source_->polarities(); }
  [[nodiscard]] std::int64_t pixels() const;

  std::shared_ptr<const NoiseSource> source_;
  noise::Sampler sampler_;
  const noise::Model* model_;
  arith::OutputRule rule_;
  std::optional<arith::IntegerDivider> divider_;
  std::vector<Matrix> matrices_;  // parts of one group and phase stand together
  std::int64_t parts_ = 1;
};

// Given draws of one node, in the training library's order, laid out as the sampler's terms. Error "noise.draws" where
// the library has no such model or operator, or the list is too short for the trial.
Status give_draws(noise::Sampler& sampler, const NoiseSource& source, const ops::NoiseSetup& setup);

}  // namespace witin::array
