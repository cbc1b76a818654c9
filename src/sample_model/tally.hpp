#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>

namespace sluice::sample_model {

/// What the asker learnt about one version.
struct VersionTally {
  std::size_t answered = 0;
  std::size_t correct = 0;

  double accuracy() const noexcept {
    return answered == 0 ? 0 : static_cast<double>(correct) / static_cast<double>(answered);
  }
};

/// Counts answers as they come in. One thread.
class Tally {
 public:
  /// `version` as the gateway named it; "direct" stands for a server that names none.
  void add_answer(const std::string& version, const std::string& user, bool correct);

  /// `why` is a short reason; equal ones are counted together.
  void add_failure(const std::string& why);

  const std::map<std::string, VersionTally>& versions() const noexcept { return versions_; }
  const std::map<std::string, std::size_t>& failures() const noexcept { return failures_; }
  std::size_t answered() const noexcept { return answered_; }
  std::size_t failed() const noexcept { return failed_; }
  std::size_t users() const noexcept { return users_.size(); }

  /// The part of all answers that `version` gave, 0 to 1.
  double share(const std::string& version) const;

  /// Users that were answered by more than one version: none, when the split sticks.
  std::size_t wandering_users() const;

 private:
  std::map<std::string, VersionTally> versions_;
  std::map<std::string, std::size_t> failures_;
  std::map<std::string, std::set<std::string>> users_;
  std::size_t answered_ = 0;
  std::size_t failed_ = 0;
};

}  // namespace sluice::sample_model
