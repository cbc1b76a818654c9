#include "sluice/app/rollout_service.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <variant>

#include "sluice/app/compile.hpp"
#include "sluice/app/errand_names.hpp"
#include "sluice/base/log.hpp"

namespace sluice::app {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// How often the world is looked at: half of what a person notices.
constexpr Duration kPeriod = milliseconds(250);
constexpr Duration kMetricsPeriod = seconds(1);
/// For people and for reloads: a store that hangs must not hang them too.
constexpr Duration kPatience = seconds(10);
constexpr Duration kReloadPatience = seconds(60);
/// What the names of records of references begin with; all others are the controller's.
constexpr const char* kDriftRecords = "drift/";

http::Fetcher::Options fetcher_options(gateway::Gateway& gateway) {
  http::Fetcher::Options options;
  options.resolve = resolve_with(gateway.names());
  return options;
}

Result<std::unique_ptr<state::Store>> make_store(const policy::State& where) {
  if (const auto* sqlite = std::get_if<policy::SqliteState>(&where)) {
    return state::make_sqlite_store({sqlite->path});
  }
  return state::make_memory_store();
}

}  // namespace

RolloutService::RolloutService(gateway::Gateway& gateway, metrics::Registry& registry, const Clock& clock,
                               OnEvent on_event, std::size_t compare_bytes)
    : registry_(registry),
      clock_(clock),
      on_event_(std::move(on_event)),
      gateway_(gateway),
      traffic_(gateway),
      kpis_(gateway),
      observations_(registry.workers()),
      drift_(clock),
      evaluation_(std::make_shared<EvaluationService>(registry.workers(), clock, drift_, compare_bytes)),
      outcomes_(clock),
      reported_(kpis_, outcomes_),
      learned_(reported_, learner_, clock),
      evidence_(learned_, *evaluation_),
      fetcher_(fetcher_options(gateway)),
      errands_(fetcher_, clock) {}

RolloutService::~RolloutService() {
  stop();
  outcomes_.close();
  evaluation_->stop();
}

Result<void> RolloutService::open(const policy::State& where, const std::optional<policy::DecisionLog>& log) {
  if (log) {
    if (auto opened = decision_log_.open(*log, registry_.workers()); !opened) return opened;
    gateway_.set_decision_log(decision_log_.logger());
  }
  auto store = make_store(where);
  if (!store) return fail(store.error());
  store_ = std::make_unique<SharedStore>(std::move(*store), kDriftRecords);
  drift_.open(*store_);
  if (auto opened = outcomes_.open(where); !opened) return opened;
  gateway_.set_door(outcomes_.door());
  outcomes_.set_observations(&observations_);
  outcomes_.add_observation_sink(&learner_);
  outcomes_.add_observation_sink(&drift_);
  gateway_.set_observations(&observations_);
  gateway_.set_pair_sink(evaluation_->sink());
  controller_ = std::make_unique<rollout::Controller>(rollout::Parts{
      *store_, traffic_, evidence_, errands_, [this](const state::JournalEntry& entry) { on_entry(entry); }});
  return controller_->restore(clock_.wall_now());
}

void RolloutService::start() {
  running_ = true;
  const auto on_report = [this, log = decision_log_.logger()](const outcomes::Decision& decision,
                                                              std::string_view outcome, double value, WallTime now) {
    learner_.note_report(decision, outcome, value);
    evaluation_->note_outcome(decision, outcome, value);
    if (log != nullptr && decision.split) log->report(decision, outcome, value, now);
  };
  outcomes_.start(on_report, [this](std::shared_ptr<const outcomes::TokenKeys> keys) {
    // One that does not run is told with its next policy.
    static_cast<void>(gateway_.use_keys(std::move(keys)));
  });
  evaluation_->start();
  thread_.start(kPeriod, [this] { tick(); });
}

void RolloutService::stop() {
  thread_.stop();
  if (std::exchange(running_, false)) remember(controller_->views(clock_.wall_now()));
  fetcher_.stop();
}

void RolloutService::close_door() {
  if (!opened_) return;
  // What was decided since the last look is a denominator too.
  static_cast<void>(evidence_.gather());
  outcomes_.close();
}

Result<void> RolloutService::put_in_force(const policy::PolicySet& set, std::uint64_t generation,
                                          const Publish& publish) {
  if (!running_) return put_in_force_here(set, generation, publish, [] { return true; });
  // Its turn may come when nobody waits for it any more: it owns all it needs, and then changes nothing.
  auto mine = std::make_shared<const policy::PolicySet>(set);
  auto done = thread_.ask_or_withdraw(
      [this, mine, generation, publish](const ControlThread::StillWanted& still_wanted) {
        return put_in_force_here(*mine, generation, publish, still_wanted);
      },
      kReloadPatience);
  if (!done) return fail(Error::internal("rollouts do not answer; the old policy stays in force"));
  return *done;
}

