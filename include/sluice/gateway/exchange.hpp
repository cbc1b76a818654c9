#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <chrono>
#include <coroutine>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sluice/gateway/answer_reader.hpp"
#include "sluice/gateway/attempt.hpp"
#include "sluice/gateway/deadlines.hpp"
#include "sluice/gateway/door_desk.hpp"
#include "sluice/gateway/failure.hpp"
#include "sluice/gateway/gather_list.hpp"
#include "sluice/gateway/kept_body.hpp"
#include "sluice/gateway/mirror.hpp"
#include "sluice/gateway/pairing.hpp"
#include "sluice/gateway/published.hpp"
#include "sluice/http/body_meter.hpp"
#include "sluice/http/head.hpp"
#include "sluice/http/task.hpp"
#include "sluice/outcomes/decision.hpp"
#include "sluice/outcomes/token.hpp"
#include "sluice/traffic/choose.hpp"
#include "sluice/traffic/request_view.hpp"

namespace sluice::gateway {

class Session;
class Worker;

/// One request and its answer: route, choice, attempts, relay, account. The steps stand in the order of
/// docs/data-plane.md.
///
/// Recycled by its worker: a usual request allocates nothing. At most two coroutines work on it, a hedge aside: `run`
/// writes to the client and reads from the endpoint, `upload` reads from the client and writes to the endpoint, the
/// latter only when the body did not come with the head. Whoever ends first tells the other through `cancel` or the
/// stream's end. One thread.
class Exchange {
 public:
  explicit Exchange(Worker& worker) noexcept : worker_(&worker), first_(*this) {}

  /// Makes it ready for a request of `session`.
  void begin(Session& session);
  /// Drops everything that belongs to the finished request.
  void end() noexcept;

  http::RequestHead& request() noexcept { return request_; }

  /// Answers the request; true when the client's connection may carry another one.
  http::Task<bool> run();

  /// The head was malformed, too large or late; `answer_refusal` then says so.
  void refuse_head(const http::Refusal& refusal) noexcept;
  void refuse(metrics::FailureReason reason) noexcept { failure_ = failure_for(reason); }
  http::Task<> answer_refusal();

  /// Ends the exchange from outside: the client left, a deadline passed, the gateway stops. The first reason stays.
  void cancel(metrics::FailureReason reason);
  void client_left(http::IoStatus how);
  void on_deadlines(Deadlines& deadlines, TimePoint now);

  /// How much of the session's buffer the request took, its head included.
  std::size_t bytes_in_buffer() const noexcept { return bytes_in_buffer_; }

 private:
  friend class Attempt;

  // admission.cpp: the way in
  enum class Level : std::uint8_t { Gateway, Route, Version };
  std::int32_t find_route() const noexcept;
  bool begin_route(std::int32_t index) noexcept;
  bool check_limits() noexcept;
  Gate& gate(Level level) noexcept;
  bool enter(Level last) noexcept;
  http::Task<bool> wait_to_enter(Level last);
  bool client_is_gone() const noexcept;
  static metrics::FailureReason reason_of(Level level, GateRefusal refusal) noexcept;
  void leave();
  http::Task<bool> admit_with_body();
  http::Task<bool> buffer_body();
  http::Task<> invite_body();
  void show_body();

  // door.cpp: outcomes that applications report
  bool is_for_door() const noexcept;
  http::Task<> serve_door();
  bool admit_at_door() noexcept;
  std::uint64_t post_limit() const noexcept;
  http::Task<bool> read_post(std::string& body);
  http::Task<> answer_from_door();
  void compose_from_door(const outcomes::Answer& answer) noexcept;

  // exchange.cpp: the choice, ends from outside
  void follow_configuration() noexcept;
  void decide();
  void watch_client();
  traffic::RequestView view() const noexcept;
  void note_decision() noexcept;
  std::string_view token() const noexcept { return {token_.data(), has_token_ ? token_size_ : 0U}; }
  void make_request_id() noexcept;
  std::string_view request_id() const noexcept;
  void give_up(metrics::FailureReason reason);
  void time_out();
  void send_continue();

