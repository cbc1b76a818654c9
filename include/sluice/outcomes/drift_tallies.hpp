#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "sluice/outcomes/drift_series.hpp"
#include "sluice/outcomes/observation.hpp"
#include "sluice/policy/model_route.hpp"

namespace sluice::outcomes {

/// The frozen reference window of one rollout, as it is kept over restarts. Plain data.
struct DriftReference {
  std::string rollout;              ///< "fraud-3"
  std::uint64_t rules = 0;          ///< a hash of what is read, and of whose answers
  std::optional<FrozenBins> score;  ///< nothing: not read, or not complete yet
  std::optional<FrozenBins> label;
  friend bool operator==(const DriftReference&, const DriftReference&) = default;
};

/// How scores and classes of live answers are distributed, by route, version and window, beside stable's and beside
/// the reference: stable's first values since the rollout began. Only decisions of the split count, and of a user who
/// sticks one answer in a window, or in a day of a long one: the others are not independent of it. Not thread-safe.
class DriftTallies {
 public:
  /// Of a route so many users are told apart; the answers of others are left out.
  static constexpr std::size_t kUnits = 100'000;

  /// The policy in force; routes that read the same of the same versions keep what they have.
  void set_routes(const std::vector<policy::ModelRoute>& routes);
  /// Which rollout a route is in, and the window that it is at: another rollout has a reference of its own, `kept` when
  /// that is of this one and of what is read now. Harmless when repeated.
  void set_rollout(std::string_view route, std::string_view rollout, std::uint64_t window, const DriftReference* kept);
  /// Half a microsecond. What is of an earlier window is left out; a later one begins with the first that is of it.
  void add(const Observation& observation);
  /// What a version predicted in its answer to a copy: no client saw it, so it is told apart from what `of` has. Only
  /// of the current window. `unit`: hash of the user, 0 for none; of each one copy counts, as above.
  void add_copy(std::string_view route, std::string_view version, std::uint64_t window, const Prediction& prediction,
                std::uint64_t unit);
  void set_current(std::string_view route, std::uint64_t window);

  /// Of the score, then of the class, as far as they are read and the bins are frozen; nothing for another window than
  /// the current one.
  std::vector<DriftCounts> of(std::string_view route, std::string_view version, std::uint64_t window) const;
  /// The same of its answers to copies.
  std::vector<DriftCounts> of_copies(std::string_view route, std::string_view version, std::uint64_t window) const;
  /// References that became complete since they were last said to be kept, by route.
  std::map<std::string, DriftReference> unkept() const;
  void note_kept(const std::string& route);

  /// For people and metrics, of the routes in force.
  struct Shown {
    std::string route;
    std::vector<std::string> versions;
    std::string stable;
    const DriftSeries* score = nullptr;  ///< a version's answers to copies stand behind those of all versions
    const DriftSeries* label = nullptr;
    std::array<std::uint64_t, unread_reasons> score_unread{};  ///< since the process began
    std::array<std::uint64_t, unread_reasons> label_unread{};
  };
  std::vector<Shown> shown() const;

 private:
  struct Route {
    std::string name;
    std::vector<std::string> versions;
    std::vector<std::uint64_t> hashes;  // of these
    std::size_t stable = 0;
    std::uint64_t reference = 0;
    bool reads_score = false;
    bool reads_label = false;
    std::uint64_t rules = 0;
    std::string rollout;
    std::uint64_t window = 0;
    std::optional<DriftSeries> score;
    std::optional<DriftSeries> label;
    std::array<std::uint64_t, unread_reasons> score_unread{};
    std::array<std::uint64_t, unread_reasons> label_unread{};
    std::uint32_t kept = 0;                          // how many of the two
    std::unordered_set<std::uint64_t> units;         // whose answer was counted since the window, or the day, began
    std::unordered_set<std::uint64_t> copied_units;  // the same of copies, by version
    std::int64_t day = 0;                            // since 1970

    bool is_first_of_unit(const Decision& decision);
    bool is_first_copy_of_unit(std::uint64_t unit, std::size_t place);
    void begin();
    void begin_window(std::uint64_t next);
    std::uint32_t complete() const noexcept;
  };
  static Route to_route(const policy::ModelRoute& route);
  Route* find(std::string_view route);
  std::vector<DriftCounts> counts_of(std::string_view route, std::string_view version, std::uint64_t window,
                                     bool copies) const;

  std::map<std::uint64_t, Route> routes_;  // by the hash of the name
};

/// The version that others are compared with: stable, live, active, the control, the first arm.
std::string compared_with(const policy::ModelRoute& route);

}  // namespace sluice::outcomes
