#include "scenarios/story.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "sluice/policy/reader.hpp"
#include "sluice/strategy/moves.hpp"

namespace sluice::scenarios {

using namespace std::chrono_literals;

/// A memory that can be told to fail, and that survives the controller.
class Story::FaultyStore final : public state::Store {
 public:
  bool fails = false;
  bool late = false;
  std::function<void(const std::string&)>* on_call = nullptr;

  Result<state::Contents> load(std::size_t journal) override { return kept_->load(journal); }
  Result<void> commit(const state::Change& change) override {
    (*on_call)("commit");
    if (fails) return fail(Error::internal("no space left on the device"));
    auto done = kept_->commit(change);
    if (late) return fail(Error::internal("the disk has not answered"));
    (*on_call)("committed");
    return done;
  }
  Result<std::vector<state::JournalEntry>> journal(const state::JournalQuery& query) const override {
    return kept_->journal(query);
  }
  std::string name() const override { return "memory"; }

 private:
  std::unique_ptr<state::Store> kept_ = state::make_memory_store();
};

Story::Story() : store_(std::make_unique<FaultyStore>()) {
  store_->on_call = &world_.on_call;
  world_.now = WallTime(std::chrono::seconds(1'767'571'200));
}

Story::~Story() = default;

state::Store& Story::store() noexcept {
  return *store_;
}

// ---- given

Story& Story::given(std::string_view yaml) {
  began_ = world_.now;
  start(yaml);
  return *this;
}

void Story::start(std::string_view yaml) {
  controller_ = std::make_unique<rollout::Controller>(rollout::Parts{*store_, world_, world_, world_});
  const auto restored = controller_->restore(world_.now);
  ASSERT_TRUE(restored) << restored.error().message;
  take(yaml);
}

void Story::take(std::string_view yaml) {
  yaml_ = yaml;
  const std::array<policy::Source, 1> sources{policy::Source{"story.yaml", yaml_}};
  auto reading = policy::read(sources);
  for (const auto& problem : reading.problems) {
    ASSERT_TRUE(reading.ok()) << policy::describe(problem);
  }
  for (const auto& problem : policy::inactive_features(reading.set)) FAIL() << problem.message;
  if (route_.empty() && !reading.set.routes.empty()) route_ = reading.set.routes.front().name;
  auto prepared = controller_->prepare(reading.set.routes, ++generation_, world_.now);
  ASSERT_TRUE(prepared) << prepared.error().message;
  world_.serve(prepared->routes, prepared->steerings);
  const auto adopted = controller_->adopt(std::move(prepared).value(), world_.now);
  if (!store_->fails) {
    ASSERT_TRUE(adopted) << adopted.error().message;
  }
}

Story& Story::given_traffic(double requests_per_second) {
  world_.rate[route_] = requests_per_second;
  return *this;
}

Story& Story::given_audience(double share) {
  world_.audience_share[route_] = share;
  return *this;
}

Story& Story::given_version(const std::string& version, Behaviour behaviour) {
  world_.behaviours[version] = behaviour;
  return *this;
}

Story& Story::given_hook(const std::string& url, HookScript::Says says) {
  world_.hooks[url].says = says;
  return *this;
}

Story& Story::given_series(const std::string& promql, double value) {
  world_.series[promql] = {strategy::QueryAnswer::State::Value, value, "", {}};
  return *this;
}

Story& Story::given_series(const std::string& promql, strategy::QueryAnswer::State state) {
  world_.series[promql] = {state, 0, "as the story wants", {}};
  return *this;
}

Story& Story::given_unready(const std::string& authority, const std::string& why) {
  world_.unready[authority] = why;
  return *this;
}

Story& Story::given_ready(const std::string& authority) {
  world_.unready.erase(authority);
  return *this;
}

Story& Story::given_pairs(double noise) {
  world_.pairs = true;
  world_.noise = noise;
  return *this;
}

Story& Story::given_start(WallTime when) {
  world_.now = when;
  return *this;
}

Story& Story::of(const std::string& route) {
  route_ = route;
  return *this;
}

// ---- when

void Story::tick() {
  ++ticks_;
  if (missed_ > 0 && ticks_ % missed_ == 0) return;
  controller_->tick(world_.now);
  if (repeated_) controller_->tick(world_.now);
}

Story& Story::when_time_passes(Duration time, Duration look) {
  const WallTime end = world_.now + std::chrono::duration_cast<WallTime::duration>(time);
  while (world_.now < end) {
    world_.pass(std::min<Duration>(look, end - world_.now));
    tick();
  }
  return *this;
}

Story& Story::when_phase_comes(Phase phase, Duration within) {
  const WallTime end = world_.now + std::chrono::duration_cast<WallTime::duration>(within);
  while (view().phase != phase && world_.now < end) {
    world_.pass(1s);
    tick();
  }
  EXPECT_EQ(strategy::to_string(view().phase), strategy::to_string(phase)) << moment();
  return *this;
}

Story& Story::when_person(Verb verb, bool full) {
  const auto done = controller_->command(route_, {verb, full, "alice"}, world_.now);
  EXPECT_TRUE(done) << strategy::to_string(verb) << " is refused: " << (done ? "" : done.error().reason) << moment();
  return *this;
}

Story& Story::when_person_is_refused(Verb verb, std::string_view because, bool full) {
  const auto done = controller_->command(route_, {verb, full, "alice"}, world_.now);
  EXPECT_FALSE(done) << strategy::to_string(verb) << " is not refused" << moment();
  if (!done) {
    EXPECT_NE(done.error().reason.find(because), std::string::npos) << done.error().reason << moment();
  }
  return *this;
}

Story& Story::when_policy_changes(std::string_view yaml) {
  take(yaml);
  return *this;
}

Story& Story::when_killed_and_restarted() {
  return when_killed_and_restarted(std::string(yaml_));
}

Story& Story::when_killed_and_restarted(std::string_view yaml) {
  controller_.reset();
  world_.restart();
  generation_ = 0;
  start(yaml);
  return *this;
}

Story& Story::when_store_fails(bool fails) {
  store_->fails = fails;
  return *this;
}

Story& Story::when_store_is_late(bool late) {
  store_->late = late;
  return *this;
}

Story& Story::when_every_nth_tick_is_missed(unsigned n) {
  missed_ = n;
  return *this;
}

Story& Story::when_every_tick_is_repeated(bool repeated) {
  repeated_ = repeated;
  return *this;
}

// ---- then

rollout::RolloutView Story::view() const {
  for (auto& view : controller_->views(world_.now)) {
    if (view.route == route_) return view;
  }
  ADD_FAILURE() << "there is no route '" << route_ << "'";
  return {};
}

std::vector<state::JournalEntry> Story::journal() const {
  auto entries = store_->journal({route_, 0, 10'000});
  EXPECT_TRUE(entries);
  if (!entries) return {};
  std::reverse(entries->begin(), entries->end());
  return std::move(entries).value();
}

/// Where in the story an expectation failed, and what had happened until then.
std::string Story::moment() const {
  std::ostringstream out;
  const auto shown = view();
  out << "\n  after " << strategy::short_duration(world_.now - began_) << ": " << strategy::to_string(shown.phase)
      << " " << shown.reason << ", " << shown.message;
  for (const auto& entry : journal()) {
    out << "\n  " << strategy::short_duration(entry.time - began_) << " " << entry.rollout << " " << entry.kind << ": "
        << entry.text << " (" << entry.actor << ")";
  }
  return out.str();
}

Story& Story::then_phase(Phase phase, std::string_view reason) {
  const auto shown = view();
  EXPECT_EQ(strategy::to_string(shown.phase), strategy::to_string(phase)) << moment();
  if (!reason.empty()) {
    EXPECT_EQ(shown.reason, reason) << moment();
  }
  return *this;
}

Story& Story::then_weight(const std::string& version, double share) {
  for (const auto& shown : view().versions) {
    if (shown.version == version) {
      EXPECT_NEAR(shown.target, share, 1e-6) << version << moment();
    }
  }
  EXPECT_FALSE(world_.published.empty());
  const auto last = std::find_if(world_.published.rbegin(), world_.published.rend(),
                                 [&](const auto& weights) { return weights.route == route_; });
  if (last == world_.published.rend()) ADD_FAILURE() << "nothing was published" << moment();
  if (last != world_.published.rend()) {
    EXPECT_NEAR(last->share[version], share, 1e-6) << version << moment();
  }
  return *this;
}

Story& Story::then_mirrored(const std::string& version, double share) {
  for (const auto& shown : view().versions) {
    if (shown.version == version) {
      EXPECT_NEAR(shown.mirrored, share, 1e-6) << version << moment();
    }
  }
  return *this;
}

Story& Story::then_event(const std::string& kind, std::string_view text_has) {
  const auto entries = journal();
  const bool found = std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
    return entry.kind == kind && entry.text.find(text_has) != std::string::npos;
  });
  EXPECT_TRUE(found) << "no event " << kind << " with '" << text_has << "'" << moment();
  return *this;
}

Story& Story::then_no_event(const std::string& kind) {
  for (const auto& entry : journal()) EXPECT_NE(entry.kind, kind) << moment();
  return *this;
}

Story& Story::then_events(const std::vector<std::string>& kinds) {
  std::vector<std::string> seen;
  for (const auto& entry : journal()) seen.push_back(entry.kind);
  EXPECT_EQ(seen, kinds) << moment();
  return *this;
}

Story& Story::then_message_has(std::string_view text) {
  EXPECT_NE(view().message.find(text), std::string::npos) << "no '" << text << "'" << moment();
  return *this;
}

Story& Story::then_condition(const std::string& type, const std::string& status) {
  for (const auto& condition : view().conditions) {
    if (condition.type == type) {
      EXPECT_EQ(condition.status, status) << type << ": " << condition.reason << moment();
    }
  }
  return *this;
}

Story& Story::then_hook_called(const std::string& url, std::uint32_t at_least) {
  EXPECT_GE(world_.hooks[url].calls, at_least) << url << moment();
  return *this;
}

Story& Story::then_clients_saw_no_failure() {
  EXPECT_EQ(world_.failed_for_clients(route_), 0U) << moment();
  return *this;
}

Story& Story::then_role(const std::string& version, const std::string& role) {
  for (const auto& shown : view().versions) {
    if (shown.version == version) {
      EXPECT_EQ(shown.role, role) << version << moment();
    }
  }
  return *this;
}

Story& Story::then_steps_were(const std::string& version, const std::vector<double>& shares) {
  std::vector<double> seen;
  for (const auto& weights : world_.published) {
    if (weights.route != route_) continue;
    const double share = weights.share.at(version);
    if (seen.empty() || seen.back() != share) seen.push_back(share);
  }
  EXPECT_EQ(seen.size(), shares.size()) << ::testing::PrintToString(seen) << moment();
  for (std::size_t i = 0; i < std::min(seen.size(), shares.size()); ++i) {
    EXPECT_NEAR(seen[i], shares[i], 1e-6) << "step " << i << moment();
  }
  return *this;
}

namespace {

std::string indented(std::string_view lines, const std::string& by) {
  std::istringstream in{std::string(lines)};
  std::string out;
  for (std::string line; std::getline(in, line);) out += by + line + "\n";
  return out;
}

}  // namespace

std::string route_yaml(const std::vector<std::string>& versions, std::string_view strategy, int endpoints,
                       std::string_view more) {
  std::string out =
      "apiVersion: sluice.dev/v1\nkind: ModelRoute\nmetadata: {name: fraud}\nspec:\n"
      "  unit: {header: x-user}\n  versions:\n";
  for (std::size_t i = 0; i < versions.size(); ++i) {
    out += "    - {name: " + versions[i] + ", endpoints: [";
    for (int k = 1; k <= endpoints; ++k) {
      out +=
          (k > 1 ? ", " : "") + ("\"http://127.0.0.1:" + std::to_string(9000 + 100 * static_cast<int>(i) + k)) + "\"";
    }
    out += "]}\n";
  }
  return out + indented(more, "  ") + "  strategy:\n" + indented(strategy, "    ");
}

std::string canary_yaml(std::string_view lines) {
  return route_yaml({"v1", "v2"}, "canary:\n  stable: v1\n  candidate: v2\n" + indented(lines, "  "));
}

}  // namespace sluice::scenarios
