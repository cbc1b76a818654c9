#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sluice/http/body_meter.hpp"
#include "sluice/http/deadline_wheel.hpp"
#include "sluice/http/head.hpp"
#include "sluice/http/task.hpp"
#include "sluice/metrics/reasons.hpp"
#include "sluice/upstream/endpoint_pool.hpp"

namespace sluice::upstream {

/// Looks at the answer of a call while it passes by. Outlives the call.
class AnswerSink {
 public:
  /// The final head; `base` holds its bytes until this returns. Once, or never.
  virtual void take_head(const http::ResponseHead& answer, const char* base) noexcept = 0;
  /// The next piece of the body, without the chunked framing.
  virtual void take_payload(std::string_view payload) noexcept = 0;

 protected:
  ~AnswerSink() = default;
};

/// How long the body of an answer may take once its head is there.
struct BodyPatience {
  TimePoint whole{};     ///< when one of known length is over
  TimePoint streamed{};  ///< when one of unknown length is
  Duration idle{0};      ///< between two pieces of the latter
};

struct CallRequest {
  http::Method method = http::Method::Get;  ///< of `bytes`: decides how the answer ends
  std::string_view bytes;                   ///< head and body as sent; stay valid until the call has ended
  TimePoint deadline{};                     ///< for all of it; with `patience` for the head of the answer
  bool fresh = false;                       ///< over a connection that nobody used before
  AnswerSink* sink = nullptr;               ///< null: the answer is read and thrown away
  bool reported = true;  ///< how it went is told to the endpoint's status; whether it can be dialled always is
  std::optional<BodyPatience> patience{};  ///< none: the body has to come until the deadline as well
};

/// How a call ended.
struct CallOutcome {
  int status = 0;                                                       ///< of the answer; 0: there was none
  metrics::FailureReason failure = metrics::FailureReason::NoEndpoint;  ///< why, when there was none
  bool timed_out = false;                                               ///< the deadline was the reason
  Duration took{0};
  Duration answered_in{0};  ///< of an answer: from the request sent to its last byte
  Duration first_byte{0};   ///< of an answer: from the request sent to its first byte
  Duration worked_on{0};    ///< from the request sent to the end, whatever that was; of both tries; 0: it was not sent
  std::uint64_t sent = 0;   ///< bytes that went out, of both tries
  std::uint64_t received = 0;  ///< bytes that came back
  bool answered() const noexcept { return status != 0; }
};

/// "200 in 3ms", "connect_failed in 1ms".
std::string describe(const CallOutcome& outcome);

/// One request of our own to an endpoint: sends it, reads its answer to the end, shows it to whoever wants to see it
/// and throws it away. When a connection that was used before dies at once without a byte of an answer (kStaleWithin),
/// it is tried once more on another. How it went is reported to the endpoint's status, where its pool has one. One at a
/// time; used again and again it allocates nothing. One thread.
class Call final : private http::DeadlineWheel::Hook {
 public:
  explicit Call(WorkerContext& context) noexcept : context_(&context) {}

  /// The pool outlives the call, and so does this object.
  http::Task<CallOutcome> run(EndpointPool& pool, CallRequest request);

  /// Ends a call that is under way, without a status; may resume its caller at once. Harmless otherwise.
  void cancel() noexcept;

 private:
  http::Task<bool> exchange(EndpointPool& pool, CallRequest request, bool again, CallOutcome& outcome);
  http::Task<bool> read_answer(CallRequest request);
  std::size_t take_body(http::BodyMeter& body, AnswerSink* sink) noexcept;
  void be_patient(const BodyPatience& patience) noexcept;
  void on_deadline(TimePoint now) override;

  WorkerContext* context_;
  Connection* connection_ = nullptr;
  EndpointPool::Waiter* waiter_ = nullptr;
  bool given_up_ = false;
  bool timed_out_ = false;
  bool heard_ = false;     // a byte of an answer came
  bool answered_ = false;  // the head of one came
  TimePoint sent_at_{};
  TimePoint heard_at_{};  // while `heard_`: when the first one did
  std::uint64_t received_ = 0;
  http::ResponseHead answer_;
};

}  // namespace sluice::upstream
