#include "sluice/compare/evaluation.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "route_state.hpp"
#include "sluice/base/log.hpp"
#include "sluice/compare/pair_lanes.hpp"
#include "sluice/compare/redaction.hpp"
#include "sluice/compare/route_rules.hpp"

namespace sluice::compare {
namespace {

constexpr int niceness = 10;

/// Processor time of the calling thread.
std::chrono::nanoseconds thread_time() noexcept {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

bool is_counted(const AnswerPair& pair) noexcept {
  return pair.live_answer->counted && pair.other_answer.counted;
}

/// What is counted of one version for the metrics.
struct Counted {
  PairCounts counts;
  std::uint64_t last_in = 0;  // number of the last policy that had it
};

bool both_answered(const AnswerPair& pair) noexcept {
  return !pair.live_answer->failed() && !pair.other_answer.failed();
}

}  // namespace

struct Evaluation::Impl {
  Impl(std::size_t workers, const Clock& time, std::size_t memory_bytes)
      : clock(time), memory(memory_bytes), lanes(workers, kQueue, memory) {}

  void run();
  bool pass();
  void compare(const AnswerPair& pair);
  std::shared_ptr<const RouteRules> rules_for(const AnswerPair& pair);
  RouteState* state_of(const AnswerPair& pair, const std::shared_ptr<const RouteRules>& rules);
  std::optional<double> add(const AnswerPair& pair, const RouteRules& rules, const Comparison& comparison,
                            RouteState& state);
  void keep(const AnswerPair& pair, const std::shared_ptr<const RouteRules>& rules, Comparison comparison,
            double severity);
  PairCounts& counts_of(const RouteRules& rules, std::uint32_t version);
  void forget_old_versions();
  RouteState* find(std::uint64_t route);

  const Clock& clock;
  Memory memory;  // outlives the pairs in the lanes
  PairLanes lanes;

  // Of the comparing thread.
  Comparer comparer;
  Redactor redactor;
  std::vector<std::unique_ptr<AnswerPair>> batch;

  std::atomic<std::int64_t> busy{0};  // nanoseconds
  std::mutex mutex;                   // over what follows; never held while answers are compared
  std::size_t room = kDecisions;
  std::map<std::uint64_t, RouteState> routes;
  std::map<std::pair<std::string, std::string>, Counted> versions;  // by route and version, also of policies before
  std::uint64_t policy = 0;                                         // how many there were
  std::uint64_t lost_memory = 0;
  std::uint64_t lost_over = 0;
  std::uint64_t lost_replay = 0;  // of routes that are gone

