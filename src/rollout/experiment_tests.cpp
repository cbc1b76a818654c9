#include <algorithm>
#include <cmath>

#include "experiment_list.hpp"
#include "sluice/base/random.hpp"
#include "sluice/rollout/draws.hpp"
#include "sluice/stats/exact_threshold.hpp"
#include "sluice/stats/exceedance.hpp"
#include "sluice/stats/pairs.hpp"
#include "sluice/stats/relative_risk.hpp"
#include "sluice/stats/sample_ratio.hpp"

namespace sluice::rollout {
namespace {

using Summary = FigureSpec::Summary;

/// How often something happens to a request between two arms, event by event: nothing else matters to method (a).
class EventStream {
 public:
  EventStream(const Parameters& p, std::uint64_t seed)
      : random_(seed),
        per_request_(p.at("error") * (p.at("share") * p.at("risk") + 1 - p.at("share"))),
        of_candidate_(stats::event_share(p.at("share"), p.at("risk"))) {}

  /// The next event: whether it is the candidate's. The requests up to it are counted.
  bool next() {
    requests_ += 1 + std::floor(std::log(std::max(random_.uniform(), 0x1p-53)) / std::log1p(-per_request_));
    return random_.uniform() < of_candidate_;
  }
  double requests() const noexcept { return requests_; }

