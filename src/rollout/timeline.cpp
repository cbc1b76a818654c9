#include "sluice/rollout/timeline.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "sluice/policy/scalars.hpp"
#include "sluice/strategy/moves.hpp"
#include "timeline_pairs.hpp"
#include "timeline_segments.hpp"

namespace sluice::rollout {
namespace {

using namespace std::chrono_literals;

/// What is over sooner is a part of what follows.
constexpr Duration shortest_step = 1s;
constexpr std::size_t most_steps = 100;
constexpr int halvings = 9;

/// What versions other than the first one have, and what they get copies of.
struct Exposure {
  double share = 0;
  double mirrored = 0;
  double sum() const noexcept { return share + mirrored; }
};

Exposure exposure_of(const RolloutView& view, const std::string& first) {
  Exposure exposure;
  for (const auto& version : view.versions) {
    if (version.version != first) exposure.share += version.target;
    exposure.mirrored = std::max(exposure.mirrored, version.mirrored);
  }
  return exposure;
}

bool is_for_person(const RolloutView& view) {
  return view.phase == strategy::Phase::Paused &&
         (view.reason == "AwaitingPromotion" || view.reason == "AwaitingApproval");
}

/// The newest event without its findings: "v2 to 5%" of "v2 to 5%: 3 checks pass".
std::string words_of(const RolloutView& view) {
  const state::JournalEntry& event = view.events.front();
  if (event.kind == "Begun" && !view.step_text.empty()) return view.step_text;
  return event.text.substr(0, event.text.find(": "));
}

/// Cuts a run into steps.
class Steps {
 public:
  Steps(WallTime begun, std::string first) : begun_(begun), first_(std::move(first)) {}

  bool see(WallTime now, const RolloutView& view, const Tally& tally) {
    if (view.events.empty() || view.events.front().time != now || steps_.size() >= most_steps) return true;
    close(now, tally);
    const Exposure exposure = exposure_of(view, first_);
    TimelineStep step;
    step.what = words_of(view);
    step.stage = view.stage;
    step.share = exposure.share;
    step.mirrored = exposure.mirrored;
    step.starts = now - begun_;
    step.settled = step.starts;
    step.awaits_person = is_for_person(view);
    if (!steps_.empty() && steps_.back().lasts < shortest_step && !steps_.back().awaits_person) {
      // It goes on under another name.
      step.starts = steps_.back().starts;
      before_.requests -= steps_.back().requests;
      before_.copies -= steps_.back().copies;
      steps_.pop_back();
    }
    steps_.push_back(std::move(step));
    return true;
  }

  std::vector<TimelineStep> finish(WallTime now, const Tally& tally) {
    close(now, tally);
    if (steps_.size() > 1 && steps_.back().lasts < shortest_step) steps_.pop_back();
    return std::move(steps_);
  }

 private:
  struct Counted {
    std::uint64_t requests = 0;
    std::uint64_t copies = 0;
  };

  void close(WallTime now, const Tally& tally) {
    if (!steps_.empty()) {
      TimelineStep& last = steps_.back();
      last.lasts = now - begun_ - last.starts;
      last.requests = tally.trial - before_.requests;
      last.copies = tally.copies - before_.copies;
    }
    before_ = {tally.trial, tally.copies};
  }

