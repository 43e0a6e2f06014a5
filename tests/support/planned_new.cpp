#include "tests/support/planned_new.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <new>

namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::atomic<std::int64_t> count{0};
std::atomic<std::int64_t> first_failing{kNever}, last_failing{kNever};
std::atomic<bool> only_here{false};
thread_local bool here = false;

void* planned(std::size_t size, std::size_t alignment) {
  const std::int64_t number = count++;
  if (number >= first_failing && number <= last_failing) throw std::bad_alloc();
  if (only_here && !here) throw std::bad_alloc();
  void* const memory =
      std::aligned_alloc(alignment, (std::max<std::size_t>(size, 1) + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return planned(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return planned(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace witin::test {

std::int64_t allocations() { return count; }

FailingNew::FailingNew(std::int64_t earlier, Fails fails) {
  const std::int64_t number = count + earlier;
  last_failing = fails == Fails::kOnce ? number : kNever;
  first_failing = number;
}

FailingNew::~FailingNew() { first_failing = kNever; }

bool FailingNew::happened() const { return count > first_failing; }

NoMemoryElsewhere::NoMemoryElsewhere() {
  here = true;
  only_here = true;
}

NoMemoryElsewhere::~NoMemoryElsewhere() {
  only_here = false;
  here = false;
}

}  // namespace witin::test
