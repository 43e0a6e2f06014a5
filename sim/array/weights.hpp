// The elements of a weight tensor where they lie: in the package, or widened to int16 beside it.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "witin/package.hpp"

namespace witin::array {

class Weights {
 public:
  Weights() = default;
  // int8 or int16. The package must outlive this and its copies.
  explicit Weights(const Tensor& tensor)
      : first_(tensor.bytes.data()),
        storage_(tensor.dtype == DType::kI8 ? Storage::kS8 : Storage::kS16),
        size_(tensor.bytes.size() / size_of(storage_)) {
    if (storage_ == Storage::kS8) {
      range_ = range_of<std::int8_t>(tensor.bytes);
    } else {
      range_ = range_of<std::int16_t>(tensor.bytes);
    }
  }

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] Storage storage() const { return storage_; }
  [[nodiscard]] CodeRange range() const { return range_; }  // smallest that has 0 and every element
  [[nodiscard]] const void* address(std::size_t index) const { return first_ + index * size_of(storage_); }

  [[nodiscard]] std::int32_t operator[](std::size_t index) const {
    if (storage_ == Storage::kS8) return static_cast<std::int8_t>(first_[index]);
    std::int16_t value = 0;
    std::memcpy(&value, address(index), sizeof(value));
    return value;
  }

  // The same elements as int16.
  [[nodiscard]] Weights widened() const {
    if (storage_ == Storage::kS16) return *this;
    auto own = std::make_shared<std::vector<std::int16_t>>();
    for (std::size_t i = 0; i < size_; ++i) own->push_back(static_cast<std::int16_t>((*this)[i]));
    Weights out;
    out.first_ = reinterpret_cast<const std::byte*>(own->data());
    out.storage_ = Storage::kS16;
    out.size_ = size_;
    out.range_ = range_;
    out.own_ = std::move(own);
    return out;
  }

 private:
  // Every weight of a package passes here: written so that compilers use vectors.
  template <typename T>
  static CodeRange range_of(std::span<const std::byte> bytes) {
    T lo = 0;
    T hi = 0;
    for (std::size_t i = 0; i < bytes.size(); i += sizeof(T)) {
      T value = 0;
      std::memcpy(&value, bytes.data() + i, sizeof(T));
      lo = value < lo ? value : lo;
      hi = value > hi ? value : hi;
    }
    return {lo, hi};
  }

  const std::byte* first_ = nullptr;
  Storage storage_ = Storage::kS8;
  std::size_t size_ = 0;
  CodeRange range_{0, 0};
  std::shared_ptr<const std::vector<std::int16_t>> own_;
};

}  // namespace witin::array
