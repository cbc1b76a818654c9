#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "sluice/base/error.hpp"

namespace sluice {

/// Marks a value as the failure of a Result; made by `fail(...)`.
template <typename E>
struct Failure {
  E error;
};

template <typename E>
Failure<E> fail(E error) {
  return {std::move(error)};
}

/// A value or the reason why there is none. What std::expected will be once the compiler has it.
///
/// Reading the side that is not there is a programming error and throws.
template <typename T, typename E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by intent
  Result(Failure<E> failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}  // NOLINT

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const E& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, E> state_;
};

/// Success without a value, or the reason of the failure.
template <typename E>
class [[nodiscard]] Result<void, E> {
 public:
  Result() = default;
  Result(Failure<E> failure) : error_(std::move(failure.error)) {}  // NOLINT: implicit by intent

  bool ok() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  const E& error() const { return error_.value(); }

 private:
  std::optional<E> error_;
};

}  // namespace sluice
