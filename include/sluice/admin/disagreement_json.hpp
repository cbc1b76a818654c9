#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/admin/views.hpp"
#include "sluice/base/result.hpp"

/// Pairs of answers that differ, as JSON.
namespace sluice::admin {

/// Which of them are wanted.
struct DisagreementQuery {
  std::string version;  ///< empty: of every candidate
  std::size_t limit = 20;
};
inline constexpr std::size_t most_disagreements = 1000;
/// Bodies of one answer together; pairs beyond it are left out.
inline constexpr std::size_t disagreement_bytes = std::size_t{4} << 20;

/// `version=…&limit=…` of a target. Fails with one sentence that says what is wrong.
Result<DisagreementQuery> parse_disagreement_query(std::string_view query);

/// In the order that they come in; `leftOut` counts those that are wanted and did not fit.
nlohmann::ordered_json to_json(const std::string& route, const std::vector<DisagreementView>& pairs,
                               const DisagreementQuery& wanted);

}  // namespace sluice::admin
