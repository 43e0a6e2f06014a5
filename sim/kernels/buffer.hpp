// Bytes aligned for the kernels, with readable slack behind them.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace witin::kernels {

inline constexpr std::size_t kAlignment = 64;  // bytes
inline constexpr std::size_t kReadSlack = 64;  // bytes a kernel may read (never use) behind the last input element

// `size` zeroed bytes, 64-byte aligned, followed by kReadSlack readable bytes.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t size);

  // The same, not zeroed: every byte will be written.
  [[nodiscard]] static Buffer uninitialised(std::size_t size) { return {size, 0}; }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::byte* data() { return data_.get(); }
  [[nodiscard]] const std::byte* data() const { return data_.get(); }
  template <typename T>
  [[nodiscard]] T* as() {
    return reinterpret_cast<T*>(data_.get());
  }
  template <typename T>
  [[nodiscard]] const T* as() const {
    return reinterpret_cast<const T*>(data_.get());
  }

 private:
  Buffer(std::size_t size, int /*not zeroed*/)
      : data_(static_cast<std::byte*>(::operator new (size + kReadSlack, std::align_val_t{kAlignment}))), size_(size) {}

  struct Release {
    void operator()(std::byte* p) const { ::operator delete (p, std::align_val_t{kAlignment}); }
  };
  std::unique_ptr<std::byte, Release> data_;
  std::size_t size_ = 0;
};

}  // namespace witin::kernels
