// What a command tells the shell (cli/README.md).
#pragma once

#include <cstdint>

namespace witin::cli {

enum class ExitStatus : std::uint8_t {
  kDone = 0,       // done, or compared and identical
  kDifferent = 1,  // compared and different
  kUnusable = 2,   // usage error, or input that cannot be used; also a comparison of nothing
  kInternal = 3,   // a defect of this program
};

}  // namespace witin::cli
