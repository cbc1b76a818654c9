#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/compare/answer_pair.hpp"
#include "sluice/compare/candidate_sums.hpp"
#include "sluice/compare/evaluation_counts.hpp"
#include "sluice/compare/findings.hpp"
#include "sluice/compare/kept_pairs.hpp"
#include "sluice/policy/model_route.hpp"

namespace sluice::compare {

/// Compares what the workers hand over, on a thread of its own, and keeps the sums. Bounded: at most kQueue pairs per
/// worker wait, their bodies take at most `memory_bytes` together; what does not fit is counted, for both versions
/// alike.
///
/// The thread is nicer than the workers (by 10): where processors are short it gets about a tenth of what a worker
/// gets, so comparing delays no live request, and pairs are lost instead.
class Evaluation final : public PairSink {
 public:
  static constexpr std::size_t kQueue = 4096;
  static constexpr std::size_t kMemory = std::size_t{64} << 20;
  static constexpr std::size_t kDecisions = 131'072;  ///< whose later outcomes are followed, of all routes
  static constexpr std::size_t kGoneVersions = 64;    ///< in no policy any more, whose counts go on if one comes back

  /// The clock outlives it.
  explicit Evaluation(std::size_t workers, const Clock& clock, std::size_t memory_bytes = kMemory);
  /// Nobody may hand over pairs any more, nor hold answers whose bodies are of its memory.
  ~Evaluation();
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

  /// The policy that is in force: routes whose rules are as before keep what they have. Pairs of a route that is not
  /// there, or makes no copies, are dropped and counted. Any thread.
  void set_routes(const std::vector<policy::ModelRoute>& routes);
  /// The window that is in force; what was found in those before is forgotten, but which fields are noise. Kept
  /// pairs whose time is over go; so to be told now and then, also when it is the same. Any thread.
  void set_current(std::string_view route, std::uint64_t window);
  /// Begins to compare; without it pairs wait. Harmless when repeated.
  void start();
  /// Ends the thread; what waits is dropped and counted, and so is all that is handed over later. Harmless when
  /// repeated. There is no second start.
  void stop();

  void note(std::size_t worker, std::unique_ptr<AnswerPair> pair) noexcept override;
  Memory& memory() noexcept override;

  /// Compares all that waits on the calling thread; for tests, without start().
  void run_now();

  /// Nothing before the first pair of that window. Any thread; a snapshot that does not change any more.
  std::shared_ptr<const Findings> findings(std::string_view route, std::string_view version,
                                           std::uint64_t window) const;
  /// What that version predicted in its answers to copies since this was last asked, at most
  /// CandidateSums::kPredictions; nothing of another window. Any thread.
  std::vector<CopyPrediction> take_predictions(std::string_view route, std::string_view version, std::uint64_t window);
  /// Of versions of the policy in force; every candidate is there from the start, at 0. Any thread.
  EvaluationCounts counts() const;
  /// The worst first; expired ones are gone. Nothing where the policy keeps none. Any thread.
  std::vector<KeptPair> kept(std::string_view route) const;

  /// A later report about a decision whose pair was compared: it counts for the candidate too where both answers
  /// agreed. `route` is its name's hash. Any thread.
  void note_outcome(std::uint64_t route, std::uint64_t nonce, std::string_view outcome, double value);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::compare
