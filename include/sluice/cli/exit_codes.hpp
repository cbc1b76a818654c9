#pragma once

namespace sluice::cli {

/// What scripts go by, for every verb that asks a gateway.
enum ExitCode : int {
  kDone = 0,
  kNotAsked = 1,  ///< nobody listens there, or it answers with an error
  kNonsense = 2,  ///< the command line, or a policy
  kRefused = 3,   ///< what was asked for does not fit the moment
  kNoSuchRoute = 4,
  kOtherEnd = 5,  ///< what was waited for will not come
  kTimedOut = 124,
};

}  // namespace sluice::cli
