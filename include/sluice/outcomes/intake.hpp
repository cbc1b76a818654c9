#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/result.hpp"
#include "sluice/outcomes/catalogue.hpp"
#include "sluice/outcomes/decision.hpp"
#include "sluice/outcomes/door.hpp"
#include "sluice/outcomes/intake_counts.hpp"
#include "sluice/outcomes/tallies.hpp"
#include "sluice/outcomes/token.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/state/ledger.hpp"

namespace sluice::outcomes {

struct Judged;

/// Takes what applications report to the ledger and adds it up, on a thread of its own. What waits at the same moment
/// is kept in one commit, and answered once that is durable. Functions may be called from any thread, unless they say
/// otherwise; none of them waits for the storage.
class Intake final : public Door {
 public:
  struct Options {
    std::size_t posts = 1024;                        ///< that may wait
    std::size_t bytes = std::size_t{64} << 20;       ///< of them
    std::size_t batch_bytes = std::size_t{4} << 20;  ///< that are kept in one commit, about
    std::size_t most_units = 1'000'000;              ///< that are told apart, over everything
  };
  /// Told each value that is new, once it is kept; on the intake's thread, quick.
  using OnReport = std::function<void(const Decision&, std::string_view outcome, double value, WallTime now)>;
  /// Told when other keys sign; on the intake's thread.
  using OnKeys = std::function<void(std::shared_ptr<const TokenKeys>)>;

  /// Ledger and clock outlive it. The ledger is the intake's alone from now on.
  Intake(state::Ledger& ledger, const Clock& clock);
  Intake(state::Ledger& ledger, const Clock& clock, Options options);
  ~Intake() override;

  /// Finds the keys, or makes the first. Once, before anything else; on the caller's thread.
  Result<void> open();
  std::shared_ptr<const TokenKeys> keys() const;
  /// The policy that is in force: for every post from now on. The first call reads the ledger, on the caller's thread;
  /// a later one that changes what counts has it read again before the next post.
  Result<void> set_routes(const std::vector<policy::ModelRoute>& routes);
  /// Posts are taken from now on. Once, after the first routes.
  void start(OnReport on_report, OnKeys on_keys);
  /// Refuses posts from now on, keeps and answers those that were taken, ends the thread. Harmless when repeated.
  void close();

  void submit(Post post, std::function<void(Answer)> done) override;

  /// The split made so many decisions more; kept within a second, but not before the clock knows the year. What a
  /// route's window is, this says too.
  void note_decisions(std::string_view route, std::string_view version, std::uint64_t window, std::uint64_t count);
  /// What came of a version's decisions, by each reported outcome in the order of the policy. 10 µs.
  std::vector<OutcomeTally> evidence(std::string_view route, std::string_view version, std::uint64_t window);

  /// Since the start; every route, version and outcome of the policy is there.
  IntakeCounts counts() const;
  IntakeHealth health() const;

 private:
  struct Waiting {
    Post post;
    std::function<void(Answer)> done;
    WallTime arrived{};
  };
  /// One that is being worked on.
  struct Open;
  using DecisionKey = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::int64_t>;
  using Decisions = std::map<DecisionKey, std::uint64_t>;

  std::shared_ptr<const Catalogue> wanted() const;
  void run();
  void work(std::vector<Waiting> posts);
  void take_routes();
  Result<void> reread(const std::shared_ptr<const Catalogue>& catalogue, bool is_all = false);
  Result<void> read_into(Tallies& fresh, const std::set<std::uint64_t>& routes);
  Result<void> keep(std::vector<Open>& open);
  void add_up(const std::vector<Open>& open, const std::vector<state::Ledger::Taken>& taken);
  void tend();
  Result<void> tend_keys();
  Result<void> tend_ledger();
  Result<void> keep_decisions();
  void note_failure(const Result<void>& done);
  /// The wall clock, but for leaps; calls with mutex_ held.
  WallTime moment();
  static state::LedgerDecisions to_ledger(const DecisionKey& key, std::uint64_t count);

  state::Ledger& ledger_;
  const Clock& clock_;
  const Options options_;
  OnReport on_report_;
  OnKeys on_keys_;

  // The intake's thread, once it runs.
  std::shared_ptr<const Catalogue> catalogue_;
  std::shared_ptr<const Catalogue> tried_;  ///< the last one that was to be used
  TimePoint tended_{};
  TimePoint folded_{};
  bool has_read_ = false;           ///< the ledger, once
  std::set<std::uint64_t> stored_;  ///< routes of which it may have something
  bool is_folding_ = false;         ///< there is more to fold

  mutable std::mutex door_mutex_;  // guards what follows, for a moment at a time: workers wait for it
  std::condition_variable wake_;
  std::deque<Waiting> queue_;
  std::size_t queued_bytes_ = 0;
  bool running_ = false;
  std::uint64_t turned_away_ = 0;
  std::shared_ptr<const Catalogue> wanted_;

  mutable std::mutex mutex_;  // guards what follows; held while a batch is added up, never while the ledger works
  std::shared_ptr<const TokenKeys> keys_;
  Tallies tallies_;
  Decisions decisions_;                             // that the ledger does not have yet
  Decisions undated_;                               // that were made before the clock knew the year
  std::map<std::uint64_t, std::uint64_t> windows_;  // by route, the one in force
  WallTime latest_{};                               // moment that was noted,
  TimePoint latest_at_{};                           // and when
  TimePoint ahead_since_{};                         // the wall clock leapt forward; 0: it did not
  bool went_back_ = false;                          // behind what was noted
  IntakeCounts counts_;
  IntakeHealth health_;
  std::thread thread_;
};

}  // namespace sluice::outcomes
