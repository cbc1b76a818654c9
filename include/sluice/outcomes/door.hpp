#pragma once

#include <functional>
#include <string>

namespace sluice::outcomes {

/// One POST to /sluice/v1/outcomes, body whole.
struct Post {
  std::string body;
  std::string content_type;  ///< as the client sent it; may be empty
};

/// What the client is told.
struct Answer {
  unsigned status = 200;
  std::string body;            ///< JSON
  unsigned retry_after_s = 0;  ///< with 503; 0: no such field
};

/// Where the data plane hands in what applications report. It works on a thread of its own, so the prediction path
/// never waits for it.
class Door {
 public:
  virtual ~Door() = default;
  /// Any thread; returns at once. `done` is called exactly once: on the door's thread when everything that is good is
  /// durable, or at once on the caller's when there is no room (503) or it is closed. Bounded.
  virtual void submit(Post post, std::function<void(Answer)> done) = 0;
};

}  // namespace sluice::outcomes
