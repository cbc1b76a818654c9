#pragma once

#include <memory>

#include "sample_model/repository.hpp"
#include "shipped_digits.hpp"

namespace sluice::sample_model {

/// All variants, trained once for all tests, with v1 loaded.
inline Repository shipped_repository(Faults faults = {}) {
  static const auto coarse = std::make_shared<const Classifier>(Sight::Coarse, shipped_digits().train);
  static const auto full = std::make_shared<const Classifier>(Sight::Full, shipped_digits().train);
  return Repository({{"v1", coarse}, {"v2", full}, {"v3", full}}, {"v1", faults});
}

}  // namespace sluice::sample_model
