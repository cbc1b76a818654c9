#include "sluice/admin/readiness.hpp"

#include <algorithm>

namespace sluice::admin {

Readiness::Check& Readiness::find_or_add(std::string_view name) {
  const auto found =
      std::find_if(checks_.begin(), checks_.end(), [&](const Check& check) { return check.name == name; });
  if (found != checks_.end()) return *found;
  return checks_.emplace_back(Check{std::string(name), Kind::Required, false, "not yet"});
}

void Readiness::declare(std::string_view name, Kind kind) {
  const std::lock_guard lock(mutex_);
  find_or_add(name).kind = kind;
}

void Readiness::set(std::string_view name, bool passing, std::string_view reason) {
  const std::lock_guard lock(mutex_);
  Check& check = find_or_add(name);
  check.passing = passing;
  check.reason = reason;
}

Readiness::State Readiness::state() const {
  const std::lock_guard lock(mutex_);
  State result;
  result.checks = checks_;
  const auto required = [](const Check& check) { return check.kind == Kind::Required; };
  result.ready = std::any_of(checks_.begin(), checks_.end(), required) &&
                 std::all_of(checks_.begin(), checks_.end(),
                             [&](const Check& check) { return check.passing || !required(check); });
  return result;
}

bool Readiness::ready() const {
  return state().ready;
}

}  // namespace sluice::admin
