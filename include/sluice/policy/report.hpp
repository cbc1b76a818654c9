#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/policy/codes.hpp"
#include "sluice/policy/problem.hpp"

namespace sluice::policy {

/// A place in the text of one file as the YAML parser counts: line and byte within it, both from 0; -1: nowhere.
struct Mark {
  int line = -1;
  int column = -1;

  bool known() const noexcept { return line >= 0; }
};

/// Collects what is wrong in one file. Bounded: after 1000 problems it says so once and counts no further.
class Report {
 public:
  Report(std::string file, std::string_view text);

  void add(Severity severity, Code code, Mark mark, std::string path, std::string message, std::string suggestion = {});
  /// Notes something that is written but does not act yet. Ignored inside an InactiveScope.
  void add_inactive(Mark mark, std::string path, std::string message);

  /// Remembers that a misspelled key probably stands for this path, so that nobody also calls the path missing.
  void note_meant(std::string path) { meant_.insert(std::move(path)); }
  bool meant(const std::string& path) const { return meant_.contains(path); }
  /// True once nothing more will be kept; a caller may then stop looking.
  bool full() const noexcept;
  Position position(Mark mark) const;
  const std::vector<Problem>& problems() const noexcept { return problems_; }
  const std::vector<Problem>& inactive() const noexcept { return inactive_; }

  /// While one lives, what does not act yet has been said once for the whole block.
  class InactiveScope {
   public:
    explicit InactiveScope(Report& report) : report_(report) { ++report_.inactive_depth_; }
    ~InactiveScope() { --report_.inactive_depth_; }
    InactiveScope(const InactiveScope&) = delete;
    InactiveScope& operator=(const InactiveScope&) = delete;

   private:
    Report& report_;
  };

 private:
  Problem make(Severity severity, Code code, Mark mark, std::string path, std::string message) const;
  std::string_view line(int index) const noexcept;

  std::string file_;
  std::vector<std::string_view> lines_;
  std::vector<Problem> problems_;
  std::vector<Problem> inactive_;
  std::set<std::string> meant_;
  int inactive_depth_ = 0;
};

}  // namespace sluice::policy
