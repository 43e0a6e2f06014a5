#include "sim/ops/scratch.hpp"

#include <algorithm>
#include <new>

namespace witin::ops {
namespace {

constexpr std::size_t kSmallestChunk = std::size_t{1} << 16;

}  // namespace

void Scratch::Free::operator()(std::byte* pointer) const { ::operator delete (pointer, std::align_val_t{kAlignment}); }

void Scratch::reset() {
  // Several chunks mean that the last round outgrew the first: one chunk of their sum serves the next round alone.
  if (chunks_.size() > 1) {
    std::size_t total = 0;
    for (const Chunk& chunk : chunks_) total += chunk.size;
    chunks_.clear();
    chunks_.push_back({std::unique_ptr<std::byte, Free>(
                           static_cast<std::byte*>(::operator new (total, std::align_val_t{kAlignment}))),
                       total});
  }
  chunk_ = 0;
  used_ = 0;
}

void* Scratch::take_bytes(std::size_t bytes) {
  bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  while (chunk_ < chunks_.size() && chunks_[chunk_].size - used_ < bytes) {
    ++chunk_;
    used_ = 0;
  }
  if (chunk_ == chunks_.size()) {
    const std::size_t size = std::max(bytes, kSmallestChunk);
    chunks_.push_back(
        {std::unique_ptr<std::byte, Free>(static_cast<std::byte*>(::operator new (size, std::align_val_t{kAlignment}))),
         size});
  }
  std::byte* const taken = chunks_[chunk_].memory.get() + used_;
  used_ += bytes;
  return taken;
}

}  // namespace witin::ops
