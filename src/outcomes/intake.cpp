#include "sluice/outcomes/intake.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

#include "sluice/base/log.hpp"
#include "sluice/outcomes/judge.hpp"
#include "sluice/outcomes/key_ring.hpp"
#include "sluice/outcomes/report.hpp"
#include "sluice/outcomes/verdict.hpp"

namespace sluice::outcomes {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kTendPeriod = seconds(1);
/// Decisions are kept by moments, as fine as the shortest outcome of a route needs, and not too many for the longest.
constexpr int kMomentsInShortest = 32;
constexpr int kMomentsInLongest = 4096;
/// Further than this no clock is put right by the way.
constexpr Duration kLeap = std::chrono::minutes(1);
/// A machine that has not heard the time yet is in 1970.
constexpr WallTime kClockIsSet = WallTime(std::chrono::hours(24 * 365 * 30));
constexpr unsigned kRetrySoon = 1;
constexpr unsigned kRetryFailed = 5;
std::int64_t since_1970(WallTime time) {
  return duration_cast<milliseconds>(time.time_since_epoch()).count();
}

std::int64_t moment_of(const KnownRoute& route) {
  Duration shortest = route.longest_window;
  for (const KnownOutcome& outcome : route.outcomes) shortest = std::min(shortest, outcome.window);
  const Duration moment = std::max<Duration>(shortest / kMomentsInShortest, route.longest_window / kMomentsInLongest);
  return std::max<std::int64_t>(duration_cast<milliseconds>(moment).count(), 1000);
}

}  // namespace

struct Intake::Open {
  std::function<void(Answer)> done;
  Judged judged;
  Answer answer;
  WallTime arrived{};
};

Intake::Intake(state::Ledger& ledger, const Clock& clock) : Intake(ledger, clock, Options()) {}

Intake::Intake(state::Ledger& ledger, const Clock& clock, Options options)
    : ledger_(ledger),
      clock_(clock),
      options_(options),
      catalogue_(std::make_shared<const Catalogue>()),
      tried_(catalogue_),
      wanted_(catalogue_),
      tallies_(catalogue_, options.most_units) {}

Intake::~Intake() {
  close();
}

Result<void> Intake::open() {
  auto known = ledger_.keys();
  if (!known) return fail(known.error());
  auto next = next_keys(*known, clock_.wall_now());
  if (!next) return fail(next.error());
  if (*next) {
    if (auto kept = ledger_.keep_keys(**next); !kept) return kept;
    known = std::move(**next);
  }
  keys_ = to_token_keys(*known);
  health_.reports = ledger_.size();
  health_.capacity = ledger_.capacity();
  return {};
}

std::shared_ptr<const TokenKeys> Intake::keys() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

Result<void> Intake::set_routes(const std::vector<policy::ModelRoute>& routes) {
  auto catalogue = std::make_shared<const Catalogue>(routes);
  {
    const std::lock_guard lock(door_mutex_);
    wanted_ = catalogue;
    if (thread_.joinable()) {
      wake_.notify_one();
      return {};
    }
  }
  if (auto read = reread(catalogue); !read) return read;
  catalogue_ = tried_ = std::move(catalogue);
  return {};
}

void Intake::start(OnReport on_report, OnKeys on_keys) {
  on_report_ = std::move(on_report);
  on_keys_ = std::move(on_keys);
  tended_ = clock_.now();
  const std::lock_guard lock(door_mutex_);
  running_ = true;
  thread_ = std::thread([this] { run(); });
}

