#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/units.hpp"
#include "sluice/policy/address.hpp"
#include "sluice/policy/analysis.hpp"
#include "sluice/policy/gateway.hpp"
#include "sluice/policy/resilience.hpp"
#include "sluice/policy/strategy.hpp"
#include "sluice/policy/type.hpp"

namespace sluice::policy {

/// Chooses an overload of type_of() without a value.
template <typename T>
struct Tag {};

/// The type of a key that has no content: `{}`.
struct Nothing {
  bool operator==(const Nothing&) const = default;
};

const Type& type_of(Tag<bool>);
const Type& type_of(Tag<std::uint32_t>);
const Type& type_of(Tag<std::uint64_t>);
const Type& type_of(Tag<double>);
const Type& type_of(Tag<std::string>);
const Type& type_of(Tag<Duration>);
const Type& type_of(Tag<Bytes>);
const Type& type_of(Tag<Ratio>);
const Type& type_of(Tag<Quantity>);
const Type& type_of(Tag<CountOrRatio>);
const Type& type_of(Tag<TimeOfDay>);
const Type& type_of(Tag<Workers>);
const Type& type_of(Tag<MemoryLimit>);
const Type& type_of(Tag<StatusRange>);
const Type& type_of(Tag<Address>);
const Type& type_of(Tag<Endpoint>);
const Type& type_of(Tag<std::map<std::string, std::string>>);
const Type& type_of(Tag<Nothing>);

// What bounds compare: seconds, bytes, fractions, or the number itself.
constexpr double number_of(std::uint32_t value) {
  return value;
}
constexpr double number_of(std::uint64_t value) {
  return static_cast<double>(value);
}
constexpr double number_of(double value) {
  return value;
}
constexpr double number_of(Duration value) {
  return std::chrono::duration<double>(value).count();
}
constexpr double number_of(Bytes value) {
  return static_cast<double>(value.count);
}
constexpr double number_of(Ratio value) {
  return value.fraction;
}

/// How two values of a type are compared once the type is erased.
template <typename T>
std::function<bool(const void*, const void*)> equality() {
  return [](const void* a, const void* b) { return *static_cast<const T*>(a) == *static_cast<const T*>(b); };
}

/// The parts of an enumeration that do not depend on its C++ type.
Type choice_type(std::string name, std::vector<Choice> choices);
std::optional<std::size_t> read_choice(const Type& type, const Cursor& at);

}  // namespace sluice::policy
