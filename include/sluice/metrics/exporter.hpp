#pragma once

#include <memory>
#include <string>

#include "sluice/metrics/registry.hpp"

namespace sluice::metrics {

/// The Prometheus text of everything in a registry, plus `process_*`, in the exposition format 0.0.4.
class Exporter {
 public:
  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

  /// The registry must outlive the exporter.
  explicit Exporter(const Registry& registry);
  ~Exporter();

  /// Any thread. Adds up all workers at the moment of the call; a millisecond per a few dozen versions.
  std::string text() const;

 private:
  class Collector;
  std::unique_ptr<Collector> collector_;
};

}  // namespace sluice::metrics
