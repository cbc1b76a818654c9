#include "sluice/upstream/probe_set.hpp"

#include <algorithm>
#include <utility>

namespace sluice::upstream {

ProbeSet::ProbeSet(WorkerContext& context, Events events)
    : context_(&context), events_(std::move(events)), ignored_(std::make_unique<metrics::VersionCounters>()) {}

ProbeSet::Probed ProbeSet::probe(Wanted wanted) {
  WatchedEndpoint& endpoint = *wanted.endpoint;
  Prober::Events events{
      [this, &endpoint](const CallOutcome& outcome) { return events_.checked(endpoint, outcome); },
      [this, &endpoint](std::uint32_t round, const CallOutcome& outcome) {
        return events_.warmed(endpoint, round, outcome);
      },
  };
  return {std::move(wanted.endpoint),
          std::make_unique<Prober>(*context_, *ignored_, std::move(wanted.settings), std::move(events))};
}

void ProbeSet::replace(std::vector<Wanted> wanted) {
  std::vector<Probed> kept;
  for (Wanted& want : wanted) {
    const auto known = std::find_if(probers_.begin(), probers_.end(),
                                    [&](const Probed& probed) { return probed.endpoint == want.endpoint; });
    if (known == probers_.end()) {
      kept.push_back(probe(std::move(want)));
      continue;
    }
    known->prober->update(std::move(want.settings));
    if (want.check_now) known->prober->check_now();
    kept.push_back(std::move(*known));
    probers_.erase(known);
  }
  std::swap(probers_, kept);
  for (Probed& gone : kept) {
    gone.prober->stop();
    leaving_.push_back(std::move(gone));
  }
}

bool ProbeSet::reap() {
  // Called from outside of their coroutines, so they may be destroyed here.
  std::erase_if(leaving_, [](const Probed& probed) { return probed.prober->is_quiet(); });
  return leaving_.empty();
}

}  // namespace sluice::upstream
