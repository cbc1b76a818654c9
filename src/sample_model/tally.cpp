#include "sample_model/tally.hpp"

#include <algorithm>

namespace sluice::sample_model {

void Tally::add_answer(const std::string& version, const std::string& user, bool correct) {
  auto& tally = versions_[version];
  ++tally.answered;
  tally.correct += correct ? 1 : 0;
  users_[user].insert(version);
  ++answered_;
}

void Tally::add_failure(const std::string& why) {
  ++failures_[why];
  ++failed_;
}

double Tally::share(const std::string& version) const {
  const auto found = versions_.find(version);
  if (found == versions_.end() || answered_ == 0) return 0;
  return static_cast<double>(found->second.answered) / static_cast<double>(answered_);
}

std::size_t Tally::wandering_users() const {
  return static_cast<std::size_t>(
      std::count_if(users_.begin(), users_.end(), [](const auto& user) { return user.second.size() > 1; }));
}

}  // namespace sluice::sample_model
