#include "sim/ops/gather.hpp"

#include <cstring>

#include "sim/ops/codes.hpp"

namespace witin::ops {
namespace {

// The longest n such that the elements are groups of n neighbours.
std::size_t run_length(const std::vector<std::size_t>& elements) {
  const auto breaks_at = [&](std::size_t i) { return elements[i] != elements[i - 1] + 1; };
  if (elements.empty()) return 1;
  std::size_t length = 1;
  while (length < elements.size() && !breaks_at(length)) ++length;
  if (length == elements.size()) return length;
  if (elements.size() % length != 0) return 1;
  for (std::size_t i = 1; i < elements.size(); ++i) {
    if (i % length != 0 && breaks_at(i)) return 1;
  }
  return length;
}

class Gather final : public Operator {
 public:
  Gather(ValueType output, std::size_t input_elements, const std::vector<std::size_t>& elements)
      : Operator(std::move(output)), input_elements_(input_elements), run_(run_length(elements)) {
    for (std::size_t i = 0; i < elements.size(); i += run_) starts_.push_back(elements[i]);
  }

  Status run(const Run& run) const override {
    with_element(output().storage(), [&]<typename T>(T*) {
      const T* x = static_cast<const T*>(run.inputs[0]);
      T* y = static_cast<T*>(run.output);
      for (std::int64_t f = 0; f < run.frames; ++f, x += input_elements_) y = copy_frame(x, y);
    });
    return {};
  }

 private:
  template <typename T>
  T* copy_frame(const T* x, T* y) const {
    if (run_ == 1) {
      for (const std::size_t start : starts_) *y++ = x[start];
      return y;
    }
    for (const std::size_t start : starts_) {
      std::memcpy(y, x + start, run_ * sizeof(T));
      y += run_;
    }
    return y;
  }

  std::size_t input_elements_;
  std::size_t run_;
  std::vector<std::size_t> starts_;
};

}  // namespace

std::vector<std::size_t> elements_of(const View& view) {
  std::vector<std::size_t> elements;
  elements.reserve(static_cast<std::size_t>(element_count(view.shape)));
  std::vector<std::int64_t> index(view.shape.size(), 0);
  std::int64_t at = view.start;
  for (std::int64_t left = element_count(view.shape); left > 0; --left) {
    elements.push_back(static_cast<std::size_t>(at));
    for (std::size_t axis = index.size(); axis-- > 0;) {
      at += view.strides[axis];
      if (++index[axis] < view.shape[axis]) break;
      at -= view.strides[axis] * view.shape[axis];
      index[axis] = 0;
    }
  }
  return elements;
}

std::unique_ptr<Operator> make_gather(const NodeContext& context, Shape output,
                                      const std::vector<std::size_t>& source) {
  const ValueType& x = context.input();
  return std::make_unique<Gather>(ValueType{std::move(output), x.range}, static_cast<std::size_t>(x.elements()),
                                  source);
}

}  // namespace witin::ops
