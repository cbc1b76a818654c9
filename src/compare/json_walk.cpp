#include "sluice/compare/json_walk.hpp"

#include <algorithm>
#include <bit>

#include "sluice/base/stable_hash.hpp"
#include "sluice/compare/arg_max.hpp"

namespace sluice::compare {

namespace {

bool is_numeric(JsonKind kind) noexcept {
  return kind == JsonKind::Number || kind == JsonKind::Exact;
}

bool is_boolean(JsonKind kind) noexcept {
  return kind == JsonKind::True || kind == JsonKind::False;
}

bool ends_with_tokens(std::string_view key) noexcept {
  return key.ends_with("_tokens");
}

}  // namespace

void JsonWalk::begin(const WalkRules& rules, const JsonTree& live, const JsonTree& other) {
  rules_ = rules;
  live_ = &live;
  other_ = &other;
  skipped_ = {};
  key_ = {};
  one_sided_ = in_arguments_ = testing_ = differs_ = false;
  depth_ = 0;
  steps_ = 0;
  members_.clear();
  text_compare_.begin();
}

WalkScope JsonWalk::root() const {
  return WalkScope(rules_.fields->root());
}

WalkScope JsonWalk::down(WalkScope scope, std::string_view key) const {
  WalkScope below(rules_.fields->down(scope, key), scope.rows);
  if (depth_ == 0 && rules_.has_predictions && key == "predictions") below.rows = WalkScope::Rows::Predictions;
  return below;
}

void JsonWalk::trim() {
  constexpr std::size_t most = 65536;
  if (members_.capacity() > most) std::vector<Member>().swap(members_);
  for (std::string* text : {&live_text_, &other_text_}) {
    if (text->capacity() > most) std::string().swap(*text);
  }
  live_arguments_.trim(most);
  other_arguments_.trim(most);
  reader_.trim(most);
  text_compare_.trim();
}

void JsonWalk::note(Change change, double size, double gravity) {
  differs_ = true;
  if (!testing_) differences_.note(path_.text(), change, size, 1, gravity);
}

void JsonWalk::note_one_sided(WalkScope scope, Change change) {
  if (rules_.fields->matters(scope)) note(change, 0, gravity_of(change));
}

void JsonWalk::compare(JsonTree::Place live, JsonTree::Place other, WalkScope scope) {
  if (is_over() || !rules_.fields->matters(scope)) return;
  // Of two equal bodies one tree is made, and only rows are looked for.
  if (live_ == other_ && !rules_.has_predictions) return;
  ++steps_;
  const JsonKind mine = live_->kind(live);
  const JsonKind theirs = other_->kind(other);
  if (is_numeric(mine) && is_numeric(theirs)) {
    if (scope.inside) numbers(live, other);
    return;
  }
  if (mine != theirs) {
    const bool is_value = is_boolean(mine) && is_boolean(theirs);
    // Above a wanted place it matters whether there is a way down, nothing else.
    const bool is_way =
        mine == JsonKind::List || mine == JsonKind::Object || theirs == JsonKind::List || theirs == JsonKind::Object;
    const Change change = is_value ? Change::Value : Change::Type;
    if (scope.inside || is_way) note(change, 0, gravity_of(change));
    return;
  }
  if (mine == JsonKind::Text && scope.inside) texts(live, other, scope);
  if (mine == JsonKind::List) lists(live, other, scope);
  if (mine == JsonKind::Object) objects(live, other, scope);
}

Tolerance JsonWalk::number_tolerance() const {
  Tolerance tolerance = rules_.tolerance;
  // A text that may differ by so much may have so many more tokens.
  if (rules_.is_chat && !in_arguments_ && ends_with_tokens(key_)) {
    tolerance.relative = std::max(tolerance.relative, rules_.edit_ratio);
  }
  return tolerance;
}

void JsonWalk::numbers(JsonTree::Place live, JsonTree::Place other) {
  const bool mine_is_exact = live_->kind(live) == JsonKind::Exact;
  const bool theirs_is_exact = other_->kind(other) == JsonKind::Exact;
  const double mine = live_->rounded(live);
  const double theirs = other_->rounded(other);
  const double relative = relative_difference(mine, theirs);
  if (mine_is_exact && theirs_is_exact && is_whole_number(live_->token(live)) &&
      is_whole_number(other_->token(other))) {
    if (live_->token(live) == other_->token(other)) return;
    note(Change::Value, std::max(finite_difference(mine, theirs), 1.0), gravity_of(Change::Value));
  } else if (!agree(mine, theirs, number_tolerance())) {
    note(Change::Value, finite_difference(mine, theirs), gravity_of_number(relative));
  }
  if (!testing_) differences_.note_relative(relative);
}

bool JsonWalk::enters(std::string_view key) const {
  return depth_ > 0 || skipped_.empty() || key != skipped_;
}

void JsonWalk::objects(JsonTree::Place live, JsonTree::Place other, WalkScope scope) {
  const JsonTree::Place live_end = live_->end(live);
  const JsonTree::Place other_end = other_->end(other);
  live = JsonTree::first(live);
  other = JsonTree::first(other);
  // Nearly always both have the same keys in the same order.
  while (live < live_end && other < other_end && same_text(*live_, live, *other_, other)) {
    member(live, other, scope);
    if (is_over()) return;
    live = live_->next(live + 2);
    other = other_->next(other + 2);
  }
  if (live < live_end || other < other_end) mixed_members(live, live_end, other, other_end, scope);
}

void JsonWalk::member(JsonTree::Place live, JsonTree::Place other, WalkScope scope) {
  std::string scratch;
  const std::string_view key = live_->text(live, scratch);
  if (!enters(key)) return;
  const WalkScope below = down(scope, key);
  if (!rules_.fields->matters(below)) return;
  const std::string_view outer_key = key_;
  const std::size_t mark = path_.push(live_->raw(live));
  key_ = live_->raw(live);
  ++depth_;
  compare(live + 2, other + 2, below);
  --depth_;
  key_ = outer_key;
  path_.pop(mark);
}

void JsonWalk::lone_member(Side side, JsonTree::Place key, WalkScope scope) {
  std::string scratch;
  const std::string_view name = tree(side).text(key, scratch);
  if (!enters(name) || (depth_ == 0 && one_sided_)) return;
  // There null and nothing say the same.
  if (rules_.is_chat && !in_arguments_ && tree(side).kind(key + 2) == JsonKind::Null) return;
  const std::size_t mark = path_.push(tree(side).raw(key));
  note_one_sided(down(scope, name), side == Side::Live ? Change::Missing : Change::Added);
  path_.pop(mark);
}

void JsonWalk::collect_members(Side side, JsonTree::Place key, JsonTree::Place end) {
  const JsonTree& from = tree(side);
  std::string scratch;
  const std::size_t begin = members_.size();
  for (; key < end; key = from.next(key + 2)) {
    members_.push_back({stable_hash(0, from.text(key, scratch)), key});
  }
  std::sort(members_.begin() + static_cast<std::ptrdiff_t>(begin), members_.end(),
            [&](const Member& a, const Member& b) { return a.hash != b.hash ? a.hash < b.hash : a.key < b.key; });
}

int JsonWalk::order(const Member& live, const Member& other) const {
  if (live.hash != other.hash) return live.hash < other.hash ? -1 : 1;
  // Two keys of one hash: they are the same, or somebody was at great pains; then both stand alone.
  return same_text(*live_, live.key, *other_, other.key) ? 0 : -1;
}

void JsonWalk::mixed_members(JsonTree::Place live, JsonTree::Place live_end, JsonTree::Place other,
                             JsonTree::Place other_end, WalkScope scope) {
  const std::size_t begin = members_.size();
  collect_members(Side::Live, live, live_end);
  const std::size_t middle = members_.size();
  collect_members(Side::Other, other, other_end);
  const std::size_t end = members_.size();
  std::size_t mine = begin;
  std::size_t theirs = middle;
  // By index: what is compared on the way puts its own members on the stack.
  while ((mine < middle || theirs < end) && !is_over()) {
    const int first = mine == middle ? 1 : theirs == end ? -1 : order(members_[mine], members_[theirs]);
    if (first == 0) {
      member(members_[mine].key, members_[theirs].key, scope);
    } else if (first < 0) {
      lone_member(Side::Live, members_[mine].key, scope);
    } else {
      lone_member(Side::Other, members_[theirs].key, scope);
    }
    if (first <= 0) ++mine;
    if (first >= 0) ++theirs;
  }
  members_.resize(begin);
}

void JsonWalk::lists(JsonTree::Place live, JsonTree::Place other, WalkScope scope) {
  if (scope.inside && rules_.fields->is_unordered(scope)) {
    unordered(live, other, scope);
    return;
  }
  const std::uint32_t mine = live_->count(live);
  const std::uint32_t theirs = other_->count(other);
  if (scope.inside && mine != theirs) {
    note(Change::Shape, static_cast<double>(mine > theirs ? mine - theirs : theirs - mine), gravity_of(Change::Shape));
    return;
  }
  if (scope.rows == WalkScope::Rows::Prediction && scope.inside && !testing_) row(live, other);
  if (testing_) steps_ += mine / kWordsPerStep;
  const std::size_t mark = path_.push_index();
  ++depth_;
  elements(live, other, scope);
  --depth_;
  path_.pop(mark);
}

void JsonWalk::elements(JsonTree::Place live, JsonTree::Place other, WalkScope scope) {
  const std::uint32_t mine = live_->count(live);
  const std::uint32_t theirs = other_->count(other);
  const bool is_flat = live_->is_flat(live) && other_->is_flat(other);
  live = JsonTree::first(live);
  other = JsonTree::first(other);
  const auto rows = scope.rows == WalkScope::Rows::None ? WalkScope::Rows::None : WalkScope::Rows::Prediction;
  for (std::uint32_t i = 0; i < std::max(mine, theirs) && !is_over(); ++i) {
    // The same word means the same value: most numbers of most lists.
    if (is_flat && i < mine && i < theirs && *live_->words(live + i) == *other_->words(other + i)) continue;
    const WalkScope below(rules_.fields->down_index(scope, i), rows);
    if (i >= mine || i >= theirs) {
      note_one_sided(below, i < mine ? Change::Missing : Change::Added);
      continue;
    }
    if (is_flat) {
      compare(live + i, other + i, below);
      continue;
    }
    compare(live, other, below);
    live = live_->next(live);
    other = other_->next(other);
  }
}

void JsonWalk::row(JsonTree::Place live, JsonTree::Place other) {
  const std::uint32_t count = live_->count(live);
  if (count < 2 || !live_->is_flat(live) || !other_->is_flat(other)) return;
  const std::uint64_t* const mine = live_->words(JsonTree::first(live));
  const std::uint64_t* const theirs = other_->words(JsonTree::first(other));
  const auto is_number = [](std::uint64_t word) { return JsonTree::is_number(word); };
  if (!std::all_of(mine, mine + count, is_number) || !std::all_of(theirs, theirs + count, is_number)) return;
  RowMaxima maxima;
  maxima.begin();
  for (std::uint32_t i = 0; i < count; ++i) {
    const double x = std::bit_cast<double>(mine[i]);
    const double y = std::bit_cast<double>(theirs[i]);
    maxima.add(&x, &y, 1);
  }
  differences_.note_rows(path_.text(), 1, maxima.flipped() ? 1 : 0);
}

}  // namespace sluice::compare