  // copies.cpp: copies for shadows, answers that are compared
  void plan_mirrors(std::uint64_t versions);
  std::optional<metrics::ShadowDropReason> why_no_copy(LiveVersion& shadow) noexcept;
  bool must_yield(LiveVersion& copied_to) noexcept;
  RequestHash request_hash(std::string_view body) const noexcept;
  void begin_copies(std::uint64_t versions);
  void begin_pairing();
  void launch_mirrors();
  void drop_mirrors(metrics::ShadowDropReason reason);
  /// Live's own first attempt is what the client got. Copies have no other.
  bool first_attempt_counts() const noexcept { return fell_back_from_ == kNoVersion && !tried_again_; }
  void end_pairing();
  void note_latency(compare::Answer& answer) const noexcept;
  void send_twin();

  // tries.cpp: attempts until one has an answer for the client, or none will
  http::Task<> serve();
  http::Task<> pause(std::chrono::milliseconds patience);
  bool is_idempotent() const noexcept;
  bool answer_is_good() noexcept;
  bool may_try_again(const Attempt& failed, std::chrono::milliseconds& patience);
  bool fall_back(const Attempt& failed);
  void count_retry(bool& counted) noexcept;
  void note_load(const Attempt& tried, TimePoint begun) noexcept;
  bool replayable() const noexcept;
  bool take_retry() noexcept;
  void give_retries_back() noexcept;
  void keep_for_warm_up();

  // hedge.cpp: a second try beside the first
  struct RaceAwaiter;
  http::Task<> race(Attempt::Plan plan);
  bool launch_hedge(const Attempt::Plan& plan);
  bool hedge_wanted() const noexcept;

  // upload.cpp: the body that did not come with the head
  http::Task<> send_body(Attempt& attempt, bool whole);
  http::Task<> upload();
  http::Task<> upload_kept();
  http::Task<> upload_passing();
  std::string_view take_upload(http::IoStatus status, std::string_view bytes);
  std::uint64_t bytes_to_keep() noexcept;
  bool recording_due() const noexcept;
  struct UploadPause;
  void resume_upload();
  /// The endpoint's connection goes away; true when a body was still being sent on it.
  bool detach_upload(const Attempt& attempt) noexcept;
  void copy_for_mirrors(std::string_view piece);
  void note_request_sent(TimePoint now);
  void end_upload();

  // answer.cpp: the answer to the client
  http::Task<> relay_answer();
  http::Task<> relay_body();
  void note_end_of_body() noexcept;
  http::Task<> pass_interim(Attempt& attempt);
  bool compose_answer();
  std::string_view take_answer(char* data, std::size_t size) noexcept;
  http::Task<> answer_failure();

  // account.cpp: counters and log
  void account();
  void count_evidence() noexcept;
  void note_unit_failure(std::uint32_t assigned) noexcept;
  void log_decision() noexcept;
  void observe() noexcept;
  bool is_versions_failure() const noexcept;
  void note_recent_latency() noexcept;
  void count_durations(metrics::VersionCounters& counters, metrics::RouteCounters& route) noexcept;
  std::string_view route_name() const noexcept;
  std::string_view version_name() const noexcept;
  void log_failure() const;
  void log_access() const;

  const char* base() const noexcept;
  bool failed() const noexcept { return failure_.has_value(); }
  bool client_may_stay() const noexcept;
  LiveVersion& version() noexcept { return route_->versions[choice_.version]; }

  static constexpr std::uint32_t kNoVersion = ~0u;

  Worker* worker_;
  Session* session_ = nullptr;
  boost::intrusive_ptr<LiveConfig> live_;
  LiveRoute* route_ = nullptr;
  traffic::TrafficChoice choice_;
  bool chosen_ = false;
  bool first_of_unit_ = false;   ///< of a unit that sticks, in the window of evidence
  std::uint8_t entered_ = 0;     ///< how many levels it counts at as a request in flight
  bool client_watched_ = false;  ///< the read for what comes behind the request was armed
  bool reading_body_ = false;    ///< buffering it for rules and units
  Gate::Waiter* turn_ = nullptr;
  bool at_door_ = false;              ///< it reports outcomes
  std::shared_ptr<DoorVisit> visit_;  ///< since they were handed in

