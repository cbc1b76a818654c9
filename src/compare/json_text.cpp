#include <algorithm>
#include <array>

#include "sluice/compare/json_walk.hpp"

namespace sluice::compare {

namespace {

/// Members of OpenAI answers that hold prose, which two good answers may word differently.
constexpr std::array<std::string_view, 7> kProse = {"content", "text",    "reasoning_content", "reasoning",
                                                    "refusal", "summary", "transcript"};

bool is_prose(std::string_view key) noexcept {
  return std::find(kProse.begin(), kProse.end(), key) != kProse.end();
}

bool is_container(JsonKind kind) noexcept {
  return kind == JsonKind::Object || kind == JsonKind::List;
}

}  // namespace

void JsonWalk::texts(JsonTree::Place live, JsonTree::Place other, WalkScope scope) {
  if (live_->raw(live) == other_->raw(other)) return;
  const std::string_view mine = live_->text(live, live_text_);
  const std::string_view theirs = other_->text(other, other_text_);
  if (mine == theirs) return;
  const bool is_of_chat = rules_.is_chat && !in_arguments_;
  if (is_of_chat && key_ == "arguments" && arguments(mine, theirs, scope)) return;
  if (!is_of_chat || !is_prose(key_)) {
    note(Change::Value, 0, gravity_of(Change::Value));
    return;
  }
  if (testing_ && !(rules_.edit_ratio > 0)) {
    differs_ = true;
    return;
  }
  steps_ += mine.size() + theirs.size();
  const double ratio = text_compare_.edit_ratio(mine, theirs);
  if (ratio > rules_.edit_ratio) note(Change::Text, ratio, gravity_of_share(Change::Text, ratio));
}

bool JsonWalk::arguments(std::string_view live, std::string_view other, WalkScope scope) {
  // Copies: the texts within them use the same scratch.
  const std::string mine(live);
  const std::string theirs(other);
  if (!reader_.read(mine, live_arguments_) || !reader_.read(theirs, other_arguments_)) return false;
  if (!is_container(live_arguments_.kind(0)) || !is_container(other_arguments_.kind(0))) return false;
  const JsonTree* const outer_live = live_;
  const JsonTree* const outer_other = other_;
  live_ = &live_arguments_;
  other_ = &other_arguments_;
  in_arguments_ = true;
  compare(live_->root(), other_->root(), scope);
  in_arguments_ = false;
  live_ = outer_live;
  other_ = outer_other;
  return true;
}

}  // namespace sluice::compare
