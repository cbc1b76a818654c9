#include "sluice/rollout/injection.hpp"

#include <array>
#include <sstream>
#include <tuple>

#include "sluice/policy/scalars.hpp"

namespace sluice::rollout {
namespace {

constexpr std::array endings{Ending::Promotes, Ending::Aborts, Ending::Holds, Ending::Concludes};

Error nonsense(std::string_view text, const std::string& why) {
  return Error::internal("\"" + std::string(text) + "\": " + why);
}

/// A positive duration, or nothing.
std::optional<Duration> time_of(std::string_view text) {
  const auto duration = policy::parse_duration(text);
  return duration && *duration > Duration::zero() ? duration : std::nullopt;
}

std::optional<double> share_of(std::string_view text) {
  const auto ratio = policy::parse_ratio(text);
  return ratio && ratio->fraction >= 0 && ratio->fraction <= 1 ? std::optional(ratio->fraction) : std::nullopt;
}

/// What stands before and behind a separator; nothing behind when it is not there.
std::pair<std::string_view, std::optional<std::string_view>> cut(std::string_view text, std::string_view separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return {text, std::nullopt};
  return {text.substr(0, at), text.substr(at + separator.size())};
}

/// `20m`, `20m~1`.
bool set_delay(OutcomeLaw& law, std::string_view text) {
  const auto [time, sigma] = cut(text, "~");
  law.delay = policy::parse_duration(time);
  law.sigma = sigma ? policy::parse_number(*sigma) : std::nullopt;
  return law.delay && *law.delay >= Duration::zero() && (!sigma || (law.sigma && *law.sigma >= 0));
}

/// `12`, `12±3`, `12+-3@5%`.
bool set_value(OutcomeLaw& law, std::string_view text) {
  const auto [spread, rate] = cut(text, "@");
  auto [mean, deviation] = cut(spread, "\u00b1");
  if (!deviation) std::tie(mean, deviation) = cut(spread, "+-");
  law.mean = policy::parse_number(mean);
  law.deviation = deviation ? policy::parse_number(*deviation) : 0;
  if (rate) law.rate = share_of(*rate);
  return law.mean && law.deviation && *law.deviation >= 0 && (!rate || law.rate);
}

/// `click=5%`, `click-delay=20m`; nothing when the key is no outcome's, otherwise what is wrong, or empty.
std::optional<std::string> set_outcome(OutcomeLaws& laws, std::string_view key, std::string_view value,
                                       const std::vector<policy::Outcome>& outcomes) {
  constexpr std::string_view delay = "-delay";
  for (const auto& outcome : outcomes) {
    if (key == outcome.name && outcome.type == policy::OutcomeType::Binary) {
      laws[outcome.name].rate = share_of(value);
      return laws[outcome.name].rate ? "" : outcome.name + " is a share from 0% to 100%";
    }
    if (key == outcome.name) {
      return set_value(laws[outcome.name], value) ? "" : outcome.name + " is a value such as 12±3 or 12±3@5%";
    }
  }
  for (const auto& outcome : outcomes) {
    if (key != outcome.name + std::string(delay)) continue;
    return set_delay(laws[outcome.name], value) ? "" : std::string(key) + " is a duration such as 20m or 20m~1";
  }
  return std::nullopt;
}

std::string names_of(const std::vector<policy::Outcome>& outcomes) {
  std::string names;
  for (const auto& outcome : outcomes) names += ", " + outcome.name + ", " + outcome.name + "-delay";
  return names;
}

/// One `key=value`; a sentence when it makes no sense.
std::string set(Injection& injection, std::string_view part, const std::vector<policy::Outcome>& outcomes) {
  const auto [key, behind] = cut(part, "=");
  const std::string_view value = behind.value_or("");
  if (key == "error-rate") {
    injection.error_rate = share_of(value);
    return injection.error_rate ? "" : "error-rate is a share from 0% to 100%";
  }
  if (key == "disagreement" || key == "score-drift") {
    auto& distance = key == "disagreement" ? injection.disagreement : injection.score_drift;
    distance = share_of(value);
    return distance ? "" : std::string(key) + " is a share from 0% to 100%";
  }
  if (key == "latency" || key == "latency-p99") {
    auto& latency = key == "latency" ? injection.latency : injection.latency_p99;
    latency = time_of(value);
    return latency ? "" : std::string(key) + " is a duration such as 80ms";
  }
  if (key == "after") {
    const auto duration = policy::parse_duration(value);
    injection.after = duration.value_or(Duration::zero());
    return duration ? "" : "after is a duration such as 10m";
  }
  if (const auto problem = set_outcome(injection.outcomes, key, value, outcomes)) return *problem;
  return "error-rate, latency, latency-p99, disagreement, score-drift" + names_of(outcomes) +
         " and after can be set, not \"" + std::string(key) + "\"";
}

/// The words of an expectation, one after the other.
class Words {
 public:
  explicit Words(std::string_view text) {
    std::istringstream in{std::string(text)};
    for (std::string word; in >> word;) words_.push_back(word);
  }
  bool done() const { return at_ == words_.size(); }
  std::string next() { return done() ? std::string() : words_[at_++]; }
  bool take(std::string_view word) {
    if (done() || words_[at_] != word) return false;
    ++at_;
    return true;
  }

