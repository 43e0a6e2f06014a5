// The operator new of a test program (planned_new.cpp replaces the usual one): it counts, and fails as planned.
#pragma once

#include <cstdint>

namespace witin::test {

[[nodiscard]] std::int64_t allocations();  // so far, of all threads

enum class Fails : std::uint8_t { kOnce, kFromThenOn };

// While it lives, the allocation after `earlier` ones from now on fails, of any thread, or that one and all later ones.
class FailingNew {
 public:
  FailingNew(std::int64_t earlier, Fails fails);
  FailingNew(const FailingNew&) = delete;
  FailingNew& operator=(const FailingNew&) = delete;
  ~FailingNew();
  [[nodiscard]] bool happened() const;
};

// While it lives, every allocation of another thread fails.
class NoMemoryElsewhere {
 public:
  NoMemoryElsewhere();
  NoMemoryElsewhere(const NoMemoryElsewhere&) = delete;
  NoMemoryElsewhere& operator=(const NoMemoryElsewhere&) = delete;
  ~NoMemoryElsewhere();
};

}  // namespace witin::test
