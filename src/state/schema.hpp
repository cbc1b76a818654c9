#pragma once

#include <string>

#include "database.hpp"

/// What a state file looks like inside, and how an older one becomes that.
namespace sluice::state {

/// How a file was found.
struct SchemaVerdict {
  enum class Kind : std::uint8_t {
    Ready,
    Damaged,  ///< what it holds cannot be trusted
    Refused,  ///< somebody else's, or of the future: not to be touched
    Failed,   ///< it cannot be used now, whatever it holds
  };
  Kind kind = Kind::Ready;
  std::string reason;
};

/// Checks a connection's file from end to end and brings it to the schema of today, all or nothing.
SchemaVerdict prepare_schema(Database& database);

}  // namespace sluice::state
