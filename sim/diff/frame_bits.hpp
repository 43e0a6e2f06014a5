// One bit for each frame of a run: whether something differs there.
//
// In runs of very many frames a bit stands for a group of frames, so that the bits of a whole network stay small.
#pragma once

#include <cstdint>
#include <vector>

namespace witin::diff {

class FrameBits {
 public:
  FrameBits() = default;
  FrameBits(std::int64_t frames, std::int64_t frames_per_bit)
      : frames_per_bit_(frames_per_bit), words_(static_cast<std::size_t>((frames / frames_per_bit + 64) / 64)) {}

  void set(std::int64_t frame) {
    const auto bit = static_cast<std::uint64_t>(frame / frames_per_bit_);
    words_[bit / 64] |= std::uint64_t{1} << (bit % 64);
  }
  [[nodiscard]] std::uint64_t word(std::size_t index) const { return index < words_.size() ? words_[index] : 0; }
  [[nodiscard]] std::size_t size() const { return words_.size(); }  // in words
  [[nodiscard]] bool any() const {
    for (const std::uint64_t word : words_) {
      if (word != 0) return true;
    }
    return false;
  }
  FrameBits& operator|=(const FrameBits& other) {
    if (words_.size() < other.words_.size()) words_.resize(other.words_.size());
    for (std::size_t i = 0; i < other.words_.size(); ++i) words_[i] |= other.words_[i];
    if (frames_per_bit_ < other.frames_per_bit_) frames_per_bit_ = other.frames_per_bit_;
    return *this;
  }
  // Sets every bit from `frames` before the first set one on.
  void spread_from_first(std::int64_t frames) {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (words_[i] == 0) continue;
      const auto first = static_cast<std::int64_t>(i * 64) + __builtin_ctzll(words_[i]);
      const std::int64_t back = (frames + frames_per_bit_ - 1) / frames_per_bit_;
      fill_from(first > back ? static_cast<std::uint64_t>(first - back) : 0);
      return;
    }
  }
  // Sets every bit after the first set one, and clears that one: frames that come later.
  void only_after_first() {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (words_[i] == 0) continue;
      const std::uint64_t first = i * 64 + static_cast<std::uint64_t>(__builtin_ctzll(words_[i]));
      words_[i] = 0;
      fill_from(first + 1);
      return;
    }
  }

 private:
  void fill_from(std::uint64_t bit) {
    for (; bit % 64 != 0 && bit / 64 < words_.size(); ++bit) words_[bit / 64] |= std::uint64_t{1} << (bit % 64);
    for (std::size_t i = bit / 64; i < words_.size(); ++i) words_[i] = ~std::uint64_t{0};
  }

  std::int64_t frames_per_bit_ = 1;
  std::vector<std::uint64_t> words_;
};

}  // namespace witin::diff
