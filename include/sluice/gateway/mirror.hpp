#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/gateway/copied_requests.hpp"
#include "sluice/gateway/pairing.hpp"
#include "sluice/gateway/published.hpp"
#include "sluice/http/task.hpp"
#include "sluice/upstream/call.hpp"

namespace sluice::gateway {

class Mirrors;

/// What is sent once more, and whose answer is put beside its own.
struct Copy {
  LiveRoute* route = nullptr;
  LiveVersion* version = nullptr;
  http::Method method = http::Method::Other;
  std::string_view head;
  std::string_view body;
  TimePoint now{};
  boost::intrusive_ptr<Pairing> pairing;      ///< null: nothing is compared
  std::unique_ptr<compare::AnswerPair> pair;  ///< of that; with PairKind::Twin this is no shadow's copy but live's
};

/// One copy of a request on its way to a shadow, or to the live version itself. Its answer is measured, kept where it
/// is to be compared, and thrown away; nothing of it reaches the client, and nothing of the client's fate reaches it.
class Mirror final : private upstream::AnswerSink {
 public:
  explicit Mirror(Mirrors& mirrors) noexcept;

 private:
  friend class Mirrors;
  enum class End : std::uint8_t {
    ByItself,
    Preempted,  ///< live traffic needed what it took
    Stopped,    ///< the gateway ends
  };

  http::Task<> run();
  void set_deadlines(upstream::CallRequest& request) const noexcept;
  void cancel(End why) noexcept;
  void count(const upstream::CallOutcome& outcome) noexcept;
  void count_as_shadow(const upstream::CallOutcome& outcome) noexcept;
  void count_as_twin(const upstream::CallOutcome& outcome) noexcept;
  void hand_over(const upstream::CallOutcome& outcome) noexcept;
  void take_head(const http::ResponseHead& answer, const char* base) noexcept override;
  void take_payload(std::string_view payload) noexcept override;

  Mirrors* mirrors_;
  boost::intrusive_ptr<LiveConfig> live_;
  LiveRoute* route_ = nullptr;
  LiveVersion* version_ = nullptr;
  http::Method method_ = http::Method::Other;
  bool twin_ = false;
  End end_ = End::ByItself;
  TimePoint begun_{};
  std::string bytes_;  ///< head and body as sent; keeps its capacity
  boost::intrusive_ptr<Pairing> pairing_;
  std::unique_ptr<compare::AnswerPair> pair_;
  std::optional<AnswerKeeper> keeper_;
  upstream::Call call_;
  http::Task<> life_;
  std::size_t index_ = 0;
};

/// A copy that is being made while its request's body streams by. Bounded; plain data.
struct MirrorTee {
  std::uint64_t versions = 0;  ///< a bit per shadow that wants the copy; 0: none is made
  bool sent = false;           ///< it was made, and all of the request is still here
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
  /// The same for a twin of a request to the live version that is just over. It takes no place among live's requests,
  /// so it is only made while these are few: below half of every limit, and not more than usual.
  bool admit_twin(LiveRoute& route, TimePoint now) noexcept;
  /// Sends a copy or twin that was admitted. Head and body are copied.
  void launch(const boost::intrusive_ptr<LiveConfig>& live, Copy copy);

  /// Live has capacity to spare, as far as the route asks for that: few requests in flight, the one that asks for it
  /// among them, that were answered soon of late.
  static bool has_spare_capacity(LiveRoute& route, TimePoint now) noexcept;
  /// A request for the route has come: where it leaves live no capacity to spare, copies under way end.
  void make_way(LiveRoute& route, TimePoint now);

  /// Ends all copies under way.
  void stop_all();
  bool is_empty() const noexcept { return running_.empty(); }

 private:
  friend class Mirror;
  void release(LiveRoute& route, LiveVersion& version, bool twin);
  void preempt(const MirrorBudget& budget, bool only_twins);
  void finished(Mirror& mirror);

  upstream::WorkerContext* context_;
  std::vector<std::unique_ptr<Mirror>> running_;
  std::vector<std::unique_ptr<Mirror>> free_;
};

}  // namespace sluice::gateway
