#include "sluice/rollout/injection.hpp"

#include <array>
#include <sstream>

#include "sluice/policy/scalars.hpp"

namespace sluice::rollout {
namespace {

constexpr std::array endings{Ending::Promotes, Ending::Aborts, Ending::Holds, Ending::Concludes};

Error nonsense(std::string_view text, const std::string& why) {
  return Error::internal("\"" + std::string(text) + "\": " + why);
}

/// One `key=value`; a sentence when it makes no sense.
std::string set(Injection& injection, std::string_view part) {
  const std::size_t equals = part.find('=');
  const std::string_view key = part.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
  if (key == "error-rate") {
    const auto ratio = policy::parse_ratio(value);
    if (!ratio || ratio->fraction < 0 || ratio->fraction > 1) return "error-rate is a share from 0% to 100%";
    injection.error_rate = ratio->fraction;
    return {};
  }
  if (key == "latency") {
    const auto duration = policy::parse_duration(value);
    if (!duration || *duration <= Duration::zero()) return "latency is a duration such as 80ms";
    injection.latency = *duration;
    return {};
  }
  if (key == "after") {
    const auto duration = policy::parse_duration(value);
    if (!duration) return "after is a duration such as 10m";
    injection.after = *duration;
    return {};
  }
  return "error-rate, latency and after can be set, not \"" + std::string(key) + "\"";
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

Result<std::pair<std::string, Injection>> parse_injection(std::string_view text) {
  const std::size_t colon = text.find(':');
  std::pair<std::string, Injection> made;
  made.first = text.substr(0, colon);
  if (made.first.empty()) return fail(nonsense(text, "a version's name comes first"));
  if (colon == std::string_view::npos) return made;
  std::string_view rest = text.substr(colon + 1);
  while (true) {
    const std::size_t comma = rest.find(',');
    if (auto problem = set(made.second, rest.substr(0, comma)); !problem.empty()) return fail(nonsense(text, problem));
    if (comma == std::string_view::npos) return made;
    rest.remove_prefix(comma + 1);
  }
}

Result<Expectation> parse_expectation(std::string_view text) {
  Words words(text);
  auto supposed = parse_injection(words.next());
  if (!supposed) return fail(supposed.error());
  Expectation expectation;
  expectation.version = std::move(supposed->first);
  expectation.injection = supposed->second;
  expectation.text = text;
  if (auto problem = read_rest(words, expectation); !problem.empty()) return fail(nonsense(text, problem));
  return expectation;
}

}  // namespace sluice::rollout
