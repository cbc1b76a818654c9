#include "sluice/policy/cursor.hpp"

#include <utility>

namespace sluice::policy {
namespace {

const TreeNode nothing;

std::string join(const std::string& path, std::string_view key) {
  constexpr std::size_t longest_key = 80;
  std::string out = path;
  if (!out.empty()) out += '.';
  return out.append(key.substr(0, longest_key));
}

}  // namespace

Cursor::Cursor(Report& report, const TreeNode& node, Mark key_mark, std::string path)
    : report_(&report), node_(&node), key_mark_(key_mark), path_(std::move(path)) {}

Mark Cursor::mark() const noexcept {
  const bool value = written_ && node_->kind == TreeNode::Kind::Scalar && node_->mark.known();
  return value || !key_mark_.known() ? node_->mark : key_mark_;
}

Cursor Cursor::at(std::string_view key) const {
  if (const Entry* entry = written_ ? node_->find(key) : nullptr) return at(*entry);
  Cursor missing(*report_, nothing, mark(), join(path_, key));
  missing.written_ = false;
  return missing;
}

Cursor Cursor::at(const Entry& entry) const {
  return Cursor(*report_, *entry.value, entry.key_mark, join(path_, entry.key));
}

Cursor Cursor::at(std::size_t index) const {
  std::string path = path_ + '[' + std::to_string(index) + ']';
  if (written_ && index < node_->items.size()) {
    const TreeNode& item = *node_->items[index];
    return Cursor(*report_, item, item.kind == TreeNode::Kind::Null ? mark() : item.mark, std::move(path));
  }
  Cursor missing(*report_, nothing, mark(), std::move(path));
  missing.written_ = false;
  return missing;
}

void Cursor::error(Code code, std::string message, std::string suggestion) const {
  report_->add(Severity::Error, code, mark(), path_, std::move(message), std::move(suggestion));
}

void Cursor::warning(Code code, std::string message) const {
  report_->add(Severity::Warning, code, mark(), path_, std::move(message));
}

void Cursor::inactive(std::string_view what) const {
  report_->add_inactive(
      mark(), path_,
      std::string(what) + "declared, but this version of Sluice does not act on it yet; remove it to serve");
}

}  // namespace sluice::policy
