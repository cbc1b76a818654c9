#pragma once

#include <string>

namespace sluice::policy {

/// Where in the policy files something was written. `line` and `column` count from 1; 0 means "not from a file".
///
/// A position says where, not what: two positions always compare equal, so that moving a block around in a file never
/// makes a policy look changed.
struct Position {
  std::string file;
  int line = 0;
  int column = 0;

  friend constexpr bool operator==(const Position& /*a*/, const Position& /*b*/) noexcept { return true; }
};

}  // namespace sluice::policy
