#include "sim/ops/code_map.hpp"

#include <algorithm>

#include "sim/ops/code_error.hpp"
#include "sim/ops/codes.hpp"
#include "sim/package/limits.hpp"

namespace witin::ops {
namespace {

class CodeMap final : public Operator {
 public:
  CodeMap(const ValueType& input, const CodeTable& table)
      : Operator({input.shape, table.range()}),
        input_(input.storage()),
        domain_(table.domain()),
        checked_(!domain_.contains(input.range)),
        table_(table.values().size() * size_of(output().storage())) {
    narrow(table.values(), output().storage(), table_.data(), 0);
  }

  Status run(const Run& run) const override {
    const auto frame = static_cast<std::size_t>(output().elements());
    const std::size_t count = static_cast<std::size_t>(run.frames) * frame;
    return with_element(input_, [&]<typename X>(X*) {
      const X* const x = static_cast<const X*>(run.inputs[0]);
      if (checked_) {
        const X* const bad = std::find_if(x, x + count, [&](X code) { return code < domain_.lo || code > domain_.hi; });
        if (bad != x + count) {
          const auto at = static_cast<std::size_t>(bad - x);
          const std::int64_t in_frame = run.first_frame + static_cast<std::int64_t>(at / frame);
          return Status(code_error(at % frame, *bad, domain_).within("frame " + std::to_string(in_frame)));
        }
      }
      with_element(output().storage(), [&]<typename Y>(Y*) {
        const Y* const table = static_cast<const Y*>(static_cast<const void*>(table_.data()));
        Y* const y = static_cast<Y*>(run.output);
        const std::int32_t lo = domain_.lo;
        for (std::size_t i = 0; i < count; ++i) y[i] = table[x[i] - lo];
      });
      return Status();
    });
  }

 private:
  Storage input_;
  CodeRange domain_;
  bool checked_;
  std::vector<std::byte> table_;  // in the output's storage
};

}  // namespace

CodeTable::CodeTable(CodeRange domain, const CodeFunction& f) : domain_(domain) {
  values_.reserve(static_cast<std::size_t>(domain.hi - domain.lo) + 1);
  for (std::int32_t code = domain.lo; code <= domain.hi; ++code) values_.push_back(f(code));
  const auto [lo, hi] = std::ranges::minmax(values_);
  range_ = {lo, hi};
}

Status check_table_size(const NodeContext& context, CodeRange domain) {
  if (std::int64_t{domain.hi} - domain.lo < package::limits::kTableCodes) return {};
  return context.node_error("node.code_range", "the input's codes are too wide for a table",
                            std::to_string(package::limits::kTableCodes) + " codes", text_of(domain),
                            "requantize first");
}

Result<std::unique_ptr<Operator>> make_code_map(const NodeContext& context, const CodeFunction& f,
                                                std::optional<CodeRange> accepted) {
  const ValueType& x = context.input();
  const CodeRange all = accepted.value_or(x.range);
  const CodeRange domain{std::max(all.lo, x.range.lo), std::min(all.hi, x.range.hi)};
  if (domain.lo > domain.hi) {
    return context.node_error("node.code_range", "the operator can take none of its input's codes", text_of(all),
                              text_of(x.range));
  }
  if (Status checked = check_table_size(context, domain); !checked) return std::move(checked).error();
  return {std::make_unique<CodeMap>(x, CodeTable(domain, f))};
}

}  // namespace witin::ops
