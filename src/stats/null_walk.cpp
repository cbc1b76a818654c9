#include "null_walk.hpp"

#include <algorithm>
#include <vector>

namespace sluice::stats {
namespace {

/// Loops of this constant length are what the compiler makes vectors of.
constexpr std::size_t lanes = 8;
static_assert(RiskGrid::kMost % lanes == 0 && kRiskBets % lanes == 0);

/// For a growing number of steps, the smallest count of steps up whose evidence reaches a level. One more step raises
/// it by one at most, because a step up always raises the evidence.
class Frontier {
 public:
  Frontier(const NullWalk& walk, double level) : walk_(walk), terms_(walk.start), level_(level) { climb(); }
  std::uint64_t count() const noexcept { return count_; }
  /// What E is there.
  double evidence() const noexcept { return evidence_; }
  void next_step() noexcept {
    multiply(walk_.stay);
    climb();
  }
  /// A step after which count() and evidence() are behind the times.
  void pass_step() noexcept { multiply(walk_.stay); }
  /// One step up more of those that there were.
  void rise() noexcept {
    multiply(walk_.rise);
    ++count_;
    evidence_ = sum();
  }

 private:
  using Factors = std::array<double, RiskGrid::kMost>;

  void multiply(const Factors& factors) noexcept {
    for (std::size_t j = 0; j < walk_.bets; j += lanes) {
      double* const __restrict terms = terms_.data() + j;
      const double* const __restrict by = factors.data() + j;
      for (std::size_t lane = 0; lane < lanes; ++lane) terms[lane] *= by[lane];
    }
  }
  double sum() const noexcept {
    std::array<double, lanes> sums{};
    for (std::size_t j = 0; j < walk_.bets; j += lanes) {
      for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += terms_[j + lane];
    }
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
  }
  void climb() noexcept {
    while ((evidence_ = sum()) < level_) {
      multiply(walk_.rise);
      ++count_;
    }
  }

  const NullWalk& walk_;
  Factors terms_;
  double level_;
  double evidence_ = 0;
  std::uint64_t count_ = 0;
};

/// All walks that have not reached the threshold yet, by their count.
class Walks {
 public:
  Walks(const NullWalk& walk, double threshold, std::uint64_t steps)
      : chance_(walk.chance),
        upper_(walk, threshold),
        lower_(walk, kHopeless),
        alive_(steps + upper_.count() + 2 * lanes),
        next_(alive_.size()) {
    alive_[low_] = 1;
  }

  const WalkEnd& end() const noexcept { return end_; }

  /// A step at which nobody looks.
  void next_unseen() noexcept {
    ++steps_;
    move_on(first + steps_);
    upper_.next_step();
    lower_.pass_step();
  }
  /// The first look after such steps.
  void look() noexcept {
    const std::size_t top = upper_.count() + first;
    Frontier beyond = upper_;
    for (std::size_t k = top; k <= first + steps_; ++k, beyond.rise()) {
      end_.reached += alive_[k];
      end_.taken += alive_[k] * beyond.evidence();
    }
    for (auto* places : {&alive_, &next_}) {
      std::fill(places->begin() + static_cast<std::ptrdiff_t>(std::min(top, places->size())), places->end(), 0.0);
    }
  }

  void next_step() noexcept {
    ++steps_;
    const std::size_t top = upper_.count() + first;
    move_on(std::min<std::size_t>(top, first + steps_));
    upper_.next_step();
    if (upper_.count() + first == top) {
      end_.reached += alive_[top];
      end_.taken += alive_[top] * upper_.evidence();
      alive_[top] = 0;
    }
    give_up_below(top);
  }

 private:
  /// Where the count of 0 stands: below it is always a place with nothing in it.
  static constexpr std::size_t first = 1;
  /// Walks are given up that many steps late.
  static constexpr std::uint64_t seldom = 16;

  /// One step of all counts up to `high`; what is beyond in the last vector was never reached.
  void move_on(std::size_t high) noexcept {
    const double up = chance_;
    const double stay = 1 - up;
    for (std::size_t k = low_; k <= high; k += lanes) {
      const double* const __restrict before = alive_.data() + k - 1;
      double* const __restrict after = next_.data() + k;
      for (std::size_t lane = 0; lane < lanes; ++lane) after[lane] = before[lane + 1] * stay + before[lane] * up;
    }
    next_[low_ - 1] = 0;
    alive_.swap(next_);
  }
  void give_up_below(std::size_t top) noexcept {
    if (steps_ % seldom != 0) return lower_.pass_step();
    lower_.next_step();
    for (; low_ < lower_.count() + first && low_ < top; ++low_) {
      end_.hopeless += alive_[low_];
      alive_[low_] = 0;
    }
  }

  double chance_;
  Frontier upper_;
  Frontier lower_;
  std::vector<double> alive_;
  std::vector<double> next_;
  std::size_t low_ = first;
  std::uint64_t steps_ = 0;
  WalkEnd end_;
};

}  // namespace

WalkEnd follow(const NullWalk& walk, double threshold, std::uint64_t steps, std::uint64_t unseen) {
  if (threshold <= 1 && unseen == 0) return {1, 1, 0};
  Walks walks(walk, threshold, steps);
  for (std::uint64_t n = 0; n < unseen; ++n) walks.next_unseen();
  if (unseen > 0) walks.look();
  for (std::uint64_t n = unseen; n < steps; ++n) walks.next_step();
  return walks.end();
}

}  // namespace sluice::stats
