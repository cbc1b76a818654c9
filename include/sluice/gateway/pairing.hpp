#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sluice/compare/answer_pair.hpp"
#include "sluice/gateway/answer_keeper.hpp"
#include "sluice/gateway/config.hpp"

namespace sluice::gateway {

/// One copied request, until the answer that its client gets and those to its copies are over, in whatever order they
/// end: each pair then goes to the sink, exactly once. The exchange and each copy hold the same object, so no answer is
/// ever put beside one to another request. One worker's, one thread; costs three allocations for one candidate.
class Pairing final : public boost::intrusive_ref_counter<Pairing, boost::thread_unsafe_counter> {
 public:
  /// What all pairs of it have in common; see compare::AnswerPair.
  struct Request {
    std::uint64_t route = 0;
    std::uint64_t window = 0;
    std::uint32_t live = 0;
    std::uint64_t live_name = 0;
    std::uint8_t segment = 0;
    std::uint64_t nonce = 0;
    std::uint64_t unit = 0;
    std::string request_id;
    WallTime at{};
  };

  /// The sink outlives it; the rules stay where they are while answers are kept.
  Pairing(compare::PairSink& sink, std::size_t worker, const PairRules& rules, Request request);
  /// An exchange that is gone without a word leaves an answer that does not count.
  ~Pairing();

  /// The answer that the client gets, while it passes by. Not after `live_over`.
  AnswerKeeper& live_keeper() noexcept { return live_keeper_; }
  compare::Answer& live() noexcept { return *live_; }
  /// Nothing of that answer will change any more. Once.
  void live_over() noexcept;

  /// A pair for a copy to that version (its place, the hash of its name), whose answer is to be filled in while the
  /// copy is under way.
  std::unique_ptr<compare::AnswerPair> begin(compare::PairKind kind, std::uint32_t version, float weight,
                                             std::uint64_t name = 0);
  /// Keeps the answer of such a pair.
  AnswerKeeper keeper_for(compare::AnswerPair& pair) const noexcept;
  /// The copy's answer is over, however it ended.
  void over(std::unique_ptr<compare::AnswerPair> pair) noexcept;

 private:
  void hand_over(std::unique_ptr<compare::AnswerPair> pair) noexcept;

  compare::PairSink* sink_;
  std::size_t worker_;
  const PairRules* rules_;
  Request request_;
  std::shared_ptr<compare::Answer> live_;
  AnswerKeeper live_keeper_;
  bool live_over_ = false;
  std::vector<std::unique_ptr<compare::AnswerPair>> waiting_;  // for the client's answer
};

}  // namespace sluice::gateway