  std::optional<GatewayFailure> failure_;
  Attempt* call_ = nullptr;          ///< the attempt that talks to the client: first_ or second_
  std::unique_ptr<Attempt> second_;  ///< the hedge's; made when the first is needed
  http::Task<> first_task_;
  http::Task<> second_task_;
  std::coroutine_handle<> pause_;  ///< waits between two attempts
  std::coroutine_handle<> race_;   ///< waits for the first of two attempts
  bool hedge_due_ = false;
  std::uint32_t made_ = 0;           ///< attempts at this version
  std::uint32_t retries_taken_ = 0;  ///< of the route's budget
  std::uint32_t fell_back_from_ = kNoVersion;
  bool tried_again_ = false;  ///< the first attempt failed, and not because a kept connection had died

  // the request's body
  http::BodyMeter request_body_;
  std::size_t body_in_buffer_ = 0;
  std::size_t bytes_in_buffer_ = 0;
  std::string_view visible_body_;  ///< payload that rules and units may look into; absent until someone asked
  std::string dechunked_;
  bool upload_running_ = false;
  bool upload_begun_ = false;
  bool upload_ended_ = false;                  ///< before its time, and why is told
  bool upload_discards_ = false;               ///< nobody wants the rest of the body any more
  upstream::Connection* upload_to_ = nullptr;  ///< null: what comes is only kept, for the next attempt
  std::coroutine_handle<> upload_pause_;       ///< waits for an endpoint, because no more can be kept
  bool body_streams_ = false;                  ///< part of the body did not come with the head
  bool request_sent_ = false;
  bool continue_sent_ = false;
  http::Task<> upload_task_;
  KeptBody kept_;
  std::uint64_t replay_limit_ = 0;  ///< a larger one is kept for warm-ups alone
  MirrorTee tee_;
  boost::intrusive_ptr<Pairing> pairing_;  ///< while its answer is to be compared with those to its copies

  // the answer
  http::BodyMeter answer_body_;
  bool answer_begun_ = false;  ///< a byte of the final answer went to the client
  bool answer_complete_ = false;
  bool client_stalls_ = false;    ///< it was let go because it did not take its answer
  bool answer_streams_ = false;   ///< of unknown length: only the gaps between its pieces are bounded
  bool answer_has_more_ = false;  ///< the endpoint sent bytes behind its answer
  bool dechunk_ = false;
  AnswerReader reader_;  ///< of values that stand in the answer
  bool keep_client_ = false;
  std::uint16_t status_ = 0;

  TimePoint received_at_{};      ///< the head was complete
  TimePoint request_sent_at_{};  ///< while `request_sent_`
  TimePoint answered_at_{};      ///< the last byte of the answer came from the endpoint
  TimePoint finished_at_{};
  Duration waited_for_client_{0};  ///< until it took pieces of an answer that is compared

  std::array<char, 36> made_id_;
  bool made_request_id_ = false;
  outcomes::Decision decision_;  ///< while `has_token_`, `logs_decision_` or `observes_`
  std::array<char, outcomes::most_token_size> token_;
  std::uint8_t token_size_ = 0;
  traffic::ContextValues context_values_;  ///< while `logs_decision_`, of a choice with a context
  bool has_token_ = false;
  bool logs_decision_ = false;
  bool observes_ = false;    ///< what it shows by itself is told
  bool head_valid_ = false;  ///< request_ describes this request; false when its head was refused

  // Last, because large and left uninitialised.
  http::RequestHead request_;
  Attempt first_;
  GatherList to_client_;
  std::array<char, http::kMaxErrorResponse> error_text_;
};

}  // namespace sluice::gateway
