#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "sluice/gateway/deadlines.hpp"
#include "sluice/gateway/failure.hpp"
#include "sluice/gateway/gather_list.hpp"
#include "sluice/gateway/mirror.hpp"
#include "sluice/gateway/published.hpp"
#include "sluice/http/body_meter.hpp"
#include "sluice/http/head.hpp"
#include "sluice/http/task.hpp"
#include "sluice/traffic/choose.hpp"
#include "sluice/traffic/request_view.hpp"

namespace sluice::gateway {

class Session;
class Worker;

/// One request and its answer: route, choice, attempt, relay, account. The steps stand in the order of
/// docs/data-plane.md.
///
/// Recycled by its worker: a usual request allocates nothing. At most two coroutines work on it: `run` writes to the
/// client and reads from the endpoint, `upload` reads from the client and writes to the endpoint, the latter only when
/// the body did not come with the head. Whoever ends first tells the other through `cancel` or the stream's end. One
/// thread.
class Exchange {
 public:
  explicit Exchange(Worker& worker) noexcept : worker_(&worker) {}

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
  enum class Attempt : std::uint8_t {
    Done,   ///< answered, well or badly
    Again,  ///< a reused connection died before a byte came back: another one may do better
  };

  // exchange.cpp: from the head to the choice
  http::Task<bool> admit_with_body();
  http::Task<bool> buffer_body();
  void show_body();
  std::int32_t find_route() const noexcept;
  bool check_limits() noexcept;
  bool take_slot() noexcept;
  bool begin_route(std::int32_t index) noexcept;
  void decide();
  traffic::RequestView view() const noexcept;
  void make_request_id() noexcept;
  std::string_view request_id() const noexcept;
  void plan_mirrors(std::uint64_t versions);
  void launch_mirrors();
  void drop_mirrors(metrics::ShadowDropReason reason) noexcept;
  void give_up(metrics::FailureReason reason);
  void send_continue();

  // attempt.cpp: one try on one connection
  http::Task<Attempt> attempt(bool first);
  http::Task<> wait_for_connection(upstream::EndpointPool& pool);
  http::Task<> pass_interim();
  void compose_request();
  void give_back(bool reusable);

  // upload.cpp: the body that did not come with the head
  void start_upload();
  http::Task<> upload();
  void copy_for_mirrors(std::string_view piece);
  void note_request_sent(TimePoint now);
  void end_upload();

  // answer.cpp: the answer to the client
  http::Task<> relay_answer();
  http::Task<> relay_body();
  bool compose_answer();
  std::string_view take_answer(char* data, std::size_t size) noexcept;
  http::Task<> answer_failure();

  // account.cpp: counters and log
  void account();
  void count_durations(metrics::VersionCounters& counters, metrics::RouteCounters& route) noexcept;
  std::string_view route_name() const noexcept;
  std::string_view version_name() const noexcept;
  void log_failure() const;
  void log_access() const;

  const char* base() const noexcept;
  bool failed() const noexcept { return failure_.has_value(); }
  bool client_may_stay() const noexcept;
  LiveVersion& version() noexcept { return route_->versions[choice_.version]; }

  Worker* worker_;
  Session* session_ = nullptr;
  boost::intrusive_ptr<LiveConfig> live_;
  LiveRoute* route_ = nullptr;
  traffic::TrafficChoice choice_;
  bool chosen_ = false;
  bool slot_taken_ = false;    ///< counts among the requests in flight
  bool reading_body_ = false;  ///< buffering it for rules and units

  std::optional<GatewayFailure> failure_;
  upstream::Connection* connection_ = nullptr;
  upstream::EndpointPool::Waiter* waiter_ = nullptr;

  // the request's body
  http::BodyMeter request_body_;
  std::size_t body_in_buffer_ = 0;
  std::size_t bytes_in_buffer_ = 0;
  std::string_view visible_body_;  ///< payload that rules and units may look into; absent until someone asked
  std::string dechunked_;
  bool upload_running_ = false;
  bool upload_discards_ = false;  ///< nobody wants the rest of the body any more
  bool body_streams_ = false;     ///< part of the body did not come with the head
  bool request_sent_ = false;
  bool continue_sent_ = false;
  http::Task<> upload_task_;
  MirrorTee tee_;

  // the answer
  http::BodyMeter answer_body_;
  bool answer_begun_ = false;  ///< a byte of the final answer went to the client
  bool answer_complete_ = false;
  bool answer_streams_ = false;   ///< of unknown length: only the gaps between its pieces are bounded
  bool answer_has_more_ = false;  ///< the endpoint sent bytes behind its answer
  bool dechunk_ = false;
  bool keep_client_ = false;
  std::uint16_t status_ = 0;

  TimePoint received_at_{};  ///< the head was complete
  TimePoint sent_at_{};      ///< the head went to the endpoint
  TimePoint first_byte_at_{};
  TimePoint heard_at_{};     ///< the endpoint's last bytes before the answer's head was complete
  TimePoint answered_at_{};  ///< the last byte of the answer came from the endpoint
  TimePoint finished_at_{};

  std::array<char, 36> made_id_;
  bool made_request_id_ = false;
  bool head_valid_ = false;  ///< request_ describes this request; false when its head was refused

  // Last, because large and left uninitialised.
  http::RequestHead request_;
  http::ResponseHead answer_;
  GatherList to_endpoint_;
  GatherList to_client_;
  std::array<char, http::kMaxErrorResponse> error_text_;
};

}  // namespace sluice::gateway