void Intake::close() {
  {
    const std::lock_guard lock(door_mutex_);
    running_ = false;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Intake::submit(Post post, std::function<void(Answer)> done) {
  Answer refusal;
  {
    const std::lock_guard lock(door_mutex_);
    if (!running_) {
      refusal = error_answer(503, "this gateway is ending, or has just begun", kRetrySoon);
    } else if (wanted_->routes().empty()) {
      refusal = error_answer(404, "no route has outcomes that are reported");
    } else if (queue_.size() >= options_.posts || queued_bytes_ + post.body.size() > options_.bytes) {
      ++turned_away_;
      refusal = error_answer(503, "more is reported than can be kept at the moment", kRetrySoon);
    } else {
      queued_bytes_ += post.body.size();
      queue_.push_back({std::move(post), std::move(done), clock_.wall_now()});
    }
  }
  if (done) return done(std::move(refusal));
  wake_.notify_one();
}

// --- the control thread's ---

/// One look at a clock that is ahead would make everything old: a leap is believed once it has lasted.
WallTime Intake::moment() {
  const TimePoint now = clock_.now();
  const WallTime wall = clock_.wall_now();
  const WallTime expected = latest_ + duration_cast<WallTime::duration>(now - latest_at_);
  if (latest_ >= kClockIsSet && wall > expected + kLeap) {
    if (ahead_since_ == TimePoint()) ahead_since_ = now;
    if (now - ahead_since_ < kLeap) return expected;
  }
  ahead_since_ = TimePoint();
  // What was noted too late meanwhile is put right by adding up anew.
  if (wall < latest_ - kLeap) went_back_ = true;
  latest_ = wall;
  latest_at_ = now;
  return wall;
}

void Intake::note_decisions(std::string_view route, std::string_view version, std::uint64_t window,
                            std::uint64_t count) {
  const std::shared_ptr<const Catalogue> policy = wanted();
  const KnownRoute* const known = policy->find(route);
  if (known == nullptr) return;
  const std::lock_guard lock(mutex_);
  windows_[known->hash] = window;
  tallies_.set_current(known->hash, window);
  const WallTime now = moment();
  Decisions made;
  if (now >= kClockIsSet) made.swap(undated_);
  Decisions& to = now >= kClockIsSet ? made : undated_;
  if (count != 0) to[{known->hash, window, name_hash(version), 0}] += count;
  for (const auto& [undated, decisions] : made) {
    DecisionKey key = undated;
    const KnownRoute* const its = policy->find(std::get<0>(key));
    if (its == nullptr) continue;
    std::get<3>(key) = since_1970(now);
    tallies_.add(to_ledger(key, decisions));
    std::get<3>(key) -= since_1970(now) % moment_of(*its);
    decisions_[key] += decisions;
  }
}

std::vector<OutcomeTally> Intake::evidence(std::string_view route, std::string_view version, std::uint64_t window) {
  const std::lock_guard lock(mutex_);
  return tallies_.of(name_hash(route), window, name_hash(version), clock_.wall_now());
}

IntakeCounts Intake::counts() const {
  IntakeCounts counts;
  {
    const std::lock_guard lock(mutex_);
    counts = counts_;
  }
  counts.follow(*wanted());
  const std::lock_guard lock(door_mutex_);
  counts.turned_away = turned_away_;
  return counts;
}

std::shared_ptr<const Catalogue> Intake::wanted() const {
  const std::lock_guard lock(door_mutex_);
  return wanted_;
}

IntakeHealth Intake::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

// --- the thread ---

void Intake::run() {
  ::pthread_setname_np(::pthread_self(), "sluice-outcomes");
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::unique_lock lock(door_mutex_);
  while (true) {
    wake_.wait_for(lock, kTendPeriod, [this] { return !running_ || !queue_.empty() || wanted_ != tried_; });
    std::vector<Waiting> posts;
    for (std::size_t bytes = 0; !queue_.empty() && bytes < options_.batch_bytes;) {
      bytes += queue_.front().post.body.size();
      posts.push_back(std::move(queue_.front()));
      queue_.pop_front();
      queued_bytes_ -= posts.back().post.body.size();
    }
    const bool ends = !running_ && queue_.empty();
    lock.unlock();
    take_routes();
    if (!posts.empty()) work(std::move(posts));
    if (ends) break;
    if (clock_.now() - tended_ >= kTendPeriod) tend();
    lock.lock();
  }
  static_cast<void>(keep_decisions());
}

void Intake::work(std::vector<Waiting> posts) {
  std::vector<Open> open;
  const std::shared_ptr<const TokenKeys> keys = this->keys();
  for (Waiting& waiting : posts) {
    Open& one = open.emplace_back();
    one.done = std::move(waiting.done);
    one.arrived = waiting.arrived;
    const auto items = read_reports(std::move(waiting.post.body), waiting.post.content_type);
    if (!items) {
      one.judged.refused.push_back({nullptr, Refusal::Malformed});
      one.answer = error_answer(400, items.error().message);
      continue;
    }
    one.judged = judge(*items, *keys, *catalogue_, waiting.arrived);
  }
  const Result<void> kept = keep(open);
  for (Open& one : open) {
    const bool answered = !one.answer.body.empty();
    if (!kept && !answered && !one.judged.reports.empty()) {
      one.answer = error_answer(503, kept.error().message, kRetryFailed);
    } else if (!answered) {
      one.answer = to_answer(one.judged.verdict);
    }
    one.done(std::move(one.answer));
  }
}

/// All posts at once: the ledger, then the sums.
Result<void> Intake::keep(std::vector<Open>& open) {
  state::LedgerBatch batch;
  for (const Open& one : open) {
    for (const JudgedReport& judged : one.judged.reports) batch.reports.push_back(judged.report);
  }
  auto taken = ledger_.commit(batch);
  if (!batch.is_empty()) note_failure(taken ? Result<void>() : Result<void>(fail(taken.error())));
  if (!taken) {
    add_up(open, {});
    return fail(taken.error());
  }
  bool is_full = false;
  std::size_t at = 0;
  for (Open& one : open) {
    for (const JudgedReport& judged : one.judged.reports) {
      Verdict& verdict = one.judged.verdict;
      switch ((*taken)[at++]) {
        case state::Ledger::Taken::New:
          ++verdict.accepted;
          verdict.not_split += judged.report.split ? 0 : 1;
          break;
        case state::Ledger::Taken::Duplicate:
          ++verdict.duplicates;
          break;
        case state::Ledger::Taken::Full:
          one.judged.refused.push_back({judged.route, Refusal::Full});
          verdict.reject({judged.index, judged.outcome->name, Refusal::Full, "the ledger is full"});
          is_full = true;
          break;
        case state::Ledger::Taken::Expired:
          one.judged.refused.push_back({judged.route, Refusal::Expired});
          verdict.reject({judged.index, judged.outcome->name, Refusal::Expired, "it was added up already"});
          break;
      }
    }
  }
  if (is_full) {
    static constinit log::Site full(1);
    log::warn(full, "the ledger of outcomes is full", {{"reports", ledger_.size()}});
  }
  add_up(open, *taken);
  return {};
}

/// `taken` is empty when nothing was kept.
void Intake::add_up(const std::vector<Open>& open, const std::vector<state::Ledger::Taken>& taken) {
  std::size_t at = 0;
  std::unique_lock lock(mutex_);
  const auto route_of = [&](const KnownRoute* known) -> IntakeCounts::Route* {
    if (known == nullptr) return nullptr;
    return &counts_.routes[static_cast<std::size_t>(known - catalogue_->routes().data())];
  };
  for (const Open& one : open) {
    for (const RefusedReport& refused : one.judged.refused) {
      IntakeCounts::Route* const route = route_of(refused.route);
      ++(route != nullptr ? route->refused : counts_.refused)[static_cast<std::size_t>(refused.refusal)];
    }
    if (taken.empty()) continue;
    for (const JudgedReport& judged : one.judged.reports) {
      const state::Ledger::Taken fate = taken[at++];
      counts_.duplicates += fate == state::Ledger::Taken::Duplicate ? 1 : 0;
      if (fate != state::Ledger::Taken::New) continue;
      // A token of a clock that is ahead would make older decisions complete.
      state::LedgerReport report = judged.report;
      report.decided_ms = std::min(report.decided_ms, since_1970(one.arrived));
      tallies_.add(report);
      const auto outcome = static_cast<std::size_t>(judged.outcome - judged.route->outcomes.data());
      IntakeCounts::Outcome& counted = route_of(judged.route)->versions[judged.version].outcomes[outcome];
      ++counted.reports;
      counted.value += judged.report.value;
      counted.delays.record(milliseconds(judged.report.delay_ms));
    }
  }
  health_.reports = ledger_.size();
  lock.unlock();
  if (!on_report_ || taken.empty()) return;
  at = 0;
  for (const Open& one : open) {
    for (const JudgedReport& judged : one.judged.reports) {
      if (taken[at++] != state::Ledger::Taken::New) continue;
      on_report_(judged.decision, judged.outcome->name, judged.report.value, one.arrived);
    }
  }
}

void Intake::note_failure(const Result<void>& done) {
  bool is_news = false;
  {
    const std::lock_guard lock(mutex_);
    is_news = health_.failing == done.ok();
    health_.failing = !done.ok();
    health_.problem = done ? std::string() : done.error().message;
  }
  if (!done) {
    static constinit log::Site failed(1);
    log::error(failed, "outcomes cannot be kept", {{"error", done.error().message}});
  } else if (is_news) {
    log::info("outcomes are kept again");
  }
}

state::LedgerDecisions Intake::to_ledger(const DecisionKey& key, std::uint64_t count) {
  return {std::get<0>(key), std::get<1>(key), std::get<2>(key), std::get<3>(key), count};
}

}  // namespace sluice::outcomes
