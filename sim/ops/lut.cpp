// lut: y = table[index(x)]
//
//   table*   int8, uint8 or int16; its length is a power of two, 2..65536, in two's complement order ([0..h-1],
//   [-h..-1]) index    "code": x modulo the length, so that a code beyond the table wraps; "half_lsb": 1024 entries at
//   2 * x
//            saturated to [-512, 511], 256 entries at x saturated to int8 (sim/arith/table.hpp). Default "code"
//   y_bits   width of the entries: all within the signed range, or none negative and all within the unsigned one.
//            2..17, default 8
#include <algorithm>
#include <bit>

#include "sim/arith/table.hpp"
#include "sim/ops/code_map.hpp"
#include "sim/ops/defs.hpp"

namespace witin::ops {
namespace {

Status check_length(const NodeContext& context, std::size_t length, arith::TableIndex index) {
  const bool half_lsb = index == arith::TableIndex::kHalfLsb;
  const bool good = half_lsb ? length == 256 || length == 1024 : length >= 2 && length <= 65536;
  if (good && std::has_single_bit(length)) return {};
  return context.tensor_error("table", "tensor.length", "table has a length the operator cannot use",
                              half_lsb ? "256 or 1024 entries" : "a power of two of entries, 2..65536",
                              std::to_string(length));
}

Status check_entries(const NodeContext& context, const std::vector<std::int32_t>& table) {
  const int bits = static_cast<int>(context.integer("y_bits", 8));
  const auto [lo, hi] = std::ranges::minmax(table);
  if (signed_range(bits).contains({lo, hi}) || unsigned_range(bits).contains({lo, hi})) return {};
  return context.tensor_error("table", "tensor.range", "table entries leave the output's width",
                              std::to_string(bits) + " bits (y_bits)", std::to_string(lo) + ".." + std::to_string(hi));
}

Result<std::unique_ptr<Operator>> prepare_lut(const NodeContext& context) {
  const auto table = context.integers_of("table");
  const auto index =
      context.text("index", "code") == "half_lsb" ? arith::TableIndex::kHalfLsb : arith::TableIndex::kCode;
  if (Status checked = check_length(context, table.size(), index); !checked) return std::move(checked).error();
  if (Status checked = check_entries(context, table); !checked) return std::move(checked).error();
  return make_code_map(context, [&](std::int32_t x) { return table[arith::table_index(index, x, table.size())]; });
}

}  // namespace

const OpDef kLut{"lut",
                 kOnAll,
                 1,
                 1,
                 {{"table", "int8|uint8|int16", 1}},
                 {{"index", AttributeKind::kString, false, 0, 0, "code|half_lsb"},
                  {"y_bits", AttributeKind::kInteger, false, 2, 17}},
                 prepare_lut};

}  // namespace witin::ops
