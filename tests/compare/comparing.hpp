#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/compare/comparison.hpp"

namespace sluice::compare {

/// "alike", "not compared", or what differs: "/a value, /b missing".
inline std::string told(const Comparison& comparison) {
  if (!comparison.compared) return "not compared";
  std::string all;
  for (const Difference& one : comparison.differences) {
    if (!all.empty()) all += ", ";
    all += one.field + ' ' + std::string(to_string(one.change));
  }
  return all.empty() ? "alike" : all;
}

inline Answer answer_of(std::string body, std::uint16_t status = 200) {
  Answer made;
  made.status = status;
  made.complete = true;
  made.latency = 0.5F;
  made.body = std::move(body);
  return made;
}

/// A stream of these events.
inline Answer stream_of(const std::vector<std::string>& events) {
  std::string body;
  for (const std::string& event : events) body += "data: " + event + "\n\n";
  Answer made = answer_of(body);
  made.events = true;
  return made;
}

/// The binary tensor extension.
inline Answer binary_answer(const std::string& json, const std::string& bytes) {
  Answer made = answer_of(json + bytes);
  made.json_bytes = json.size();
  return made;
}

/// The bytes of a tensor.
template <typename T>
std::string bytes_of(const std::vector<T>& elements) {
  std::string bytes(elements.size() * sizeof(T), '\0');
  if (!elements.empty()) std::memcpy(bytes.data(), elements.data(), bytes.size());
  return bytes;
}

/// Compares by one policy.
class Judge {
 public:
  explicit Judge(policy::Protocol protocol, std::optional<policy::Compare> compare = policy::Compare{},
                 std::optional<policy::Drift> drift = std::nullopt)
      : rules_(protocol, std::move(compare), std::move(drift)) {}

  Comparison judge(const Answer& live, const Answer& other) { return comparer_.compare(rules_, live, other); }
  std::string tell(const Answer& live, const Answer& other) { return told(judge(live, other)); }
  std::string tell(const std::string& live, const std::string& other) {
    return tell(answer_of(live), answer_of(other));
  }

 private:
  CompareRules rules_;
  Comparer comparer_;
};

}  // namespace sluice::compare
