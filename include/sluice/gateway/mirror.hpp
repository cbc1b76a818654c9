#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/gateway/published.hpp"
#include "sluice/http/task.hpp"
#include "sluice/upstream/call.hpp"

namespace sluice::gateway {

class Mirrors;

/// One copy of a request on its way to a shadow. Its answer is measured and thrown away; nothing of it reaches the
/// client, and nothing of the client's fate reaches it.
class Mirror final {
 public:
  explicit Mirror(Mirrors& mirrors) noexcept;

 private:
  friend class Mirrors;
  http::Task<> run();

  Mirrors* mirrors_;
  boost::intrusive_ptr<LiveConfig> live_;
  LiveRoute* route_ = nullptr;
  LiveVersion* version_ = nullptr;
  http::Method method_ = http::Method::Other;
  TimePoint begun_{};
  std::string bytes_;  ///< head and body as sent; keeps its capacity
  upstream::Call call_;
  http::Task<> life_;
  std::size_t index_ = 0;
};

/// A copy that is being made while its request's body streams by. Bounded; plain data.
struct MirrorTee {
  std::uint64_t versions = 0;  ///< a bit per shadow that wants the copy; 0: none is made
  std::size_t limit = 0;       ///< bytes of body
  std::string head;
  std::string body;

  bool active() const noexcept { return versions != 0; }
};

/// All copies of one worker that are under way. A copy that cannot start within its route's budget is dropped and
/// counted, never queued. One thread.
class Mirrors {
 public:
  explicit Mirrors(upstream::WorkerContext& context) : context_(&context) {}
  ~Mirrors();

  /// True when the route's budgets and the version's limit admit one more copy; otherwise it is counted as dropped. A
  /// copy never waits for its turn.
  bool admit(LiveRoute& route, LiveVersion& version, TimePoint now) noexcept;
  /// The copy that was admitted will not be made after all.
  void cancel_admission(LiveRoute& route, LiveVersion& version);
  /// Sends a copy that was admitted. `head` and `body` are copied.
  void launch(const boost::intrusive_ptr<LiveConfig>& live, LiveRoute& route, LiveVersion& version, http::Method method,
              std::string_view head, std::string_view body, TimePoint now);
  /// Ends all copies under way.
  void stop_all();
  bool is_empty() const noexcept { return running_.empty(); }

 private:
  friend class Mirror;
  void release(LiveRoute& route, LiveVersion& version);
  void finished(Mirror& mirror);

  upstream::WorkerContext* context_;
  std::vector<std::unique_ptr<Mirror>> running_;
  std::vector<std::unique_ptr<Mirror>> free_;
};

}  // namespace sluice::gateway
