#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "sluice/upstream/prober.hpp"
#include "sluice/upstream/version_watch.hpp"

namespace sluice::upstream {

/// The probers of all endpoints that are to be checked or warmed up. One thread, the loop's; nothing here locks.
class ProbeSet {
 public:
  struct Wanted {
    std::shared_ptr<WatchedEndpoint> endpoint;
    Prober::Settings settings;
    bool check_now = false;  ///< does not wait for its time
  };
  /// As in Prober, with the endpoint they are about.
  struct Events {
    std::function<Duration(WatchedEndpoint&, const CallOutcome&)> checked;
    std::function<bool(WatchedEndpoint&, std::uint32_t round, const CallOutcome&)> warmed;
  };

  ProbeSet(WorkerContext& context, Events events);

  /// From here on exactly these are probed; the probers of others end what is under way and go.
  void replace(std::vector<Wanted> wanted);

  /// `visit(endpoint, prober)` for each that is probed. It may not replace them.
  template <typename Visit>
  void each(Visit visit) {
    for (const Probed& probed : probers_) visit(*probed.endpoint, *probed.prober);
  }

  /// Destroys the probers that have ended; true when all are that shall.
  bool reap();
  bool is_empty() const noexcept { return probers_.empty() && leaving_.empty(); }

 private:
  struct Probed {
    std::shared_ptr<WatchedEndpoint> endpoint;
    std::unique_ptr<Prober> prober;  // goes first
  };
  Probed probe(Wanted wanted);

  WorkerContext* context_;
  Events events_;
  std::unique_ptr<metrics::VersionCounters> ignored_;  // what the probers' pools count is nobody's traffic
  std::vector<Probed> probers_;
  std::vector<Probed> leaving_;
};

}  // namespace sluice::upstream
