#pragma once

#include <cstdint>

#include "sluice/gateway/failure.hpp"
#include "sluice/gateway/gather_list.hpp"
#include "sluice/http/head.hpp"
#include "sluice/http/task.hpp"
#include "sluice/upstream/endpoint_pool.hpp"
#include "sluice/upstream/retry.hpp"

namespace sluice::gateway {

class Exchange;
struct LiveVersion;

/// One try of an exchange at one endpoint: a connection, the request out, the head of the answer in. What to make of
/// the result is the exchange's business. Used again for the next try. One thread.
class Attempt {
 public:
  enum class Result : std::uint8_t {
    Pending,
    Answered,  ///< `answer()` is a final answer's head; the connection is held until give_back or discard_answer
    Failed,    ///< `failure()` and `why()` say how; the connection is gone
    Stopped,   ///< ended from outside; the connection is gone
  };

  explicit Attempt(Exchange& exchange) noexcept : exchange_(exchange) {}

  struct Plan {
    LiveVersion* version = nullptr;
    const upstream::EndpointPool* avoid = nullptr;  ///< only if it is the only one
    bool fresh = false;   ///< a connection that was just dialled or just given back, none that waited
    bool beside = false;  ///< a hedge: the whole request is there, and another attempt talks to the client
  };
  /// Ends with a result; a connection that is held then belongs to this attempt.
  http::Task<> run(Plan plan);

  /// Ends it from outside. May resume its coroutine at once: nothing may follow.
  void stop();
  /// Ends it because the endpoint did not answer in time. Like stop: nothing may follow.
  void time_out();

  Result result() const noexcept { return result_; }
  bool answered() const noexcept { return result_ == Result::Answered; }
  upstream::AttemptFailure failure() const noexcept { return failure_; }
  const GatewayFailure& why() const noexcept { return why_; }
  /// A reused connection died before a byte came back: the endpoint had most likely closed it before.
  bool was_stale() const noexcept { return stale_; }
  /// (Part of) the request was written.
  bool reached_endpoint() const noexcept { return reached_; }
  const upstream::EndpointPool* pool() const noexcept { return pool_; }
  upstream::Connection* connection() const noexcept { return connection_; }
  http::ResponseHead& answer() noexcept { return answer_; }
  GatherList& to_endpoint() noexcept { return to_endpoint_; }

  TimePoint sent_at() const noexcept { return sent_at_; }              ///< the head went to the endpoint
  TimePoint first_byte_at() const noexcept { return first_byte_at_; }  ///< unset: nothing came back
  TimePoint heard_at() const noexcept { return heard_at_; }            ///< the last bytes before the head was complete

  /// Tells the endpoint's statistics how its answer ended, once: an answer that was not here whole with its head is
  /// only now known to be one.
  void note_end_of_answer(bool whole) noexcept;
  /// Another try that began later was answered first, and of this one nothing was heard.
  void note_overtaken() noexcept;
  /// The head is being written: what it points to must stay where it is.
  bool writing_head() const noexcept { return writing_head_; }

  /// Gives the connection back to its pool.
  void give_back(bool reusable);
  /// The head that came is none that an endpoint may send here.
  void refuse_answer() { fail(upstream::AttemptFailure::BadResponse, metrics::FailureReason::BadResponse); }
  /// Throws an answer away that no client shall see; its connection stays when all of it is here.
  void discard_answer(bool request_sent);
  /// Drops what belongs to the finished request.
  void end() noexcept;

 private:
  http::Task<> wait_for_connection();
  http::Task<> read_head();
  void compose_request();
  bool take_head();
  void fail(upstream::AttemptFailure failure, metrics::FailureReason reason);
  void fail(upstream::AttemptFailure failure, const GatewayFailure& why);
  bool ended() const noexcept { return result_ != Result::Pending; }

  Exchange& exchange_;
  LiveVersion* version_ = nullptr;
  upstream::EndpointPool* pool_ = nullptr;
  upstream::Connection* connection_ = nullptr;
  upstream::EndpointPool::Waiter* waiter_ = nullptr;
  Result result_ = Result::Pending;
  upstream::AttemptFailure failure_ = upstream::AttemptFailure::Reset;
  GatewayFailure why_;
  bool stale_ = false;
  bool reached_ = false;
  bool beside_ = false;
  bool writing_head_ = false;
  bool answer_noted_ = false;
  TimePoint sent_at_{};
  TimePoint first_byte_at_{};
  TimePoint heard_at_{};

  // Last, because large and left uninitialised.
  http::ResponseHead answer_;
  GatherList to_endpoint_;
};

}  // namespace sluice::gateway
