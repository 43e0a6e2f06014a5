// The edge of a module: what is thrown inside becomes an error value.
#pragma once

#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "witin/error.hpp"

namespace witin {

// In words that need no memory themselves; without `where` when that takes more than there is.
[[nodiscard]] inline Error out_of_memory(std::string_view where) noexcept {
  Error error{"resource.memory", "out of memory", "", "", "", ""};
  try {
    error.where = where;
  } catch (const std::bad_alloc&) {
    error.where.clear();
  }
  return error;
}

// Returns what `work` returns (a Result or a Status), or the error resource.memory, resource.threads or
// internal.exception. `where` names what was worked on.
template <typename Work>
[[nodiscard]] std::invoke_result_t<Work> guarded(std::string_view where, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const std::bad_alloc&) {
    return out_of_memory(where);
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::resource_unavailable_try_again) {
      return Error{"resource.threads", "no thread can be started", std::string(where), "", "", ""};
    }
    return Error{"internal.exception", "an operation failed", std::string(where), "", error.what(), ""};
  } catch (const std::exception& exception) {
    return Error{"internal.exception", "an operation failed", std::string(where), "", exception.what(), ""};
  }
}

}  // namespace witin
