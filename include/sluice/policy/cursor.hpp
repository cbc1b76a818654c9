#pragma once

#include <string>
#include <string_view>

#include "sluice/policy/document.hpp"

namespace sluice::policy {

/// A place in a document: the node, the path that leads to it, and where to send problems.
///
/// A cursor to something that is not written keeps the place of what surrounds it, so a rule may point without asking
/// first.
class Cursor {
 public:
  Cursor(Report& report, const TreeNode& node, Mark key_mark = {}, std::string path = {});

  const TreeNode& node() const noexcept { return *node_; }
  const std::string& path() const noexcept { return path_; }
  Report& report() const noexcept { return *report_; }
  bool written() const noexcept { return written_; }
  /// Written, or probably meant by a misspelled key that has been reported.
  bool meant() const { return written_ || report_->meant(path_); }
  /// The value of a scalar; of a mapping or sequence its key, or its first byte when it has none.
  Mark mark() const noexcept;
  Position position() const { return report_->position(mark()); }

  /// The value under a key of a mapping.
  Cursor at(std::string_view key) const;
  /// An element of a sequence.
  Cursor at(std::size_t index) const;
  Cursor at(const Entry& entry) const;

  void error(Code code, std::string message, std::string suggestion = {}) const;
  void warning(Code code, std::string message) const;
  /// Says that this is written but does not act yet; `what` is put in front: "more than one step: ".
  void inactive(std::string_view what = {}) const;

 private:
  Report* report_;
  const TreeNode* node_;
  Mark key_mark_;
  std::string path_;
  bool written_ = true;
};

}  // namespace sluice::policy