 private:
  Random random_;
  double per_request_;
  double of_candidate_;
  double requests_ = 0;
};

/// The two thresholds that a guardrail may have.
struct Thresholds {
  explicit Thresholds(const Parameters& p)
      : exact(stats::exact_threshold(stats::RelativeRisk(), p.at("share"), p.at("alpha"),
                                     static_cast<std::uint64_t>(p.at("horizon")))),
        log_ville(-std::log(p.at("alpha"))) {}
  stats::ExactThreshold exact;
  double log_ville;
};

/// A thousand looks at two versions that are as good as each other, unless `risk` says otherwise.
std::vector<double> watch_two(const Parameters& p, const Thresholds& thresholds, std::uint64_t seed) {
  Random random(seed);
  stats::RelativeRisk process;
  double exact = 0;
  double ville = 0;
  double naive = 0;
  double n[2] = {0, 0};
  double k[2] = {0, 0};
  const double looks = p.at("looks");
  for (double look = 0; look < looks; ++look) {
    const double share = p.at("share") + (p.at("share-end") - p.at("share")) * look / looks;
    const double wave = 1 + p.at("drift") * std::sin(6.283185307179586 * look / looks);
    const double rate = std::min(1.0, p.at("error") * wave);
    const auto requests = draw_poisson(random, p.at("requests"));
    const auto candidate = draw_binomial(random, requests, share);
    const auto bad = draw_binomial(random, candidate, std::min(1.0, rate * p.at("risk")));
    const auto stable_bad = draw_binomial(random, requests - candidate, rate);
    process.add(share, bad, bad + stable_bad);
    const double log_e = process.log_e();
    if (log_e >= thresholds.exact.log_threshold(process)) exact = 1;
    if (log_e >= thresholds.log_ville) ville = 1;
    n[0] += static_cast<double>(requests - candidate);
    n[1] += static_cast<double>(candidate);
    k[0] += static_cast<double>(stable_bad);
    k[1] += static_cast<double>(bad);
    const double pooled = (k[0] + k[1]) / std::max(1.0, n[0] + n[1]);
    const double deviation = std::sqrt(pooled * (1 - pooled) * (1 / std::max(1.0, n[0]) + 1 / std::max(1.0, n[1])));
    const bool enough = k[0] >= 5 && k[1] >= 5;
    if (enough && k[1] / n[1] - k[0] / n[0] > 1.6448536269514722 * deviation) naive = 1;
  }
  return {exact, ville, naive};
}

Experiment false_alarms() {
  Experiment made;
  made.name = "false-alarms";
  made.question = "How often is a healthy candidate suspected when it is looked at a thousand times?";
  made.method = "stats: (a) with the exact threshold (b), with 1/alpha, and for comparison a z test at every look";
  made.parameters = {{"error", 0.01, "error rate of stable"},
                     {"risk", 1, "how many times as many errors the candidate has"},
                     {"share", 0.05, "the candidate's share of the requests"},
                     {"share-end", 0.05, "its share at the last look; a ramp in between"},
                     {"drift", 0, "the error rate of both goes up and down by this share, once"},
                     {"looks", 1000, "looks"},
                     {"requests", 100, "requests between two looks"},
                     {"alpha", 0.05, "level"},
                     {"horizon", 1000, "errors that the exact threshold is planned for"}};
  made.replications = 10'000;
  made.figures = {{"false alarms, exact threshold", Summary::Share, 0.05, 0.03},
                  {"false alarms, threshold 1/alpha", Summary::Share, 0.05, {}},
                  {"false alarms, one-sided z test at every look", Summary::Share, {}, {}}};
  made.prepare = [](const Parameters& p) -> Result<Trial> {
    const Thresholds thresholds(p);
    return Trial([p, thresholds](std::uint64_t seed) { return watch_two(p, thresholds, seed); });
  };
  return made;
}

/// Requests of both arms until a guardrail sees it, looking after every error.
std::vector<double> detect(const Parameters& p, const Thresholds& thresholds, std::uint64_t seed) {
  EventStream events(p, seed);
  stats::RelativeRisk process;
  double exact = nothing;
  double ville = nothing;
  while ((std::isnan(exact) || std::isnan(ville)) && events.requests() < p.at("most")) {
    process.add(p.at("share"), events.next() ? 1 : 0, 1);
    const double log_e = process.log_e();
    if (std::isnan(exact) && log_e >= thresholds.exact.log_threshold(process)) exact = events.requests();
    if (std::isnan(ville) && log_e >= thresholds.log_ville) ville = events.requests();
  }
  return {exact, ville};
}

Experiment detection(const std::string& name, double risk, double target, double horizon, double most) {
  Experiment made;
  made.name = name;
  made.question = "How many requests until a guardrail on errors sees a candidate that fails more often?";
  made.method = "stats: (a) with the exact threshold (b) and with 1/alpha, looked at after every error";
  made.parameters = {{"error", 0.01, "error rate of stable"},
                     {"risk", risk, "how many times as many errors the candidate has"},
                     {"share", 0.05, "the candidate's share of the requests"},
                     {"alpha", 0.05, "level"},
                     {"horizon", horizon, "errors that the exact threshold is planned for"},
                     {"most", most, "requests after which nothing is waited for any more"}};
  made.replications = 4000;
  made.figures = {{"requests, exact threshold", Summary::Mean, target, {}},
                  {"requests, threshold 1/alpha", Summary::Mean, {}, {}}};
  made.prepare = [](const Parameters& p) -> Result<Trial> {
    const Thresholds thresholds(p);
    return Trial([p, thresholds](std::uint64_t seed) { return detect(p, thresholds, seed); });
  };
  return made;
}

/// Promoted when "not m times worse" is accepted before "worse" is.
std::vector<double> accept(const Parameters& p, double log_reject, std::uint64_t seed) {
  EventStream events(p, seed);
  stats::RelativeRisk process;
  const double enough = -std::log(p.at("beta"));
  while (events.requests() < p.at("most")) {
    process.add(p.at("share"), events.next() ? 1 : 0, 1);
    if (process.log_e() >= log_reject) return {0, 1, nothing};
    if (process.log_e_accept(p.at("tolerated")) >= enough) return {1, 0, events.requests()};
  }
  return {0, 0, nothing};
}

Experiment acceptance() {
  Experiment made;
  made.name = "accepted";
  made.question = "How often, and how soon, is a healthy candidate accepted as not m times worse?";
  made.method = "stats: (a), rejecting at 1/alpha and accepting at 1/beta, looked at after every error";
  made.parameters = {{"error", 0.01, "error rate of stable"},
                     {"risk", 1, "how many times as many errors the candidate has"},
                     {"share", 0.05, "the candidate's share of the requests"},
                     {"tolerated", 2, "accepted is what is not so many times worse"},
                     {"alpha", 0.05, "level of rejecting"},
                     {"beta", 0.05, "level of accepting"},
                     {"most", 1e6, "requests after which nothing is waited for any more"}};
  made.replications = 4000;
  made.figures = {{"accepted", Summary::Share, {}, 0.97},
                  {"rejected", Summary::Share, 0.05, {}},
                  {"requests until accepted", Summary::Mean, {}, {}}};
  made.prepare = [](const Parameters& p) -> Result<Trial> {
    return Trial([p](std::uint64_t seed) { return accept(p, -std::log(p.at("alpha")), seed); });
  };
  return made;
}

Duration in_milliseconds(double value) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(value));
}