Result<void> RolloutService::put_in_force_here(const policy::PolicySet& set, std::uint64_t generation,
                                               const Publish& publish, const ControlThread::StillWanted& still_wanted) {
  const WallTime now = clock_.wall_now();
  auto prepared = controller_->prepare(set.routes, generation, now);
  if (!prepared) return fail(prepared.error());
  auto config = compile(set, prepared->steerings);
  if (!config) return fail(Error::client(config.error().message));
  config->policy_generation = static_cast<std::uint32_t>(generation);
  config->keys = outcomes_.keys();
  if (!still_wanted()) return fail(Error::internal("it took too long, and was given up"));
  // Before the first request that is told, and the first record that names a new version.
  if (std::any_of(config->routes.begin(), config->routes.end(), [](const auto& route) { return route.observed; })) {
    observations_.open();
  }
  decision_log_.expect(set.routes);
  if (auto published = publish(std::move(*config)); !published) return published;
  decision_log_.settle();
  kpis_.set_routes(set.routes);
  learner_.set_routes(set.routes);
  drift_.set_routes(set.routes, prepared->states);
  evaluation_->set_routes(set.routes);
  if (auto counted = outcomes_.set_routes(set.routes); !counted) return counted;
  opened_ = true;
  if (auto adopted = controller_->adopt(std::move(*prepared), now); !adopted) {
    // The policy is in force all the same; the controller tries again with every tick.
    log::error("rollouts could not be kept", {{"error", adopted.error().message}});
  }
  // A first step that waits for nothing is there before anybody is told that the policy is in force.
  controller_->tick(now);
  show_metrics();
  return {};
}

void RolloutService::tick() {
  controller_->tick(clock_.wall_now());
  if (told_ || clock_.now() - shown_ >= kMetricsPeriod) show_metrics();
}

void RolloutService::show_metrics() {
  shown_ = clock_.now();
  told_ = false;
  auto views = controller_->views(clock_.wall_now());
  registry_.set_rollouts(counted_.update(views));
  metrics::OutcomesSnapshot outcomes = outcomes_.metrics();
  outcomes.decision_log_lost = decision_log_.lost();
  registry_.set_outcomes(std::move(outcomes));
  registry_.set_comparisons(evaluation_->metrics());
  remember(std::move(views));
  metrics::StateHealth health;
  health.up = controller_->store_is_up();
  const outcomes::IntakeHealth intake = outcomes_.health();
  health.degraded = !health.up || !controller_->damage().empty() || intake.failing || intake.is_full();
  registry_.set_state(health);
}

void RolloutService::remember(std::vector<rollout::RolloutView> views) {
  auto made = std::make_shared<const std::vector<rollout::RolloutView>>(std::move(views));
  const std::lock_guard lock(last_mutex_);
  last_.swap(made);
}

std::shared_ptr<const std::vector<rollout::RolloutView>> RolloutService::recent_views() const {
  const std::lock_guard lock(last_mutex_);
  return last_;
}

/// Why a route's rollout is where it is, now.
std::string RolloutService::reason_of(const std::string& route) const {
  for (const rollout::RolloutView& view : controller_->views(clock_.wall_now())) {
    if (view.route == route) return view.reason;
  }
  return {};
}

void RolloutService::on_entry(const state::JournalEntry& entry) {
  told_ = true;
  counted_.on_entry(entry, RolloutMetrics::wants_reason(entry) ? reason_of(entry.route) : std::string());
  on_event_(entry);
}

std::vector<rollout::RolloutView> RolloutService::views() {
  auto views = thread_.ask([this] { return controller_->views(clock_.wall_now()); }, kPatience);
  if (views) return std::move(*views);
  return *recent_views();
}

Result<rollout::RolloutView, admin::Refusal> RolloutService::command(const std::string& route,
                                                                     const strategy::Command& command) {
  using Done = Result<rollout::RolloutView, rollout::Controller::Refusal>;
  auto done = thread_.ask(
      [this, route, command]() -> Done { return controller_->command(route, command, clock_.wall_now()); }, kPatience);
  if (!done) return fail(admin::Refusal{503, "rollouts do not answer, or this gateway is ending"});
  if (!*done) return fail(admin::Refusal{done->error().unknown_route ? 404U : 409U, done->error().reason});
  return std::move(**done);
}

Result<std::vector<state::JournalEntry>> RolloutService::journal(const state::JournalQuery& query) const {
  return store_->journal(query);
}

}  // namespace sluice::app
