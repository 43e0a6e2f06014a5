// Scratch memory of one worker: taken by an operator while it runs, given back all at once when it has run.
// Grows until the largest operator has been seen, then no run allocates.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

namespace witin::ops {

class Scratch {
 public:
  static constexpr std::size_t kAlignment = 64;

  // `count` uninitialised elements, aligned to kAlignment; valid until reset().
  template <typename T>
  [[nodiscard]] std::span<T> take(std::size_t count) {
    static_assert(std::is_trivially_copyable_v<T>);
    return {static_cast<T*>(take_bytes(count * sizeof(T))), count};
  }

  // Gives everything back; keeps the memory.
  void reset();

  // Gives back what was taken after the mark: for work that is repeated within one run.
  struct Mark {
    std::size_t chunk = 0;
    std::size_t used = 0;
  };
  [[nodiscard]] Mark mark() const { return {chunk_, used_}; }
  void rewind(Mark mark) {
    chunk_ = mark.chunk;
    used_ = mark.used;
  }

 private:
  struct Free {
    void operator()(std::byte* pointer) const;
  };
  struct Chunk {
    std::unique_ptr<std::byte, Free> memory;
    std::size_t size = 0;
  };

  void* take_bytes(std::size_t bytes);

  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0;
  std::size_t used_ = 0;
};

}  // namespace witin::ops
