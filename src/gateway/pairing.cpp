#include "sluice/gateway/pairing.hpp"

#include <string>
#include <utility>

namespace sluice::gateway {

namespace {

/// What will not be compared need not wait for it.
void drop_uncounted(compare::Answer& answer) noexcept {
  if (answer.counted) return;
  std::string().swap(answer.body);
  answer.memory.release();
}

}  // namespace

Pairing::Pairing(compare::PairSink& sink, std::size_t worker, const PairRules& rules, Request request)
    : sink_(&sink),
      worker_(worker),
      rules_(&rules),
      request_(std::move(request)),
      live_(std::make_shared<compare::Answer>()),
      live_keeper_(rules, sink.memory(), *live_) {}

Pairing::~Pairing() {
  if (live_over_) return;
  live_->complete = live_->counted = false;
  live_over();
}

void Pairing::live_over() noexcept {
  drop_uncounted(*live_);
  live_over_ = true;
  for (std::unique_ptr<compare::AnswerPair>& pair : waiting_) hand_over(std::move(pair));
  waiting_.clear();
}

std::unique_ptr<compare::AnswerPair> Pairing::begin(compare::PairKind kind, std::uint32_t version, float weight,
                                                    std::uint64_t name) {
  auto pair = std::make_unique<compare::AnswerPair>();
  pair->kind = kind;
  pair->route = request_.route;
  pair->window = request_.window;
  pair->other = version;
  pair->live = request_.live;
  pair->other_name = name;
  pair->live_name = request_.live_name;
  pair->segment = request_.segment;
  pair->weight = weight;
  pair->nonce = request_.nonce;
  pair->unit = request_.unit;
  pair->request_id = request_.request_id;
  pair->at = request_.at;
  return pair;
}

AnswerKeeper Pairing::keeper_for(compare::AnswerPair& pair) const noexcept {
  return {*rules_, sink_->memory(), pair.other_answer};
}

void Pairing::over(std::unique_ptr<compare::AnswerPair> pair) noexcept {
  drop_uncounted(pair->other_answer);
  if (live_over_) return hand_over(std::move(pair));
  waiting_.push_back(std::move(pair));
}

void Pairing::hand_over(std::unique_ptr<compare::AnswerPair> pair) noexcept {
  pair->live_answer = live_;
  sink_->note(worker_, std::move(pair));
}

}  // namespace sluice::gateway
