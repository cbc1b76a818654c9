#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/stats/linear_posterior.hpp"

namespace sluice::strategy {

/// Rewards that come late are told in rows of this many to a window.
inline constexpr std::size_t context_rows = 16;

/// One arm's decisions of a window of evidence by the context that each had, and what they earned. Bounded: 17 rows of
/// 1.4 KiB, and a 17th of that for each bucket of latencies. Contexts of another number of features are left out. One
/// thread.
class ContextTable {
 public:
  struct Shape {
    std::uint64_t counters = 0;         ///< another number for every table
    std::size_t features = 0;           ///< without the intercept
    Duration window{0};                 ///< within which rewards are reported; 0: what is earned is known at once
    std::optional<Duration> half_life;  ///< of what was earned
  };
  explicit ContextTable(const Shape& shape);

  std::uint64_t counters() const noexcept { return shape_.counters; }
  const Shape& shape() const noexcept { return shape_; }

  /// A request that is over and counts: it failed, or succeeded after this long. 200 ns.
  void add_request(const stats::Context& context, bool failed, Duration latency);
  /// A decision whose reward is known.
  void add_reward(const stats::Context& context, double reward);
  /// A decision whose reward may be reported.
  void add_decision(const stats::Context& context, WallTime decided);
  /// What was reported of a decision; one that was made before the first that was added here is left out, so that
  /// nothing is earned by decisions that are not counted.
  void add_report(const stats::Context& context, double reward, WallTime decided);
  /// Before anything of this time is added: rewards fade, and rows whose window has passed become one.
  void age(WallTime now);

  /// The share of all its rewards that has come for a decision of this age, 0…1.
  using Come = std::function<double(Duration age)>;

  /// Requests: a success earns 1, or `slow` when it took longer than `limit`; a failure nothing. Of what is reported:
  /// the decisions count by the share of their rewards that has come, so that what has not come yet is missing on both
  /// sides; without `come` as if all had. 20 µs with reports.
  struct Reading {
    std::optional<Duration> limit;  ///< the bound of a bucket of latencies
    double slow = 1;
    Come come;
  };
  stats::LinearMoments read(const Reading& reading, WallTime now) const;

  /// Decisions in all, as they fade.
  double decisions() const noexcept;

 private:
  struct Row {
    std::int64_t place = 0;  ///< the row's time begins at place × the rows' width
    WallTime first{};        ///< decision
    WallTime last{};
    stats::LinearMoments moments;
  };
  bool fits(const stats::Context& context) const noexcept { return context.size == shape_.features; }
  std::int64_t place_of(WallTime decided) const noexcept;
  double kept_since(WallTime then, WallTime now) const noexcept;
  void fold_first(WallTime now);
  Row* row_of(std::int64_t place) noexcept;
  double share_come(const Row& row, const Come& come, WallTime now) const;

  Shape shape_;
  Duration width_{1};
  WallTime aged_{};                                          ///< when `known_` last faded
  std::optional<WallTime> began_;                            ///< the first decision whose reward may be reported
  stats::LinearMoments known_;                               ///< of requests: a success earns 1
  std::map<std::uint16_t, std::vector<double>> by_latency_;  ///< Σ x of the successes in that bucket
  std::vector<Row> rows_;                                    ///< by time; at most `context_rows` + 1
};

}  // namespace sluice::strategy
