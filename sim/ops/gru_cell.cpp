#include "sim/ops/gru_cell.hpp"

namespace witin::ops {

Result<GruParts> GruParts::read(const NodeContext& context, std::int64_t hidden,
                                const std::vector<std::int64_t>& shifts) {
  const bool saturate = context.flag("saturate_sums", false);
  auto sigmoid = GateTable::make(context, "table_sigmoid", saturate);
  if (!sigmoid) return std::move(sigmoid).error();
  auto tanh = GateTable::make(context, "table_tanh", saturate);
  if (!tanh) return std::move(tanh).error();
  GruParts parts{hidden, *std::move(sigmoid), *std::move(tanh)};
  parts.shifts = cell_shifts(context, shifts);
  parts.ones = context.integer("ones", 128);
  parts.z_first = context.text("order", "zr") == "zr";
  parts.rounding = cell_rounding(context);
  return parts;
}

GruCell::GruCell(const NodeContext& context, CodeRange state, std::vector<array::VectorLayer> matrices,
                 std::vector<CellField> fields, GruParts parts)
    : RecurrentOperator({{parts.hidden}, state}, context.input(), std::move(matrices), std::move(fields), parts.hidden,
                        context.integer("reset_every", 0)),
      parts_(std::move(parts)) {}

}  // namespace witin::ops