 private:
  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

/// "in 90% of runs", where "of runs" may be left out.
std::string read_share(Words& words, Expectation& expectation) {
  const auto ratio = policy::parse_ratio(words.next());
  if (!ratio || ratio->fraction <= 0 || ratio->fraction > 1) return "in … is a share of the runs such as 95%";
  expectation.share = *ratio;
  if (words.take("of") && !words.take("runs")) return "in … ends with \"of runs\"";
  return {};
}

std::string read_rest(Words& words, Expectation& expectation) {
  const std::string verb = words.next();
  bool known = false;
  for (const Ending ending : endings) {
    if (to_string(ending) != verb) continue;
    expectation.ending = ending;
    known = true;
  }
  if (!known) return "behind the version comes promotes, aborts, holds or concludes, not \"" + verb + "\"";
  if (words.take("within")) {
    const auto duration = policy::parse_duration(words.next());
    if (!duration) return "within … is a duration such as 2m";
    expectation.within = *duration;
  }
  if (words.take("in")) {
    if (auto problem = read_share(words, expectation); !problem.empty()) return problem;
  }
  if (!words.done()) return "nothing is known of \"" + words.next() + "\"";
  return {};
}

}  // namespace

std::string_view to_string(Ending ending) noexcept {
  switch (ending) {
    case Ending::Promotes:
      return "promotes";
    case Ending::Aborts:
      return "aborts";
    case Ending::Holds:
      return "holds";
    case Ending::Concludes:
      return "concludes";
  }
  return "";
}

Result<std::pair<std::string, Injection>> parse_injection(std::string_view text,
                                                          const std::vector<policy::Outcome>& outcomes) {
  const auto [name, parts] = cut(text, ":");
  std::pair<std::string, Injection> made;
  made.first = name;
  if (made.first.empty()) return fail(nonsense(text, "a version's name comes first"));
  for (std::optional<std::string_view> rest = parts; rest;) {
    const auto [part, behind] = cut(*rest, ",");
    if (auto problem = set(made.second, part, outcomes); !problem.empty()) return fail(nonsense(text, problem));
    rest = behind;
  }
  return made;
}

Result<OutcomeLaws> parse_outcome_laws(std::string_view text, const std::vector<policy::Outcome>& outcomes) {
  OutcomeLaws laws;
  for (std::optional<std::string_view> rest = text; rest;) {
    const auto [part, behind] = cut(*rest, ",");
    const auto [key, value] = cut(part, "=");
    const auto problem = set_outcome(laws, key, value.value_or(""), outcomes);
    if (!problem) return fail(nonsense(text, "the route has no outcome of the name \"" + std::string(key) + "\""));
    if (!problem->empty()) return fail(nonsense(text, *problem));
    rest = behind;
  }
  return laws;
}

Result<Expectation> parse_expectation(std::string_view text, const std::vector<policy::Outcome>& outcomes) {
  Words words(text);
  auto supposed = parse_injection(words.next(), outcomes);
  if (!supposed) return fail(supposed.error());
  Expectation expectation;
  expectation.version = std::move(supposed->first);
  expectation.injection = supposed->second;
  expectation.text = text;
  if (auto problem = read_rest(words, expectation); !problem.empty()) return fail(nonsense(text, problem));
  return expectation;
}

}  // namespace sluice::rollout
