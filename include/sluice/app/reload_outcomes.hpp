#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "sluice/base/clock.hpp"

namespace sluice::app {

/// What became of the last policy that was read, for who shows it and for who waits for it. Thread-safe.
class ReloadOutcomes {
 public:
  struct Outcome {
    bool good = true;
    std::string reason;  ///< why not
  };

  /// `demanded`: somebody asked for this reload, so those who wait are told.
  void record(Outcome outcome, bool demanded);
  Outcome last() const;

  /// A ticket, to be taken before a reload is asked for.
  std::uint64_t ticket() const;
  /// The outcome of the next demanded reload after the ticket; nothing when there was none in time, or after `give_up`.
  std::optional<Outcome> wait(std::uint64_t ticket, Duration patience);
  /// Ends all waiting, for good.
  void give_up();

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t demanded_ = 0;
  bool given_up_ = false;
  Outcome last_;
};

}  // namespace sluice::app
