#pragma once

#include <cstdint>
#include <random>
#include <span>

#include "sluice/base/clock.hpp"
#include "sluice/base/units.hpp"

namespace sluice::sample_model {

/// What is wrong with a model on purpose.
struct Faults {
  Ratio error_rate;    ///< share of inferences answered with 500
  Duration latency{};  ///< added to every inference
  Ratio drift;         ///< how far the ink fades before the model sees it: 100 % is blank paper
};

/// Applies faults in an order that depends on the seed alone. One thread.
class FaultInjector {
 public:
  explicit FaultInjector(Faults faults, std::uint64_t seed = 1) : faults_(faults), random_(seed) {}

  /// True when this inference is to fail.
  bool next_fails() noexcept;

  /// Takes the drift's share of full ink from every pixel, down to paper: thin strokes vanish, thick ones turn pale.
  void fade(std::span<float> pixels) const noexcept;

  Duration latency() const noexcept { return faults_.latency; }

 private:
  Faults faults_;
  std::mt19937_64 random_;
};

}  // namespace sluice::sample_model
