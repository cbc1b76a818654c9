#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/evidence.hpp"
#include "sluice/strategy/rollout_state.hpp"

namespace sluice::strategy {

/// Whose numbers a check is about.
struct Subject {
  const Sample* candidate = nullptr;   ///< never null; `empty_sample()` where nothing is counted yet
  const Sample* stable = nullptr;      ///< a same-size, same-time control where there is one; null: nothing to compare
  const Evidence* evidence = nullptr;  ///< for Prometheus' answers; null: there are none
  std::string key;                     ///< begins the keys of queries
  /// Of the requests of both, the candidate's, as the split draws them; 0: not known, then what came is taken for it.
  double share = 0;
  /// Users stay with their version. Then the share is one of users, and requests, which a handful of heavy users may
  /// shift, are compared by the numbers that came.
  bool users_stick = false;
  /// Of the doubt that the analysis allows, the part that finding this candidate bad may take, (0, 1]: where segments
  /// are looked at as well, all have to do with it together.
  double part_of_doubt = 1;
  const VersionEvidence* candidate_version = nullptr;      ///< for users and outcomes; null: requests alone
  const VersionEvidence* stable_version = nullptr;         ///< the same
  const std::vector<policy::Outcome>* outcomes = nullptr;  ///< the route's; null: it has none
  const PairEvidence* pairs = nullptr;  ///< answers to copies beside those of live; null: none are told
  bool pairs_decide =
      true;  ///< false: the candidate has requests of its own, and pairs say only how far answers differ
  /// Live answers some of the copied requests twice: before that has shown what is noise, a difference may be noise.
  bool learns_noise = false;
  /// What the candidate predicts; null: as `candidate_version` says.
  const std::vector<std::shared_ptr<const DriftEvidence>>* drifts = nullptr;
};

/// The two versions of a split: all that was assigned to either, and the share that was drawn by. While the split's
/// shares are not known, stable's part is the slice that is as large as the candidate's.
Subject subject_of(const VersionEvidence& candidate, const VersionEvidence& stable, const Evidence& evidence,
                   const policy::ModelRoute& route, std::string key);
/// Copies beside the requests that the candidate answers itself: they say how far its answers differ, and nothing else.
void add_pairs_of_copies(const policy::ModelRoute& route, Subject& subject) noexcept;

/// Whether the route's users stay with the version that was drawn for them.
bool users_stick(const policy::ModelRoute& route) noexcept;

/// Whether the live version answers some of the copied requests twice, so that noise is known in time.
bool learns_noise(const policy::ModelRoute& route) noexcept;

/// A sample without a request.
const Sample& empty_sample() noexcept;

/// What one look at one check finds.
struct Finding {
  Verdict verdict = Verdict::Pending;
  std::optional<double> value;
  std::optional<double> reference;
  std::optional<double> threshold;
  std::uint64_t samples = 0;
  std::string message;  ///< one sentence with both numbers
  Proof proof;
};

/// Adds what is new to the check's evidence and judges it: the only place that says what "pass" means; docs/analysis.md
/// has every rule with an example. `index` is the check's place in its list: it is part of the key of its query.
/// `guardrails` is how many checks share the doubt that the analysis allows.
///
/// A check fails when it is certain that its rule is broken, and passes when it is certain that it is not broken by
/// much; both however often one looks. What lies between is Inconclusive. Costs some microseconds.
Finding judge_check(const policy::Check& check, const policy::Analysis& analysis, CheckEvidence& evidence,
                    const Subject& subject, std::size_t index, WallTime now, std::size_t guardrails = 1);

/// "max 1%", "margin 0.5%", "relativeMargin 20%".
std::string rule_of(const policy::Check& check);

}  // namespace sluice::strategy
