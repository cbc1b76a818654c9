#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace sluice::app {

/// What became of the policies that were read, for who shows it and for who asked for it. Thread-safe; nobody waits.
///
/// Demands are numbered from 1 (`PolicyWatcher::trigger`). A load answers all demands that came before it began to
/// read, and none that came later: those may be about other files.
class ReloadOutcomes {
 public:
  struct Outcome {
    bool good = true;
    std::string reason;  ///< why not
  };

  /// `demand`: the last one that the load answers; 0: nobody asked for it.
  void record(Outcome outcome, std::uint64_t demand);
  Outcome last() const;

  /// What became of the first load that answers the demand; nothing while there is none. The last 16 are known: an
  /// older demand is told what became of a later load.
  std::optional<Outcome> of(std::uint64_t demand) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Outcome> answers_;  // by the last demand that they answer
  Outcome last_;
};

}  // namespace sluice::app
