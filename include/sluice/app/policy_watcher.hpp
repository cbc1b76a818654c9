#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "sluice/app/change_detector.hpp"
#include "sluice/base/result.hpp"
#include "sluice/policy/reader.hpp"

namespace sluice::app {

/// Sees that a policy changed: an edited or replaced file, a swapped `..data` link of a mounted ConfigMap, a swapped
/// link anywhere on the way, a demand (SIGHUP). inotify says when, a slow poll catches what inotify cannot see (network
/// file systems, or no inotify at all). Nothing is parsed here.
class PolicyWatcher {
 public:
  struct Change {
    std::vector<policy::Source> sources;
    /// Asked for, and so the content may be the same: the number of the last demand that came before the reading
    /// began. 0: nobody asked.
    std::uint64_t demand = 0;
  };

  struct Callbacks {
    /// New content. On the watcher's thread; the next change waits until it returns.
    std::function<void(const Change&)> on_change;
    /// The files cannot be read any more; the policy in force stays. Once per disappearance, and whenever somebody
    /// asks; `demand` as in Change. On the watcher's thread.
    std::function<void(const Error&, std::uint64_t demand)> on_unreadable;
  };

  /// Watches from now on. `in_force` is what the caller loaded from `path`; a change between that and now is seen.
  /// Both callbacks must be set and must not throw.
  PolicyWatcher(std::filesystem::path path, const std::vector<policy::Source>& in_force, Callbacks callbacks,
                ChangeDetector::Timing timing = {});
  /// Stops and waits for a running callback.
  ~PolicyWatcher();
  PolicyWatcher(const PolicyWatcher&) = delete;
  PolicyWatcher& operator=(const PolicyWatcher&) = delete;

  /// Reload now. The number of this demand: 1, 2, …; the files are read after this call for it. Any thread, also from a
  /// signal handler.
  std::uint64_t trigger() noexcept;

  /// False when this system has no inotify left and only the poll remains.
  bool notified_by_kernel() const noexcept { return inotify_ >= 0; }

 private:
  void run();
  void wait_until(TimePoint when);
  void drain_inotify();
  bool concerns_us(int watch, std::uint32_t mask, const std::string& name);
  void look();
  void watch_everything();

  const std::filesystem::path path_;
  const Callbacks callbacks_;
  ChangeDetector detector_;
  int inotify_ = -1;
  int wake_ = -1;
  std::map<int, std::set<std::string>> names_;  // by inotify watch; an empty set means every name
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> demands_{0};
  std::uint64_t heard_ = 0;     // demands that a look was or will be made for
  std::uint64_t answered_ = 0;  // demands that one was made for
  std::thread thread_;
};

/// Names and bytes of all sources in 64 bits.
std::uint64_t fingerprint(const std::vector<policy::Source>& sources) noexcept;

/// The directories, and in each the names, whose changes may change what `path` leads to: every link on the way, the
/// file itself, and in a directory of policies every name (an empty set).
std::map<std::filesystem::path, std::set<std::string>> watch_points(const std::filesystem::path& path);

}  // namespace sluice::app
