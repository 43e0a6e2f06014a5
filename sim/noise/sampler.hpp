// The random numbers of one node in one trial: every sample is a function of seed, trial, node, term and index alone.
//
//   key = seed; counter words 2 and 3 = (node << 8) | term, trial; index: sim/kernels/normals.hpp
//
// With given draws (replay) the samples of a term are looked up instead.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "sim/kernels/normals.hpp"

namespace witin::noise {

// Numbers are part of the contract: they never change.
enum class Term : std::uint8_t {
  kWeight = 1,      // index (polarity * rows + row) * columns + column; per row or column: that part alone
  kCommon = 2,      // simple: index of what it is common to
  kBiasRow = 3,     // index bias row * columns + column
  kInput = 4,       // index pass * rows + row
  kAcc = 5,         // index pass * columns + column
  kOutput = 6,      // as kAcc
  kGain = 7,        // index column
  kOffset = 8,      // index column
  kStuck = 9,       // uniform; as kWeight
  kDrift = 10,      // as kWeight
  kMbs = 11,        // as kAcc; given draws: (pass * 2 rows + row) * columns + column
  kFrameCell = 12,  // weight, fresh for every frame: per cell as kAcc, per row as kInput, per column as kAcc
  kFrameBias = 13,
};

inline constexpr std::int64_t kMostTrials = std::int64_t{1} << 32;
inline constexpr std::size_t kMostNodes = std::size_t{1} << 24;

class Sampler {
 public:
  Sampler(kernels::Isa isa, std::uint64_t seed, std::int64_t trial, std::size_t node)
      : isa_(isa), seed_(seed), trial_(trial), node_(node) {}

  void give(Term term, std::vector<float> samples) { given_[term] = std::move(samples); }
  [[nodiscard]] bool given() const { return !given_.empty(); }

  void normals(Term term, std::uint64_t first, std::span<float> out) const;
  // One uniform number in [0, 1) for each index.
  [[nodiscard]] double uniform(Term term, std::uint64_t index) const;

 private:
  [[nodiscard]] kernels::NormalStream stream(Term term) const;

  kernels::Isa isa_;
  std::uint64_t seed_;
  std::int64_t trial_;
  std::size_t node_;
  std::map<Term, std::vector<float>> given_;
};

}  // namespace witin::noise