  WallTime begun_;
  std::string first_;
  std::vector<TimelineStep> steps_;
  Counted before_;
};

/// Everything but the first version has this error rate from a moment on.
Scenario worse(const Scenario& scenario, double error_rate, Duration after) {
  Scenario made = scenario;
  const std::string first = first_version(scenario.route);
  for (const auto& version : scenario.route.versions) {
    if (version.name != first) made.traffic.injections[version.name] = {error_rate, std::nullopt, after};
  }
  return made;
}

/// A run in which the versions on trial turn bad when a step begins, until it is known what becomes of them.
std::optional<Detection> detect(const Scenario& scenario, const TimelineStep& step, double error_rate) {
  const std::string first = first_version(scenario.route);
  const double half = (step.share + step.mirrored) / 2;
  Detection detection;
  bool found = false;
  const auto watch = [&](WallTime now, const RolloutView& view, const Tally& tally) {
    const Duration since = now - scenario.start - step.settled;
    if (found || since <= Duration::zero()) return !found;
    const Exposure exposure = exposure_of(view, first);
    const bool promoted = view.phase == strategy::Phase::Promoted && exposure.share > half;
    const bool passed = view.phase == strategy::Phase::Concluded && !view.winner.empty() && view.winner != first;
    const bool held = view.phase == strategy::Phase::Held;
    // A stage that has passed gives up what it had, too.
    const bool rests = view.stage != step.stage || view.phase == strategy::Phase::Paused;
    const bool over = strategy::is_over(view.phase);
    const bool back = exposure.sum() < half && (over || !rests);
    found = promoted || passed || held || back;
    if (!found) return true;
    detection.end = promoted || passed ? Detection::End::Unnoticed : held ? Detection::End::Held : Detection::End::Back;
    detection.after = since;
    detection.bad_answers = tally.bad_answers;
    return false;
  };
  const auto run = simulate(worse(scenario, error_rate, step.settled), 1, watch);
  if (!run) return std::nullopt;
  if (!found) {
    detection.after = run->took - step.settled;
    detection.bad_answers = run->tally.bad_answers;
  }
  detection.bad_answers = std::max(0.0, detection.bad_answers);
  return detection;
}

/// The smallest error rate that is noticed before the step is over, to about one part in a hundred.
std::optional<double> smallest_of(const Scenario& scenario, const TimelineStep& step) {
  Scenario bounded = scenario;
  bounded.longest = step.starts + step.lasts;
  const auto is_noticed = [&](double error_rate) {
    const auto found = detect(bounded, step, error_rate);
    return found && (found->end == Detection::End::Back || found->end == Detection::End::Held);
  };
  if (!is_noticed(1)) return std::nullopt;
  double low = std::max(scenario.traffic.error_rate, 1e-4);
  double high = 1;
  for (int i = 0; i < halvings; ++i) {
    const double middle = std::sqrt(low * high);
    (is_noticed(middle) ? high : low) = middle;
  }
  return high;
}

void examine(const Scenario& scenario, const std::vector<Regression>& regressions, TimelineStep& step) {
  if (step.share + step.mirrored <= 0) return;
  const double usual = scenario.traffic.error_rate;
  for (const auto& regression : regressions) {
    const double error_rate = regression.error_rate_of(usual);
    if (error_rate <= usual) continue;
    auto found = detect(scenario, step, error_rate);
    if (!found) continue;
    found->regression = regression.text;
    step.detections.push_back(std::move(*found));
  }
  step.smallest = smallest_of(scenario, step);
}

/// What a step with traffic does not show before it is over; empty: it sees enough. Steps without an end of their own
/// see whatever there is to be seen.
std::string blind_spot(const Scenario& scenario, const TimelineStep& step) {
  // Experiments compare their arms, and say by themselves how long that takes.
  const bool is_experiment = std::holds_alternative<policy::AbTest>(scenario.route.strategy) ||
                             std::holds_alternative<policy::Bandit>(scenario.route.strategy);
  if (is_experiment || step.share + step.mirrored <= 0 || step.awaits_person) return "";
  constexpr double times = 5;
  constexpr double at_least = 0.05;
  const double expected = std::max(times * scenario.traffic.error_rate, at_least);
  const std::string name = "'" + step.what + "' (" + strategy::grouped(step.requests + step.copies) + " requests)";
  if (!step.smallest) return name + " is over before it notices anything: it guards against nothing";
  if (*step.smallest <= expected) return "";
  return name + " is over before it notices less than " + strategy::percent(*step.smallest) + " errors";
}

/// How much better a variant has to be for a winner to be found, and how long that takes.
struct WinnerNote {
  const Scenario& scenario;

  std::string operator()(const policy::AbTest& test) const {
    if (test.primary_metric.empty()) return "a plain split: nothing is decided";
    const double effect = test.minimum_effect ? test.minimum_effect->fraction : 0;
    const double better = std::min(0.9, std::max(2 * effect, 0.1));
    Injection injection;
    if (test.primary_metric == "error-rate") {
      injection.error_rate = scenario.traffic.error_rate * (1 - better);
    } else {
      injection.latency = std::chrono::duration_cast<Duration>(scenario.traffic.latency * (1 - better));
    }
    return sentence(test.variants.back().version == first_version(scenario.route) ? test.variants.front().version
                                                                                  : test.variants.back().version,
                    injection, strategy::percent(better) + " better by " + test.primary_metric);
  }
  std::string operator()(const policy::Bandit& bandit) const {
    if (!bandit.stop_when) return "without stopWhen a bandit goes on for ever";
    Injection injection;
    injection.error_rate = scenario.traffic.error_rate / 2;
    return sentence(bandit.arms.back(), injection, "with half the errors");
  }
  std::string operator()(const policy::Stages& stages) const {
    return stages.stages.empty() ? "" : "the steps assume that every stage passes with candidates as good as stable";
  }
  template <typename Other>
  std::string operator()(const Other& /*other*/) const {
    return {};
  }

