#pragma once

#include <memory>

#include "sluice/outcomes/answer_value.hpp"
#include "sluice/policy/model_route.hpp"

namespace sluice::app {

/// What the answers of a route are read for: outcomes in the order of the policy, then score and label of its drift;
/// null: nothing.
std::shared_ptr<const outcomes::AnswerFields> answer_fields(const policy::ModelRoute& route);

/// Its requests are told one by one: something is read from their answers, or choices by context are learned from what
/// they came to.
bool is_observed(const policy::ModelRoute& route);

}  // namespace sluice::app
