#include "sluice/admin/disagreement_json.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "sluice/admin/rollout_json.hpp"

namespace sluice::admin {

namespace {

nlohmann::ordered_json answer_json(const AnswerView& answer) {
  nlohmann::ordered_json out;
  out["status"] = answer.status == 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(answer.status);
  out["seconds"] = answer.seconds;
  out["body"] = answer.body;
  return out;
}

nlohmann::ordered_json pair_json(const DisagreementView& pair) {
  nlohmann::ordered_json out;
  out["version"] = pair.version;
  out["segment"] = pair.segment;
  out["requestId"] = pair.request_id;
  out["at"] = text_of(pair.at);
  out["severity"] = pair.severity;
  out["differences"] = nlohmann::ordered_json::array();
  for (const DifferenceView& one : pair.differences) {
    out["differences"].push_back(
        {{"field", one.field}, {"change", one.change}, {"size", one.size}, {"places", one.places}});
  }
  out["live"] = answer_json(pair.live);
  out["candidate"] = answer_json(pair.candidate);
  return out;
}

}  // namespace

Result<DisagreementQuery> parse_disagreement_query(std::string_view query) {
  DisagreementQuery out;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    const std::string_view key = part.substr(0, part.find('='));
    const std::string_view value = part.substr(std::min(key.size() + 1, part.size()));
    if (key == "version") {
      out.version = value;
    } else if (key == "limit") {
      const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), out.limit);
      const bool is_number = problem == std::errc{} && end == value.data() + value.size();
      if (!is_number || out.limit < 1 || out.limit > most_disagreements) {
        return fail(Error::client("limit is a number from 1 to 1000"));
      }
    } else {
      return fail(Error::client("unknown parameter \"" + std::string(key) + "\"; there are version and limit"));
    }
  }
  return out;
}

nlohmann::ordered_json to_json(const std::string& route, const std::vector<DisagreementView>& pairs,
                               const DisagreementQuery& wanted) {
  nlohmann::ordered_json out;
  out["route"] = route;
  out["pairs"] = nlohmann::ordered_json::array();
  std::size_t bytes = 0;
  std::size_t left_out = 0;
  for (const DisagreementView& pair : pairs) {
    if (!wanted.version.empty() && pair.version != wanted.version) continue;
    const std::size_t more = pair.live.body.size() + pair.candidate.body.size();
    if (left_out > 0 || out["pairs"].size() == wanted.limit || bytes + more > disagreement_bytes) {
      ++left_out;
      continue;
    }
    bytes += more;
    out["pairs"].push_back(pair_json(pair));
  }
  out["leftOut"] = left_out;
  return out;
}

}  // namespace sluice::admin