struct Latencies {
  explicit Latencies(const Parameters& p)
      : stable(in_milliseconds(p.at("median")), in_milliseconds(p.at("p99"))),
        candidate(in_milliseconds(p.at("median") * p.at("slower")),
                  in_milliseconds(p.at("p99") * p.at("slower") * p.at("tail-slower"))) {}
  LatencyShape stable;
  LatencyShape candidate;
};

/// Requests of the candidate until it is seen to be slower, looking after each of them.
std::vector<double> watch_latency(const Parameters& p, const Latencies& shapes, std::uint64_t seed) {
  Random random(seed);
  stats::Histogram reference;
  stats::Histogram unused;
  shapes.stable.record(random, static_cast<std::uint64_t>(p.at("reference")), reference, unused);
  const auto limits = stats::freeze_slow_limits(reference, p.at("tolerance"));
  if (!limits) return {nothing};
  stats::Exceedance process(*limits);
  const double enough = -std::log(p.at("alpha"));
  for (double seen = 1; seen <= p.at("most"); ++seen) {
    stats::Histogram stable;
    stats::Histogram candidate;
    const double others = std::floor(std::log(std::max(random.uniform(), 0x1p-53)) / std::log1p(-p.at("share")));
    shapes.stable.record(random, static_cast<std::uint64_t>(others), stable, unused);
    shapes.candidate.record(random, 1, candidate, unused);
    process.add(p.at("share"), stable, candidate);
    if (process.log_e() >= enough) return {seen};
  }
  return {nothing};
}

