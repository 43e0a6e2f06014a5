// What gru, gru_single and gru2array share: two tables, shifts with one rounding, the 1 of 1 - z, the order of z and r.
#pragma once

#include "sim/ops/recurrent.hpp"

namespace witin::ops {

struct GruParts {
  std::int64_t hidden = 0;
  GateTable sigmoid, tanh;
  std::array<int, 4> shifts{};  // as many as the cell has
  std::int64_t ones = 128;
  bool z_first = true;
  arith::Rounding rounding{};

  // `shifts`: those of a node without the attribute.
  [[nodiscard]] static Result<GruParts> read(const NodeContext& context, std::int64_t hidden,
                                             const std::vector<std::int64_t>& shifts);
};

class GruCell : public RecurrentOperator {
 protected:
  GruCell(const NodeContext& context, CodeRange state, std::vector<array::VectorLayer> matrices,
          std::vector<CellField> fields, GruParts parts);

  // The columns z and r of the gates of both.
  template <typename T>
  [[nodiscard]] std::span<T> z_of(std::span<T> gates) const {
    return gates.subspan(parts_.z_first ? 0 : gates.size() / 2, gates.size() / 2);
  }
  template <typename T>
  [[nodiscard]] std::span<T> r_of(std::span<T> gates) const {
    return gates.subspan(parts_.z_first ? gates.size() / 2 : 0, gates.size() / 2);
  }

  // By shifts[index].
  [[nodiscard]] std::int64_t shift(std::int64_t a, std::size_t index) const {
    return arith::shift(a, parts_.shifts[index], parts_.rounding);
  }
  [[nodiscard]] const GruParts& parts() const { return parts_; }

 private:
  GruParts parts_;
};

}  // namespace witin::ops