  std::string sentence(const std::string& version, const Injection& injection, const std::string& how) const {
    Scenario better = scenario;
    better.traffic.injections[version] = injection;
    std::uint64_t n = 0;
    const auto watch = [&](WallTime, const RolloutView& view, const Tally&) {
      for (const auto& share : view.versions) {
        if (share.version == version && share.requests > 0) n = share.requests;
      }
      return true;
    };
    const auto run = simulate(better, 1, watch);
    if (!run || (run->ending != Ending::Promotes && run->reason != "WinnerFound")) {
      return "'" + version + "' " + how + " does not win within " + strategy::short_duration(scenario.longest);
    }
    return "'" + version + "' " + how + " wins after " + strategy::short_duration(run->took) +
           (n > 0 ? " and " + strategy::grouped(n) + " requests" : "");
  }
};

}  // namespace

double Regression::error_rate_of(double usual) const noexcept {
  return std::clamp(error_rate.value_or(usual * times.value_or(1)), 0.0, 1.0);
}

Result<Regression> parse_regression(std::string_view text) {
  Regression regression;
  regression.text = text;
  if (const auto ratio = policy::parse_ratio(text); ratio && ratio->fraction > 0 && ratio->fraction <= 1) {
    regression.error_rate = ratio->fraction;
    return regression;
  }
  if (text.starts_with("x")) {
    if (const auto times = policy::parse_number(text.substr(1)); times && *times > 1 && *times <= 1e6) {
      regression.times = *times;
      return regression;
    }
  }
  return fail(Error::internal("\"" + std::string(text) + "\" is no regression such as x2 or 50%"));
}

std::string_view to_string(Detection::End end) noexcept {
  switch (end) {
    case Detection::End::Back:
      return "back";
    case Detection::End::Held:
      return "held";
    case Detection::End::Unnoticed:
      return "unnoticed";
    case Detection::End::Undecided:
      return "undecided";
  }
  return "";
}

Result<Timeline> make_timeline(Scenario scenario, const std::vector<Regression>& regressions) {
  scenario.traffic.expected = true;
  scenario.traffic.injections.clear();
  scenario.approve_after = Duration::zero();
  Steps steps(scenario.start, first_version(scenario.route));
  auto run = simulate(scenario, 1, [&](WallTime now, const RolloutView& view, const Tally& tally) {
    return steps.see(now, view, tally);
  });
  if (!run) return fail(run.error());
  Timeline timeline;
  timeline.run = std::move(run).value();
  const WallTime end = scenario.start + std::chrono::duration_cast<WallTime::duration>(timeline.run.took);
  timeline.steps = steps.finish(end, timeline.run.tally);

  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < timeline.steps.size(); i = next++) {
      examine(scenario, regressions, timeline.steps[i]);
    }
  };
  std::vector<std::thread> helpers;
  for (unsigned i = 1; i < std::clamp(std::thread::hardware_concurrency(), 1U, 8U); ++i) helpers.emplace_back(work);
  work();
  for (auto& helper : helpers) helper.join();

  for (const auto& step : timeline.steps) {
    for (const auto& found : step.detections) {
      timeline.worst_bad_answers = std::max(timeline.worst_bad_answers, found.bad_answers);
    }
  }
  for (const auto& step : timeline.steps) {
    if (auto note = blind_spot(scenario, step); !note.empty()) timeline.blind_spots.push_back(std::move(note));
  }
  if (auto note = std::visit(WinnerNote{scenario}, scenario.route.strategy); !note.empty()) {
    timeline.notes.push_back(std::move(note));
  }
  add_segment_sight(scenario, timeline);
  add_pair_sight(scenario, timeline);
  return timeline;
}

}  // namespace sluice::rollout
