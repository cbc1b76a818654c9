#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sluice/base/clock.hpp"
#include "sluice/compare/memory.hpp"

/// What the data plane hands over of a request that more than one answered.
namespace sluice::compare {

/// One answer, kept while it passed by.
struct Answer {
  std::uint16_t status = 0;  ///< 0: there was none
  bool complete = false;     ///< all of it came; false: it broke off, was cancelled or never began
  bool counted = true;       ///< false: how it ended says nothing about the version (the client left, it had to yield)
  bool too_large = false;    ///< the body is not here because of its size
  bool out_of_memory = false;  ///< … because too much is waiting to be compared
  bool encoded = false;        ///< the body is compressed, so it is not here
  bool events = false;         ///< a stream of server-sent events
  std::size_t json_bytes = 0;  ///< of the binary tensor extension: where the JSON ends; 0: all is JSON
  bool held_up = false;        ///< by its client, who sent or took too slowly: the latency says that, too
  float latency = 0;           ///< seconds, request sent … last byte read; 0 unless complete
  std::string body;            ///< payload without transfer coding; empty unless bodies are compared
  std::string score_text;      ///< value of the header that `drift.score` names; empty: it names none, or none came
  std::string label_text;      ///< the same of `drift.label`
  Reservation memory;          ///< what `body` takes of the budget

  /// As the checks count it.
  bool failed() const noexcept { return !complete || status == 0 || status >= 500; }
};

enum class PairKind : std::uint8_t {
  Shadow,  ///< live's answer and a candidate's
  Twin,    ///< two answers of live: what differs here is noise
};

/// One request, and two answers to exactly that request.
struct AnswerPair {
  PairKind kind = PairKind::Shadow;
  std::uint64_t route = 0;       ///< name hash, as in outcomes::Decision
  std::uint64_t window = 0;      ///< of evidence
  std::uint32_t other = 0;       ///< place of the version that `other_answer` is of; of a twin that of live
  std::uint32_t live = 0;        ///< place of the version that answered the client
  std::uint64_t other_name = 0;  ///< hashes of both names, as `route`: another policy has others at these places
  std::uint64_t live_name = 0;   ///< 0: not told
  std::uint8_t segment = 0;      ///< counted from 1; 0: none
  float weight = 1;              ///< (0, 1]: how much it stands for, where some segments are copied more often
  std::uint64_t nonce = 0;       ///< of the decision: later reports about it find the pair by this; 0: none
  std::uint64_t unit = 0;        ///< hash of the user who asked; 0: the route knows none
  std::string request_id;        ///< for people who look at it
  WallTime at{};                 ///< of the request
  std::shared_ptr<const Answer> live_answer;  ///< never null once handed over; several pairs may have the same
  Answer other_answer;
};

/// Takes pairs from the workers. Never blocks.
class PairSink {
 public:
  /// That worker's thread. A pair that finds no room is counted and gone; both its answers are.
  virtual void note(std::size_t worker, std::unique_ptr<AnswerPair> pair) noexcept = 0;
  /// What bodies may take, of all workers. Lives as long as the sink.
  virtual Memory& memory() noexcept = 0;

 protected:
  ~PairSink() = default;
};

}  // namespace sluice::compare
