// What the intake does beside its posts: decisions are kept, old reports added up, keys replaced.
#include <chrono>

#include "sluice/base/log.hpp"
#include "sluice/outcomes/intake.hpp"
#include "sluice/outcomes/key_ring.hpp"

namespace sluice::outcomes {

namespace {

constexpr Duration kFoldPeriod = std::chrono::minutes(1);
/// Reports that are added up at once: some hundredths of a second.
constexpr std::size_t kExpireAtOnce = 10'000;
constexpr int kExpireRounds = 5;
/// Behind the window, for a post that arrived in time and waited.
constexpr Duration kGrace = std::chrono::minutes(1);

std::int64_t ms_since_1970(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace

void Intake::tend() {
  tended_ = clock_.now();
  Result<void> done = keep_decisions();
  if (done) done = tend_ledger();
  if (done) done = tend_keys();
  // That all is well is for those to say who have kept something.
  if (!done) note_failure(done);
}

Result<void> Intake::keep_decisions() {
  Decisions mine;
  {
    const std::lock_guard lock(mutex_);
    mine.swap(decisions_);
  }
  if (mine.empty()) return {};
  state::LedgerBatch batch;
  for (const auto& [key, count] : mine) batch.decisions.push_back(to_ledger(key, count));
  const auto kept = ledger_.commit(batch);
  note_failure(kept ? Result<void>() : Result<void>(fail(kept.error())));
  if (kept) return {};
  const std::lock_guard lock(mutex_);
  for (const auto& [key, count] : mine) decisions_[key] += count;
  return fail(kept.error());
}

Result<void> Intake::tend_ledger() {
  // Nobody who takes the outcomes out of a policy for a while shall lose what they came to.
  if (catalogue_->routes().empty()) return {};
  const WallTime now = clock_.wall_now();
  const WallTime too_old = now - catalogue_->longest_window() - kGrace;
  for (int round = 0; round < kExpireRounds; ++round) {
    const auto gone = ledger_.expire(ms_since_1970(too_old), kExpireAtOnce);
    if (!gone) return fail(gone.error());
    if (*gone < kExpireAtOnce) break;
  }
  std::map<std::uint64_t, std::uint64_t> windows;
  {
    const std::lock_guard lock(mutex_);
    health_.reports = ledger_.size();
    windows = windows_;
    for (const auto& [route, window] : windows) {
      const KnownRoute* const known = catalogue_->find(route);
      if (known != nullptr) tallies_.forget(route, window, now - known->longest_window - kGrace);
    }
  }
  if (!is_folding_ && clock_.now() - folded_ < kFoldPeriod) return {};
  folded_ = clock_.now();
  is_folding_ = false;
  for (const auto& [route, window] : windows) {
    const auto more = ledger_.fold(route, window, ms_since_1970(too_old));
    if (!more) return fail(more.error());
    is_folding_ = is_folding_ || *more;
  }
  return {};
}

Result<void> Intake::tend_keys() {
  auto known = ledger_.keys();
  if (!known) return fail(known.error());
  auto next = next_keys(*known, clock_.wall_now());
  if (!next) return fail(next.error());
  if (!*next) return {};
  if (auto kept = ledger_.keep_keys(**next); !kept) return kept;
  std::shared_ptr<const TokenKeys> keys = to_token_keys(**next);
  {
    const std::lock_guard lock(mutex_);
    keys_ = keys;
  }
  log::info("decision tokens are signed with another key", {{"key", keys->signing_id()}});
  if (on_keys_) on_keys_(std::move(keys));
  return {};
}

}  // namespace sluice::outcomes
