#include <algorithm>
#include <memory>
#include <numeric>

#include "sluice/rollout/synthetic_traffic.hpp"

/// What versions predict, as drift counts it: ten bins that hold as many answers each, of a version that nothing is
/// said of.
namespace sluice::rollout {
namespace {

constexpr std::size_t bins = 10;
constexpr double evenly = 1.0 / bins;

/// So much of the distribution has moved from the lowest bins to the highest: that is its distance.
std::vector<double> moved_shares(double distance) {
  std::vector<double> shares(bins, evenly);
  double left = std::min(distance, 1 - evenly);
  shares.back() += left;
  for (double& share : shares) {
    const double taken = std::min(share, left);
    share -= taken;
    left -= taken;
  }
  return shares;
}

}  // namespace

/// So many, dealt out by these shares: by chance or as expected.
void SyntheticTraffic::deal(std::vector<double>& owed, std::vector<std::uint64_t>& counts, std::uint64_t n,
                            const std::vector<double>& shares) {
  owed.resize(shares.size());
  counts.resize(shares.size());
  double left = 1;
  for (std::size_t i = 0; i + 1 < shares.size(); ++i) {
    const std::uint64_t here = left > 0 ? some(owed[i], n, shares[i] / left) : 0;
    counts[i] += here;
    n -= here;
    left -= shares[i];
  }
  counts.back() += n;
}

void SyntheticTraffic::predict_pairs(std::size_t index, std::uint64_t pairs) {
  PairStream& stream = versions_[index].streams.pairs;
  stream.moves.resize(bins * bins);
  std::vector<std::uint64_t> of_live;
  deal(stream.predicted_owed, of_live, pairs, std::vector<double>(bins, evenly));
  const std::vector<double> shares = moved_shares(versions_[index].manner->score_drift);
  for (std::size_t bin = 0; bin < bins; ++bin) {
    double owed = 0;
    const double leaves = std::clamp(1 - shares[bin] / evenly, 0.0, 1.0);
    const std::uint64_t gone = some(owed, of_live[bin], leaves);
    stream.moves[bin * bins + bins - 1] += gone;
    stream.moves[bin * bins + bin] += of_live[bin] - gone;
  }
}

/// What came since the last time.
void SyntheticTraffic::predict() {
  const std::size_t stable = steering_.plan.spec().stable;
  for (std::size_t i = 0; i < versions_.size(); ++i) {
    Streams& streams = versions_[i].streams;
    const std::uint64_t answered = evidence_.versions[i].all.requests - evidence_.versions[i].all.failures;
    const std::uint64_t more = answered - std::min(answered, streams.predictions);
    deal(streams.predicted_owed, streams.predicted, more, moved_shares(versions_[i].manner->score_drift));
    streams.predictions += more;
  }
  const std::vector<std::uint64_t> reference(bins, route_.drift->reference / bins);
  for (std::size_t i = 0; i < versions_.size(); ++i) {
    const PairStream& pairs = versions_[i].streams.pairs;
    auto made = std::make_shared<strategy::DriftEvidence>();
    made->own = versions_[i].streams.predicted;
    made->stable = versions_[stable].streams.predicted;
    made->reference = reference;
    if (!pairs.moves.empty()) {
      made->moves = pairs.moves;
      made->own.assign(bins, 0);
      made->stable.assign(bins, 0);
      for (std::size_t at = 0; at < pairs.moves.size(); ++at) {
        made->stable[at / bins] += pairs.moves[at];
        made->own[at % bins] += pairs.moves[at];
      }
    }
    evidence_.versions[i].drifts = {std::move(made)};
  }
}

}  // namespace sluice::rollout
