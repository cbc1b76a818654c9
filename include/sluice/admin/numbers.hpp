#pragma once

#include <cmath>

namespace sluice::admin {

/// Rounded to four significant digits: shorter to send, and the same again when nothing much has changed.
inline double four_digits(double value) {
  if (value == 0 || !std::isfinite(value)) return 0;
  const double scale = std::pow(10.0, 3 - std::floor(std::log10(std::fabs(value))));
  return std::round(value * scale) / scale;
}

}  // namespace sluice::admin
