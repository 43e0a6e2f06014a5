// Products of two matrices of codes that both come with a frame: the right one is packed for every product.
//
//   sums[m, n] = sum_k a[m, k] b[k, n], codes of 16 bits, every sum within int32
#pragma once

#include <cstdint>

#include "sim/kernels/buffer.hpp"
#include "sim/kernels/isa.hpp"

namespace witin::kernels {

class CodeProduct {
 public:
  CodeProduct(Isa isa, std::int64_t m, std::int64_t k, std::int64_t n);

  [[nodiscard]] std::int64_t packed_elements() const;
  // b: [k, n]; packed: [packed_elements()]
  void pack(const std::int16_t* b, std::int16_t* packed) const;
  // a: [m, k], with kReadSlack readable bytes behind it
  void multiply(const std::int16_t* a, const std::int16_t* packed, std::int32_t* sums) const;

 private:
  Isa isa_;
  std::int64_t m_, k_, n_;
  Buffer init_;  // int32 [n padded], zeros
};

}  // namespace witin::kernels
