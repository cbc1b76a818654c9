#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/random.hpp"
#include "sluice/stats/histogram.hpp"

/// Random numbers of requests. Equal seeds give equal numbers, whatever the standard library is.
namespace sluice::rollout {

/// How many of something that comes at random come where `mean` are expected. Exact below 30, a normal value with its
/// skewness from there on. Some ten to some hundred nanoseconds, and so is the next one.
std::uint64_t draw_poisson(Random& random, double mean);

/// How many of `n` have what each has with probability `p`; exact where fewer than 30 are expected to (or not to).
std::uint64_t draw_binomial(Random& random, std::uint64_t n, double p);

/// A standard normal value; some 20 ns.
double draw_normal(Random& random);

/// A Beta(a, b) value, for a, b > 0, as the quotient of two gamma values (Marsaglia and Tsang 2000); some 100 ns.
double draw_beta(Random& random, double a, double b);

/// Log-normal latencies around a median, as counts over the buckets of a histogram: p90 is 1.9 times the median, p95
/// 2.3 times, p99 3.2 times. The first byte comes after nine tenths of the time.
class LatencyShape {
 public:
  /// Another p99 bends what lies beyond p90 and leaves the rest; one below p90 makes everything narrower.
  explicit LatencyShape(Duration median, std::optional<Duration> p99 = std::nullopt);

  /// Records `n` draws; some 20 ns for each, and a few microseconds for any large number.
  void record(Random& random, std::uint64_t n, stats::Histogram& latency, stats::Histogram& first_byte) const;

  /// The latency that this share (0…1) of the requests stays within; some 10 ns.
  Duration at(double share) const noexcept;

  /// Records exactly what is expected of `n`; fractions of requests are left in `owed` for the next time.
  void record_expected(std::vector<double>& owed, std::uint64_t n, stats::Histogram& latency,
                       stats::Histogram& first_byte) const;

 private:
  struct Bucket {
    Duration value{0};
    std::size_t latency = 0;
    std::size_t first_byte = 0;
    double probability = 0;
    double up_to = 0;  // of this one and all shorter ones
    double left = 0;   // its part of what is neither in this one nor shorter: for draws one after the other
  };
  static void add(const Bucket& bucket, std::uint64_t times, stats::Histogram& latency, stats::Histogram& first_byte);

  std::vector<Bucket> buckets_;
};

}  // namespace sluice::rollout
