#include "sample_model/faults.hpp"

#include <algorithm>

#include "sample_model/digits.hpp"

namespace sluice::sample_model {

std::optional<Noise> parse_noise(std::string_view text) {
  Noise noise;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(','));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    bool* const kind = word == "id"          ? &noise.id
                       : word == "timestamp" ? &noise.timestamp
                       : word == "sampling"  ? &noise.sampling
                                             : nullptr;
    if (kind == nullptr) return std::nullopt;
    *kind = true;
  }
  return noise;
}

double FaultInjector::draw() noexcept {
  // Not std::uniform_real_distribution: its result differs between standard libraries.
  return static_cast<double>(random_() >> 11) * 0x1p-53;
}

std::string FaultInjector::next_id() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string id(16, '0');
  auto bits = random_();
  for (char& digit : id) {
    digit = digits[bits & 15];
    bits >>= 4;
  }
  return id;
}

bool FaultInjector::next_fails() noexcept {
  return faults_.error_rate.fraction > 0 && draw() < faults_.error_rate.fraction;
}

void FaultInjector::fade(std::span<float> pixels) const noexcept {
  const auto lost = static_cast<float>(faults_.drift.fraction) * full_ink;
  for (auto& pixel : pixels) pixel = std::max(0.0f, pixel - lost);
}

}  // namespace sluice::sample_model
