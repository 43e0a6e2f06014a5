// relu: y = max(x, 0)                                                    sim/arith/numerics.md; a table on the chip
#include <algorithm>

#include "sim/ops/codes.hpp"
#include "sim/ops/defs.hpp"

namespace witin::ops {
namespace {

class Relu final : public Operator {
 public:
  Relu(ValueType output, Storage input) : Operator(std::move(output)), input_(input) {}

  Status run(const Run& run) const override {
    const auto count = static_cast<std::size_t>(run.frames * output().elements());
    with_element(input_, [&]<typename X>(X*) {
      with_element(output().storage(), [&]<typename Y>(Y*) {
        const X* const x = static_cast<const X*>(run.inputs[0]);
        Y* const y = static_cast<Y*>(run.output);
        for (std::size_t i = 0; i < count; ++i) y[i] = static_cast<Y>(std::max<X>(x[i], 0));
      });
    });
    return {};
  }

 private:
  Storage input_;
};

Result<std::unique_ptr<Operator>> prepare_relu(const NodeContext& context) {
  const ValueType& x = context.input();
  return {std::make_unique<Relu>(
      ValueType{x.shape, {std::max(x.range.lo, std::int32_t{0}), std::max(x.range.hi, std::int32_t{0})}}, x.storage())};
}

}  // namespace

const OpDef kRelu{"relu", kOnAll, 1, 1, {}, {}, prepare_relu};

}  // namespace witin::ops