Experiment latency(const std::string& name, double slower, double tail_slower, std::optional<double> target) {
  Experiment made;
  made.name = name;
  made.question = "How many requests of the candidate until it is seen to be slower?";
  made.method = "stats: (d) at 1/alpha, looked at after every request of the candidate; latencies are log-normal";
  made.parameters = {{"median", 20, "median latency of stable, in milliseconds"},
                     {"p99", 64, "its 99th percentile, in milliseconds"},
                     {"slower", slower, "how many times as long everything takes with the candidate"},
                     {"tail-slower", tail_slower, "how many times as long its p99 is besides, p90 staying where it is"},
                     {"share", 0.05, "the candidate's share of the requests"},
                     {"reference", 10'000, "requests of stable before, from which the limits are read"},
                     {"tolerance", 0, "share by which the candidate may be slower"},
                     {"alpha", 0.05, "level"},
                     {"most", 20'000, "requests of the candidate after which nothing is waited for any more"}};
  made.replications = 2000;
  made.figures = {{"requests of the candidate", Summary::Median, target, {}}};
  made.prepare = [](const Parameters& p) -> Result<Trial> {
    const Latencies shapes(p);
    return Trial([p, shapes](std::uint64_t seed) { return watch_latency(p, shapes, seed); });
  };
  return made;
}

/// Requests until a split is held for broken, and whether it was warned of.
std::vector<double> watch_split(const Parameters& p, std::uint64_t seed) {
  Random random(seed);
  stats::SampleRatio process(2);
  const double shares[2] = {1 - p.at("share"), p.at("share")};
  double sent = 0;
  double warned = 0;
  while (sent < p.at("most")) {
    const auto requests = static_cast<std::uint64_t>(p.at("requests"));
    const auto candidate = draw_binomial(random, requests, shares[1]);
    const std::uint64_t counts[2] = {requests - candidate, draw_binomial(random, candidate, 1 - p.at("lost"))};
    process.add(shares, counts);
    sent += static_cast<double>(requests);
    if (process.health() != stats::SplitHealth::Sound) warned = 1;
    if (process.health() == stats::SplitHealth::Broken) return {warned, 1, sent};
  }
  return {warned, 0, nothing};
}

Experiment split(const std::string& name, double lost, double most, double per_look) {
  Experiment made;
  const bool sound = lost == 0;
  made.name = name;
  made.question = sound ? "How often is a sound split warned of or held for broken?"
                        : "How many requests until a split is held for broken when one arm gets too few?";
  made.method = "stats: (g)";
  made.parameters = {{"share", 0.5, "the arm's share of the requests"},
                     {"lost", lost, "share of its requests that vanish"},
                     {"requests", per_look, "requests between two looks"},
                     {"most", most, "requests after which nothing is waited for any more"}};
  made.replications = 2000;
  made.figures = {{"warned", Summary::Share, sound ? std::optional(0.05) : std::nullopt, {}},
                  {"held for broken", Summary::Share, sound ? std::optional(0.001) : std::nullopt, {}},
                  {"requests until then", Summary::Median, sound ? std::nullopt : std::optional(100.0), {}}};
  if (sound) made.figures.pop_back();
  made.prepare = [](const Parameters& p) -> Result<Trial> {
    return Trial([p](std::uint64_t seed) { return watch_split(p, seed); });
  };
  return made;
}

/// Pairs until a shadow's answers are certified, or held for other ones.
std::vector<double> watch_pairs(const Parameters& p, std::uint64_t seed) {
  Random random(seed);
  stats::PairCounts seen;
  const double certified = -std::log(p.at("beta"));
  const double alarmed = -std::log(p.at("alpha"));
  while (static_cast<double>(seen.pairs) < p.at("most")) {
    ++seen.pairs;
    if (random.uniform() < p.at("disagreement")) ++seen.disagreements;
    if (stats::log_e_agreement(seen, p.at("limit")) >= certified) return {1, 0, static_cast<double>(seen.pairs)};
    if (stats::log_e_disagreement(seen, p.at("limit")) >= alarmed) return {0, 1, nothing};
  }
  return {0, 0, nothing};
}

Experiment pairs(const std::string& name, double disagreement, std::size_t replications) {
  Experiment made;
  made.name = name;
  made.question = "How many pairs of answers until a shadow is certified to disagree rarely?";
  made.method = "stats: (h), looked at after every pair";
  made.parameters = {{"disagreement", disagreement, "share of the pairs that disagree"},
                     {"limit", 0.01, "certified is a smaller share"},
                     {"beta", 0.05, "level of certifying"},
                     {"alpha", 0.05, "level of the alarm"},
                     {"most", 2e4, "pairs after which nothing is waited for any more"}};
  made.replications = replications;
  made.figures = {{"certified", Summary::Share, {}, {}},
                  {"held for different", Summary::Share, {}, {}},
                  {"pairs until certified", Summary::Median, {}, {}}};
  made.prepare = [](const Parameters& p) -> Result<Trial> {
    return Trial([p](std::uint64_t seed) { return watch_pairs(p, seed); });
  };
  return made;
}

}  // namespace

void add_test_experiments(std::vector<Experiment>& list) {
  list.push_back(false_alarms());
  list.push_back(detection("detect-1.5x", 1.5, 84'849, 10'000, 2e6));
  list.push_back(detection("detect-5x", 5, 1895, 1000, 1e5));
  list.push_back(acceptance());
  list.push_back(latency("latency-shift", 1.5, 1, 45));
  list.push_back(latency("latency-tail", 1, 1.5, 463));
  list.push_back(pairs("shadow-identical", 0, 100));
  list.back().figures[2].at_most = 380;
  list.push_back(pairs("shadow-at-limit", 0.01, 10'000));
  list.back().figures[0].at_most = 0.05;
  list.push_back(split("split-dead-arm", 1, 1e5, 1));
  list.push_back(split("split-sound", 0, 1e5, 100));
}

}  // namespace sluice::rollout
