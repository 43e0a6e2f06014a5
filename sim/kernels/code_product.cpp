#include "sim/kernels/code_product.hpp"

#include <algorithm>

#include "sim/kernels/arguments.hpp"
#include "sim/kernels/panels.hpp"

namespace witin::kernels {
namespace {

constexpr std::int64_t kGroup = 2;  // rows that lie together

std::int64_t groups(std::int64_t k) { return (k + kGroup - 1) / kGroup; }

}  // namespace

CodeProduct::CodeProduct(Isa isa, std::int64_t m, std::int64_t k, std::int64_t n)
    : isa_(isa), m_(m), k_(k), n_(n), init_(static_cast<std::size_t>(padded_columns(n)) * sizeof(std::int32_t)) {}

std::int64_t CodeProduct::packed_elements() const { return groups(k_) * padded_columns(n_) * kGroup; }

void CodeProduct::pack(const std::int16_t* b, std::int16_t* packed) const {
  const Panels panels{groups(k_), n_, kernel_table(isa_).panel};
  for (std::int64_t step = 0; step < panels.steps; ++step) {
    const std::int16_t* const upper = b + step * kGroup * n_;
    const bool alone = step * kGroup + 1 == k_;
    for (std::int64_t first = 0; first < n_; first += kPanelBlock) {
      std::int16_t* const to = packed + panels.place(first, step) * kGroup;
      const std::int64_t count = std::min(kPanelBlock, n_ - first);
      if (count == kPanelBlock && !alone) {
        for (std::int64_t i = 0; i < kPanelBlock; ++i) {
          to[kGroup * i] = upper[first + i];
          to[kGroup * i + 1] = upper[n_ + first + i];
        }
        continue;
      }
      for (std::int64_t i = 0; i < kPanelBlock; ++i) {
        to[kGroup * i] = i < count ? upper[first + i] : std::int16_t{0};
        to[kGroup * i + 1] = i < count && !alone ? upper[n_ + first + i] : std::int16_t{0};
      }
    }
  }
}

void CodeProduct::multiply(const std::int16_t* a, const std::int16_t* packed, std::int32_t* sums) const {
  const KernelTable& kernels = kernel_table(isa_);
  kernels.matmul({.x = a,
                  .x_element = Element::kS16,
                  .rows = m_,
                  .row_stride = k_,
                  .row_offsets = nullptr,
                  .segment_offsets = nullptr,
                  .segments = 1,
                  .groups_per_run = groups(k_),
                  .run = k_,
                  .weights = packed,
                  .panel = kernels.panel,
                  .wide = true,
                  .init = init_.as<std::int32_t>(),
                  .n = n_,
                  .rule = {},
                  .out = {sums, Element::kS32, n_, 1, nullptr}});
}

}  // namespace witin::kernels
