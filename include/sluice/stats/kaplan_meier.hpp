#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sluice/stats/arm_posterior.hpp"

/// Conversions that come late. A decision that has not converted yet is censored at its age, never a failure: counting
/// it as one sends the traffic to the arm that converts sooner instead of more often.
/// Times and delays are numbers in one unit of the caller's choice. Pure arithmetic; not thread-safe.
namespace sluice::stats {

inline constexpr std::size_t delay_bins = 32;
inline constexpr std::size_t most_decision_rows = 64;

/// The decisions of a stretch of time and what became of them.
struct DecisionRow {
  double decisions = 0;
  std::array<double, delay_bins> converted{};  ///< decisions by the delay of their conversion, see delay_edge()
  double value = 0;                            ///< sum of what the conversions were worth
  double squares = 0;                          ///< of the squares

  friend bool operator==(const DecisionRow&, const DecisionRow&) = default;
};

/// One arm's decisions by when they were made, and its conversions by that and by their delay. Bounded plain data of
/// up to 18 KiB: rows grow coarser as time goes by, up to a 48th of the window, and those whose window has passed are
/// added up in one.
class DelayTable {
 public:
  DelayTable() = default;
  /// Of conversions that count for `window` > 0 after their decision.
  explicit DelayTable(double window);

  void add_decisions(double decided, double count = 1);
  /// False when the delay is not within 0…window. `value` is what each of the `count` is worth.
  bool add_conversion(double decided, double delay, double value = 1, double count = 1);
  /// Everything so far counts `kept` (0…1) times as much.
  void fade(double kept) noexcept;
  /// Adds another table of the same window, as of another replica; one without a window adds nothing.
  void merge(const DelayTable& other);

  double window() const noexcept { return window_; }
  double decisions() const noexcept;
  double conversions() const noexcept;
  /// When the first decision was made, no more than a row too early; what was folded counts. 0 without any.
  double began() const noexcept { return began_; }

  /// What is kept, for a store; `restore` takes it back.
  struct Contents {
    double window = 0;
    double width = 0;        ///< of a row
    std::int64_t first = 0;  ///< the first row begins at first × width
    double began = 0;
    double complete_until = 0;  ///< decisions before that are in `complete`
    DecisionRow complete;
    std::vector<DecisionRow> rows;
    friend bool operator==(const Contents&, const Contents&) = default;
  };
  Contents contents() const;
  /// An empty table when the contents contradict themselves.
  static DelayTable restore(Contents contents);

  double row_width() const noexcept { return width_; }
  double row_end(std::size_t row) const noexcept;
  const std::vector<DecisionRow>& rows() const noexcept { return rows_; }
  const DecisionRow& complete() const noexcept { return complete_; }

  friend bool operator==(const DelayTable&, const DelayTable&) = default;

 private:
  DecisionRow& row_of(double decided);
  void make_room(std::int64_t from, std::int64_t until);
  void coarsen();
  void fold(double before);

  double window_ = 0;
  double width_ = 0;
  std::int64_t first_ = 0;
  double began_ = 0;
  double complete_until_ = 0;
  DecisionRow complete_;
  std::vector<DecisionRow> rows_;
};

/// The longest delay that bin `bin` holds: the window for the last one, 2^⅓ less for each before.
double delay_edge(double window, std::size_t bin) noexcept;

/// The share that has converted by the end of each bin, by Kaplan and Meier (1958), and its variance by Greenwood
/// (1926).
struct ConversionCurve {
  std::array<double, delay_bins> at_risk{};  ///< decisions old enough for the whole bin that had not converted before
  std::array<double, delay_bins> rate{};
  std::array<double, delay_bins> variance{};
};

/// A row counts for a bin when its youngest decision is that old, so nothing is seen in part. 5 µs.
ConversionCurve conversion_curve(const DelayTable& table, double now) noexcept;

/// A rate, and how many decisions without any delay would tell it as well: what a Beta posterior takes.
struct DelayedRate {
  double rate = 0;
  double variance = 0;
  double successes = 0;
  double failures = 0;
  bool settled = false;  ///< hardly anything is to be expected beyond the horizon, see delayed_rates()
};

struct DelayedRates {
  double horizon = 0;    ///< the delay up to which conversions count here
  bool settled = false;  ///< all are; until then shares should stay as they are
  std::vector<DelayedRate> arms;
};

/// When a curve is trusted.
struct PlateauRules {
  double least_at_risk = 50;    ///< decisions that must have reached the horizon,
  double share_at_risk = 0.05;  ///< and the share of the arm's decisions
  double least_converted = 10;
  double late_share = 0.15;  ///< of the conversions so far that may fall into the horizon's second half
};

/// The arms at the longest horizon that all of them have reached: rates at different horizons would not compare.
/// Settled is an arm whose curve has come to a plateau there, or any arm once the window has passed since its first
/// decision. Effective counts: n = rate (1 − rate) / variance, which is the number of decisions when none is censored.
DelayedRates delayed_rates(std::span<const DelayTable> arms, double now, const PlateauRules& rules = {});

/// The plain alternative: rewards of those decisions whose window has passed, a conversion counting with its value and
/// everything else as 0. Exact for values of any kind, and a window late.
RewardMoments matured_rewards(const DelayTable& table, double now) noexcept;

}  // namespace sluice::stats
