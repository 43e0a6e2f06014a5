// A RapidCheck property as a doctest assertion: the counterexample becomes the message.
#pragma once

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <sstream>

namespace witin::test {

// RC_PARAMS in the environment sets seed and number of cases.
template <typename Property>
void holds(const char* name, Property&& property) {
  const auto result = rc::detail::checkTestable(std::forward<Property>(property));
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  INFO(name << ": " << text.str());
  rc::detail::SuccessResult success;
  CHECK(result.match(success));
}

}  // namespace witin::test