  std::mutex control;  // over the thread
  std::thread thread;
};

void Evaluation::Impl::run() {
  ::pthread_setname_np(::pthread_self(), "sluice-compare");
  // Linux knows niceness by thread. Without the right to change it, or elsewhere, it runs like any other.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);
  while (!lanes.is_closed()) {
    bool found = false;
    while (!lanes.is_closed() && pass()) found = true;
    lanes.wait(found);
  }
}

/// A few pairs of each worker; false when there were none.
bool Evaluation::Impl::pass() {
  const auto before = thread_time();
  const bool found = lanes.take(batch);
  for (std::unique_ptr<AnswerPair>& pair : batch) {
    try {
      compare(*pair);
    } catch (const std::exception& problem) {
      static constinit log::Site site;
      log::warn(site, "a pair of answers could not be compared", {{"error", problem.what()}});
    }
    pair.reset();  // its memory is there for others while the next ones are compared
  }
  batch.clear();
  busy.fetch_add((thread_time() - before).count(), std::memory_order_relaxed);
  return found;
}

RouteState* Evaluation::Impl::find(std::uint64_t route) {
  const auto found = routes.find(route);
  return found == routes.end() ? nullptr : &found->second;
}

std::shared_ptr<const RouteRules> Evaluation::Impl::rules_for(const AnswerPair& pair) {
  const std::lock_guard lock(mutex);
  const RouteState* const state = find(pair.route);
  if (state != nullptr && pair.live_answer && state->takes(pair)) return state->rules();
  ++lost_over;
  return nullptr;
}

/// With the mutex held: null when the policy changed while the pair was compared.
RouteState* Evaluation::Impl::state_of(const AnswerPair& pair, const std::shared_ptr<const RouteRules>& rules) {
  RouteState* const state = find(pair.route);
  if (state != nullptr && state->rules() == rules && state->takes(pair)) return state;
  ++lost_over;
  return nullptr;
}

void Evaluation::Impl::compare(const AnswerPair& pair) {
  const auto rules = rules_for(pair);
  if (rules == nullptr || !is_counted(pair)) return;
  Comparison comparison = comparer.compare(rules->how(), *pair.live_answer, pair.other_answer);
  std::optional<double> wanted;
  {
    const std::lock_guard lock(mutex);
    RouteState* const state = state_of(pair, rules);
    if (state == nullptr) return;
    wanted = add(pair, *rules, comparison, *state);
  }
  if (wanted) keep(pair, rules, std::move(comparison), *wanted);
}

/// With the mutex held. How bad this pair is, where people shall see it.
std::optional<double> Evaluation::Impl::add(const AnswerPair& pair, const RouteRules& rules,
                                            const Comparison& comparison, RouteState& state) {
  if (pair.live_answer->out_of_memory || pair.other_answer.out_of_memory) ++lost_memory;
  if (pair.kind == PairKind::Twin) {
    state.add_twin(pair, comparison);
    return std::nullopt;
  }
  const WallTime now = clock.wall_now();
  const CandidateSums::Added added = state.add(pair, comparison, now);
  const NoiseFloor* const noise = state.noise_of(pair);
  if (noise != nullptr && both_answered(pair)) {
    counts_of(rules, pair.other).add(comparison, pair.segment, *noise, rules.hidden());
  }
  return added.disagrees ? state.wants(pair, comparison, now) : std::nullopt;
}

/// Bodies are made ready without the mutex, for a large one takes a millisecond.
void Evaluation::Impl::keep(const AnswerPair& pair, const std::shared_ptr<const RouteRules>& rules,
                            Comparison comparison, double severity) {
  const policy::KeepPairs& how = *rules->keep();
  const auto most = static_cast<std::size_t>(how.bytes.count);
  KeptPair kept;
  kept.version = rules->versions()[pair.other];
  if (pair.segment > 0) kept.segment = rules->segments()[pair.segment - 1];
  kept.request_id = pair.request_id;
  kept.at = pair.at;
  kept.severity = severity;
  kept.differences = std::move(comparison.differences);
  kept.live_status = pair.live_answer->status;
  kept.other_status = pair.other_answer.status;
  kept.live_latency = pair.live_answer->latency;
  kept.other_latency = pair.other_answer.latency;
  kept.live_body = redactor.show(*pair.live_answer, how.redact, most);
  kept.other_body = redactor.show(pair.other_answer, how.redact, most);
  const WallTime now = clock.wall_now();
  const std::lock_guard lock(mutex);
  RouteState* const state = find(pair.route);
  if (state != nullptr && state->rules() == rules) state->keep(pair.other, std::move(kept), now);
}

PairCounts& Evaluation::Impl::counts_of(const RouteRules& rules, std::uint32_t version) {
  const std::string& name = rules.versions()[version];
  const auto found = versions.try_emplace({rules.name(), name}, Counted{PairCounts(rules.name(), name)}).first;
  found->second.counts.set_segments(rules.segments().size());
  return found->second.counts;
}

/// Counters never go back while it matters: a policy that is taken back finds those of the one before. But a new
/// version with every release must not fill the process.
void Evaluation::Impl::forget_old_versions() {
  ++policy;
  std::vector<std::pair<std::uint64_t, std::pair<std::string, std::string>>> gone;
  for (auto& [names, counted] : versions) {
    const RouteState* const state = find(route_hash(names.first));
    if (state != nullptr && state->rules()->place_of(names.second)) {
      counted.last_in = policy;
    } else {
      gone.emplace_back(counted.last_in, names);
    }
  }
  if (gone.size() <= kGoneVersions) return;
  std::sort(gone.begin(), gone.end());
  for (std::size_t i = 0; i + kGoneVersions < gone.size(); ++i) versions.erase(gone[i].second);
}

Evaluation::Evaluation(std::size_t workers, const Clock& clock, std::size_t memory_bytes)
    : impl_(std::make_unique<Impl>(workers, clock, memory_bytes)) {}

Evaluation::~Evaluation() {
  stop();
}

void Evaluation::set_routes(const std::vector<policy::ModelRoute>& routes) {
  RouteTable table = route_table(routes);
  const std::lock_guard lock(impl_->mutex);
  for (auto it = impl_->routes.begin(); it != impl_->routes.end();) {
    if (table.count(it->first) > 0) {
      ++it;
      continue;
    }
    impl_->lost_replay += it->second.lost_decisions();
    it = impl_->routes.erase(it);
  }
  for (auto& [hash, rules] : table) {
    for (const std::uint32_t candidate : rules->candidates()) impl_->counts_of(*rules, candidate);
    const auto known = impl_->routes.find(hash);
    if (known != impl_->routes.end()) {
      known->second.set_rules(std::move(rules));
    } else {
      impl_->routes.try_emplace(hash, std::move(rules), impl_->room);
    }
  }
  impl_->forget_old_versions();
}

void Evaluation::set_current(std::string_view route, std::uint64_t window) {
  const WallTime now = impl_->clock.wall_now();
  const std::lock_guard lock(impl_->mutex);
  RouteState* const state = impl_->find(route_hash(route));
  if (state == nullptr) return;
  state->set_current(window);
  state->expire(now);
}

void Evaluation::start() {
  const std::lock_guard lock(impl_->control);
  if (impl_->thread.joinable() || impl_->lanes.is_closed()) return;
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

void Evaluation::stop() {
  const std::lock_guard lock(impl_->control);
  impl_->lanes.close();
  if (impl_->thread.joinable()) impl_->thread.join();
  impl_->lanes.drop();
}

void Evaluation::note(std::size_t worker, std::unique_ptr<AnswerPair> pair) noexcept {
  impl_->lanes.note(worker, std::move(pair));
}

Memory& Evaluation::memory() noexcept {
  return impl_->memory;
}

void Evaluation::run_now() {
  while (impl_->pass()) {
  }
}

std::shared_ptr<const Findings> Evaluation::findings(std::string_view route, std::string_view version,
                                                     std::uint64_t window) const {
  const WallTime now = impl_->clock.wall_now();
  const std::lock_guard lock(impl_->mutex);
  RouteState* const state = impl_->find(route_hash(route));
  return state == nullptr ? nullptr : state->findings(version, window, now);
}

std::vector<CopyPrediction> Evaluation::take_predictions(std::string_view route, std::string_view version,
                                                         std::uint64_t window) {
  const std::lock_guard lock(impl_->mutex);
  RouteState* const state = impl_->find(route_hash(route));
  return state == nullptr ? std::vector<CopyPrediction>{} : state->take_predictions(version, window);
}

EvaluationCounts Evaluation::counts() const {
  EvaluationCounts made;
  made.lost_queue = impl_->lanes.lost();
  made.waiting_bytes = impl_->memory.used();
  made.busy_seconds = static_cast<double>(impl_->busy.load(std::memory_order_relaxed)) / 1e9;
  const std::lock_guard lock(impl_->mutex);
  for (const auto& [names, counted] : impl_->versions) {
    RouteState* const state = impl_->find(route_hash(names.first));
    if (state != nullptr && state->rules()->place_of(names.second)) made.versions.push_back(counted.counts.read());
  }
  made.lost_memory = impl_->lost_memory;
  made.lost_over = impl_->lost_over;
  made.lost_replay = impl_->lost_replay;
  for (const auto& [hash, state] : impl_->routes) made.lost_replay += state.lost_decisions();
  return made;
}

std::vector<KeptPair> Evaluation::kept(std::string_view route) const {
  const WallTime now = impl_->clock.wall_now();
  const std::lock_guard lock(impl_->mutex);
  RouteState* const state = impl_->find(route_hash(route));
  return state == nullptr ? std::vector<KeptPair>{} : state->kept(now);
}

void Evaluation::note_outcome(std::uint64_t route, std::uint64_t nonce, std::string_view outcome, double value) {
  const std::lock_guard lock(impl_->mutex);
  if (RouteState* const state = impl_->find(route)) state->report(nonce, outcome, value);
}

}  // namespace sluice::compare
