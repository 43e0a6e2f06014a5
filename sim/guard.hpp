// The edge of a module: what is thrown inside becomes an error value.
#pragma once

#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "witin/error.hpp"

namespace witin {

// Returns what `work` returns (a Result or a Status), or the error resource.memory or internal.exception. `where` names
// what was worked on.
template <typename Work>
[[nodiscard]] std::invoke_result_t<Work> guarded(std::string_view where, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const std::bad_alloc&) {
    return Error{"resource.memory", "there is not enough memory", std::string(where), "", "", ""};
  } catch (const std::exception& exception) {
    return Error{"internal.exception", "an operation failed", std::string(where), "", exception.what(), ""};
  }
}

}  // namespace witin
