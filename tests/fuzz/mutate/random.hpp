// The choices of a mutator, all from the seed that libFuzzer gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace witin::fuzz {

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}

  std::size_t below(std::size_t count) { return count == 0 ? 0 : engine_() % count; }
  bool one_in(std::size_t count) { return below(count) == 0; }
  template <typename Range>
  auto& pick(Range& range) {  // not empty
    return range[below(std::size(range))];
  }
  // Numbers at which something may change.
  std::int64_t integer() {
    static constexpr std::int64_t kNumbers[]{0,    1,      2,      3,       4,       7,         8,         9,
                                             15,   16,     17,     31,      32,      127,       128,       129,
                                             255,  256,    257,    275,     276,     1023,      1024,      2048,
                                             4096, 65'535, 65'536, 1 << 24, 1 << 28, INT32_MAX, INT64_MAX, INT64_MIN};
    const std::int64_t number = pick(kNumbers);
    return one_in(3) && number != INT64_MIN ? -number : number;
  }

 private:
  std::minstd_rand engine_;
};

// libFuzzer's own changes, which know the dictionary.
inline std::string mutate_blind(std::string text, std::size_t most) {
  const std::size_t size = std::min(text.size(), most);
  text.resize(most);
  text.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(text.data()), size, most));
  return text;
}

}  // namespace witin::fuzz
