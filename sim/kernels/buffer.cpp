#include "sim/kernels/buffer.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

namespace witin::kernels {
namespace {

// All pages at once: got one by one, at their first touch, they cost more than filling them does.
void get_pages(std::byte* bytes, std::size_t size) {
  constexpr std::size_t kWorthACall = std::size_t{1} << 17;
  if (size < kWorthACall) return;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::uintptr_t begin = (reinterpret_cast<std::uintptr_t>(bytes) + page - 1) / page * page;
  const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(bytes + size) / page * page;
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_WRITE);  // a wish
}

}  // namespace

Buffer::Buffer(std::size_t size) : Buffer(uninitialised(size)) {
  get_pages(data_.get(), size);
  std::memset(data_.get(), 0, size + kReadSlack);
}

}  // namespace witin::kernels
