#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sluice/compare/answer_pair.hpp"
#include "sluice/compare/comparison.hpp"
#include "sluice/compare/kept_pairs.hpp"
#include "sluice/compare/route_rules.hpp"
#include "sluice/policy/model_route.hpp"

namespace sluice::compare {

/// How bad it is, no matter what is noise.
inline double severity_of(const Comparison& pair) {
  return severity_beyond(pair.differences, [](const Difference&) { return true; });
}

/// Compared, and different in the values of these fields.
inline Comparison differing(const std::vector<std::string>& fields) {
  Comparison made;
  made.compared = true;
  for (const std::string& field : fields) made.differences.push_back({field, Change::Value, 1, 1});
  return made;
}

inline Comparison alike() {
  return differing({});
}

/// One of the two was refused, so nobody looked at bodies.
inline Comparison refused() {
  Comparison made = differing({"status"});
  made.differences.front().change = Change::Status;
  return made;
}

inline Answer answered(std::string body = "{}", float latency = 0.01F) {
  Answer made;
  made.status = 200;
  made.complete = true;
  made.latency = latency;
  made.body = std::move(body);
  return made;
}

inline Answer failed_answer() {
  Answer made = answered("");
  made.status = 503;
  return made;
}

/// Versions v1 (live), v2 and v3; segments mobile and desktop; JSON is compared.
inline policy::ModelRoute shadow_route(const std::string& name = "fraud") {
  policy::ModelRoute route;
  route.name = name;
  route.protocol = policy::Protocol::Raw;
  for (const char* const version : {"v1", "v2", "v3"}) route.versions.emplace_back().name = version;
  for (const char* const segment : {"mobile", "desktop"}) route.segments.emplace_back().name = segment;
  policy::Shadow shadow;
  shadow.live = "v1";
  for (const char* const version : {"v2", "v3"}) shadow.candidates.emplace_back().version = version;
  shadow.compare = policy::Compare{};
  route.strategy = shadow;
  return route;
}

inline policy::Compare& compare_in(policy::ModelRoute& route) {
  return *std::get<policy::Shadow>(route.strategy).compare;
}

/// Window 1, of v2 beside v1.
inline AnswerPair a_pair(Answer live = answered(), Answer other = answered()) {
  AnswerPair made;
  made.route = route_hash("fraud");
  made.window = 1;
  made.live = 0;
  made.other = 1;
  made.at = WallTime(std::chrono::hours(1));
  made.live_answer = std::make_shared<const Answer>(std::move(live));
  made.other_answer = std::move(other);
  return made;
}

inline AnswerPair a_twin(Answer first = answered(), Answer second = answered()) {
  AnswerPair made = a_pair(std::move(first), std::move(second));
  made.kind = PairKind::Twin;
  made.other = made.live;
  return made;
}

inline std::unique_ptr<AnswerPair> on_heap(AnswerPair pair) {
  return std::make_unique<AnswerPair>(std::move(pair));
}

}  // namespace sluice::compare
