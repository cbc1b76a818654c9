#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "sluice/base/clock.hpp"
#include "sluice/base/units.hpp"

namespace sluice::sample_model {

/// What differs between two answers to the same request although nothing is wrong.
struct Noise {
  bool id = false;         ///< every answer has one of its own
  bool timestamp = false;  ///< the same
  bool sampling = false;   ///< something is drawn by chance
};

/// Reads `id,timestamp,sampling`, any of the three; empty: none. Nothing for anything else.
std::optional<Noise> parse_noise(std::string_view text);

/// What is wrong with a model on purpose.
struct Faults {
  Ratio error_rate;    ///< share of inferences answered with 500
  Duration latency{};  ///< added to every inference
  Ratio drift;         ///< how far the ink fades before the model sees it: 100 % is blank paper
  Noise noise{};
  std::uint64_t seed = 1;  ///< of errors and noise
};

/// Applies faults in an order that depends on the seed alone. One thread.
class FaultInjector {
 public:
  explicit FaultInjector(Faults faults) : faults_(faults), random_(faults.seed) {}

  /// True when this inference is to fail.
  bool next_fails() noexcept;

  /// Takes the drift's share of full ink from every pixel, down to paper: thin strokes vanish, thick ones turn pale.
  void fade(std::span<float> pixels) const noexcept;

  Duration latency() const noexcept { return faults_.latency; }
  const Faults& faults() const noexcept { return faults_; }

  /// From 0 to 1, 1 excluded.
  double draw() noexcept;
  /// 16 hexadecimal digits, others every time.
  std::string next_id();
  /// Microseconds that only grow; of no clock.
  std::uint64_t next_time() noexcept { return time_ += 1 + random_() % 5000; }

 private:
  Faults faults_;
  std::mt19937_64 random_;
  std::uint64_t time_ = 1'700'000'000'000'000;
};

}  // namespace sluice::sample_model
