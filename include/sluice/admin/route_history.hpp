#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/result.hpp"

/// How routes came to be where they are: what a chart begins with.
namespace sluice::admin {

/// One version for some seconds; nothing: not known. Shares are 0…1.
struct HistorySample {
  std::string version;
  std::optional<double> target;            ///< wished share
  std::optional<double> observed;          ///< real share since the weights last changed
  std::optional<double> mirrored;          ///< share that it gets copies of
  std::optional<double> rps;               ///< answers a second, copies of a shadow included
  std::optional<double> failed;            ///< share of these that failed
  std::optional<double> p99;               ///< of these, in seconds
  std::optional<double> probability_best;  ///< of a bandit's arm
  std::optional<double> match_rate;        ///< share of a shadow's compared pairs that agree
};

/// All versions of one route at one moment.
struct HistoryPoint {
  std::int64_t at = 0;  ///< seconds since 1970
  std::vector<HistorySample> versions;
};

/// The last points of all routes in bounded memory: 20 bytes for each version and point, so an hour of 1024 versions
/// takes 15 MB and one of two versions 29 kB. Shares are kept to 1/60 000, the rest as floats. One thread.
///
/// A version that has had nothing to say for as long as points are kept is forgotten. One too many is not recorded.
class RouteHistory {
 public:
  static constexpr std::int64_t interval_seconds = 5;

  struct Limits {
    std::size_t points = 720;
    std::size_t versions = 1024;  ///< of all routes together
  };

  RouteHistory() = default;
  explicit RouteHistory(Limits limits) : limits_(limits) {}

  /// Begins a point. One that is not later than the last is none: false.
  bool begin(std::int64_t at);
  /// What a route looks like at the point begun last.
  void add(const std::string& route, const std::vector<HistorySample>& versions);

  /// The points of a route behind `after`, oldest first; those without a version are left out.
  std::vector<HistoryPoint> of(const std::string& route, std::int64_t after) const;

 private:
  static constexpr std::uint16_t kUnknown = 0xFFFF;
  struct Cell {
    std::uint16_t target = kUnknown;
    std::uint16_t observed = kUnknown;
    std::uint16_t mirrored = kUnknown;
    std::uint16_t failed = kUnknown;
    std::uint16_t probability_best = kUnknown;
    std::uint16_t match_rate = kUnknown;
    float rps = -1;  ///< below 0: unknown
    float p99 = -1;
  };
  static std::uint16_t packed(const std::optional<double>& share);
  static Cell cell_of(const HistorySample& sample);
  static HistorySample sample_of(const std::string& version, const Cell& cell);

  struct Series {
    std::vector<Cell> cells;     ///< by the point's number modulo how many are kept
    std::uint64_t begun = 0;     ///< the first point that is in it
    std::uint64_t recorded = 0;  ///< the last one
  };
  using Key = std::pair<std::string, std::string>;

  Series* series_of(const Key& key);
  void forget_the_silent();

  Limits limits_;
  std::vector<std::int64_t> times_;
  std::uint64_t points_ = 0;  ///< begun so far
  std::map<Key, Series> series_;
};

/// `{"seconds": 5, "points": [{"at": …, "versions": {V: {…}}}]}`; what is not known is left out.
nlohmann::ordered_json to_json(const std::vector<HistoryPoint>& points);

/// `after=SECONDS` of a target; 0 without. Fails with one sentence that says what is wrong.
Result<std::int64_t> parse_history_query(std::string_view query);

}  // namespace sluice::admin
