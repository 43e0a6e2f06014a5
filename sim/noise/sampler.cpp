#include "sim/noise/sampler.hpp"

#include <algorithm>

namespace witin::noise {

kernels::NormalStream Sampler::stream(Term term) const {
  return {
      {static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)},
      {static_cast<std::uint32_t>(node_ << 8 | static_cast<std::size_t>(term)), static_cast<std::uint32_t>(trial_)}};
}

void Sampler::normals(Term term, std::uint64_t first, std::span<float> out) const {
  if (given_.empty()) return kernels::normals(isa_, stream(term), first, out);
  const auto found = given_.find(term);
  const std::size_t size = found == given_.end() ? 0 : found->second.size();
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = first + i < size ? found->second[first + i] : 0.0F;
}

double Sampler::uniform(Term term, std::uint64_t index) const {
  const kernels::NormalStream s = stream(term);
  const auto words = kernels::philox4x32(
      {static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32), s.words[0], s.words[1]},
      {s.key[0], s.key[1]});
  return static_cast<double>(words[0]) * 0x1p-32;
}

}  // namespace witin::noise
