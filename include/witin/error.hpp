// The one error type of the library, and the result types that carry it.
//
// An error is a value: what went wrong, where (file, member, JSON pointer, node, index), what was expected, what was
// found, and what to do about it. `code` is stable ("zip.truncated", "node.unknown_operator"): tools may match on it.
// Codes that start with "internal." are defects of this program (exit status 3); all others are unusable input (2).
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace witin {

struct Error {
  std::string code;
  std::string what;
  std::string where;
  std::string expected;
  std::string found;
  std::string hint;

  // One line without a line end: "where: what; expected E, found F (hint) [code]". Control characters of the parts
  // are shown escaped, so that a hostile name cannot forge a second line.
  [[nodiscard]] std::string line() const;
  [[nodiscard]] bool internal() const { return code.starts_with("internal."); }
  // The same error seen from outside: `outer` is put in front of where ("model.wpkg: nodes/3").
  [[nodiscard]] Error within(std::string_view outer) &&;
};

// A value or an error. Reading the value of an error is a defect (assert).
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] T& value() & { return assert(ok()), *std::get_if<0>(&state_); }
  [[nodiscard]] const T& value() const& { return assert(ok()), *std::get_if<0>(&state_); }
  [[nodiscard]] T&& value() && { return assert(ok()), std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] Error& error() & { return assert(!ok()), *std::get_if<1>(&state_); }
  [[nodiscard]] const Error& error() const& { return assert(!ok()), *std::get_if<1>(&state_); }
  [[nodiscard]] Error&& error() && { return assert(!ok()), std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Error> state_;
};

// Success, or an error.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] Error& error() & { return assert(!ok()), *error_; }
  [[nodiscard]] const Error& error() const& { return assert(!ok()), *error_; }
  [[nodiscard]] Error&& error() && { return assert(!ok()), std::move(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace witin
