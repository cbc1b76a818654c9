#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "pair_fixtures.hpp"
#include "sluice/compare/evaluation.hpp"

namespace sluice::compare {

inline std::string body_of(const std::string& label, int time = 1) {
  return R"({"label":")" + label + R"(","time":)" + std::to_string(time) + "}";
}

class EvaluationTest : public ::testing::Test {
 protected:
  EvaluationTest() {
    evaluation_.set_routes({shadow_route()});
    evaluation_.set_current("fraud", 1);
  }

  void note(AnswerPair pair, std::size_t worker = 0) {
    pair.at = clock_.wall_now();
    evaluation_.note(worker, on_heap(std::move(pair)));
  }
  /// Live's label and the candidate's.
  void note_labels(const std::string& live, const std::string& other, std::uint64_t window = 1) {
    AnswerPair pair = a_pair(answered(body_of(live)), answered(body_of(other)));
    pair.window = window;
    note(std::move(pair));
  }
  std::shared_ptr<const Findings> found(std::uint64_t window = 1, const std::string& version = "v2") {
    evaluation_.run_now();
    return evaluation_.findings("fraud", version, window);
  }

  ManualClock clock_;
  Evaluation evaluation_{2, clock_, 10'000};
};

}  // namespace sluice::compare
