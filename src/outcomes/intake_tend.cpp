// What the intake does beside its posts: decisions are kept, old reports added up, keys replaced.
#include <algorithm>
#include <chrono>
#include <set>
#include <utility>
#include <vector>

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

/// What a new policy says counts from the next post on.
void Intake::take_routes() {
  std::shared_ptr<const Catalogue> wanted = tried_ = this->wanted();
  bool is_all = false;
  {
    const std::lock_guard lock(mutex_);
    is_all = std::exchange(went_back_, false);
  }
  if (wanted == catalogue_ && !is_all) return;
  // What cannot be added up cannot be judged by either: the old policy holds until the ledger can be read.
  const Result<void> read = reread(wanted, is_all);
  if (!read) note_failure(read);
  if (!read && is_all) {
    const std::lock_guard lock(mutex_);
    went_back_ = true;
  }
  if (read) catalogue_ = std::move(wanted);
}

/// Adds up anew what the ledger holds of the routes that count otherwise than before, beside what is shown meanwhile.
Result<void> Intake::reread(const std::shared_ptr<const Catalogue>& catalogue, bool is_all) {
  std::set<std::uint64_t> changed;
  std::set<std::uint64_t> same;
  std::size_t room = options_.most_units;
  for (const KnownRoute& route : catalogue->routes()) {
    const bool is_same = !is_all && catalogue->counts_like(*catalogue_, route.hash);
    (is_same ? same : changed).insert(route.hash);
    const std::lock_guard lock(mutex_);
    if (is_same) room -= std::min(room, tallies_.units_of(route.hash));
  }
  Tallies fresh(catalogue, room);
  // Of a route that is quite new the ledger has nothing.
  const auto is_stored = [&](std::uint64_t route) { return stored_.contains(route); };
  if (!has_read_ || is_all || std::any_of(changed.begin(), changed.end(), is_stored)) {
    if (auto kept = keep_decisions(); !kept) return kept;
    if (auto read = read_into(fresh, changed); !read) return read;
    has_read_ = true;
  }
  stored_.insert(changed.begin(), changed.end());
  const std::lock_guard lock(mutex_);
  for (const auto& [key, count] : decisions_) {
    if (changed.contains(std::get<0>(key))) fresh.add(to_ledger(key, count));
  }
  for (const std::uint64_t route : same) fresh.take(tallies_, route);
  for (const auto& [route, window] : windows_) fresh.set_current(route, window);
  tallies_ = std::move(fresh);
  counts_.follow(*catalogue);
  return {};
}

/// Of windows that are over and of which nothing is to be reported any more, nothing is added up.
Result<void> Intake::read_into(Tallies& fresh, const std::set<std::uint64_t>& routes) {
  std::map<std::uint64_t, std::uint64_t> current;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::int64_t> newest;
  std::vector<state::LedgerDecisions> decisions;
  const auto hear_decisions = [&](const state::LedgerDecisions& one) {
    stored_.insert(one.route);
    if (!routes.contains(one.route)) return;
    std::uint64_t& window = current[one.route];
    window = std::max(window, one.window);
    std::int64_t& at = newest[{one.route, one.window}];
    at = std::max(at, one.at_ms);
    decisions.push_back(one);
  };
  if (auto read = ledger_.read({hear_decisions, {}, {}}); !read) return read;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [route, window] : windows_) current[route] = window;
  }
  for (const auto& [route, window] : current) fresh.set_current(route, window);
  const std::int64_t too_old = ms_since_1970(clock_.wall_now() - wanted()->longest_window() - kGrace);
  const auto counts = [&](std::uint64_t route, std::uint64_t window) {
    const auto in_force = current.find(route);
    if (in_force == current.end() || window >= in_force->second) return routes.contains(route);
    const auto last = newest.find({route, window});
    return last != newest.end() && last->second >= too_old;
  };
  const auto hear = [&](const auto& one) {
    stored_.insert(one.route);
    if (counts(one.route, one.window)) fresh.add(one);
  };
  // What a clock that was ahead has dated, happened by now.
  const std::int64_t now = ms_since_1970(clock_.wall_now());
  for (state::LedgerDecisions& one : decisions) {
    one.at_ms = std::min(one.at_ms, now);
    hear(one);
  }
  return ledger_.read({{}, hear, [&](state::LedgerReport report) {
                         report.decided_ms = std::min(report.decided_ms, now);
                         hear(report);
                       }});
}

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
  WallTime now;
  {
    const std::lock_guard lock(mutex_);
    now = moment();
  }
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
