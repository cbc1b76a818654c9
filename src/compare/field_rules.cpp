#include "sluice/compare/field_rules.hpp"

#include <algorithm>
#include <charconv>

namespace sluice::compare {

namespace {

bool has_mark(std::uint8_t marks, FieldMark mark) noexcept {
  return (marks & static_cast<std::uint8_t>(mark)) != 0;
}

bool looks_like_index(std::string_view key) noexcept {
  return !key.empty() && key.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::vector<std::string> pointer_tokens(std::string_view pointer) {
  std::vector<std::string> tokens;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);  // the slash
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    std::string token;
    for (std::size_t i = 0; i < end; ++i) {
      const bool is_escape = pointer[i] == '~' && i + 1 < end && (pointer[i + 1] == '0' || pointer[i + 1] == '1');
      token += is_escape ? (pointer[i + 1] == '0' ? '~' : '/') : pointer[i];
      if (is_escape) ++i;
    }
    tokens.push_back(std::move(token));
    pointer.remove_prefix(end);
  }
  return tokens;
}

FieldRules::FieldRules() : nodes_(1), states_(1), sets_(1) {}

void FieldRules::add(std::string_view pointer, FieldMark mark) {
  std::uint32_t at = 0;
  for (const std::string& token : pointer_tokens(pointer)) {
    std::uint32_t next = 0;
    if (token == "*") {
      next = nodes_[at].any;
    } else {
      for (const Step& step : nodes_[at].next) {
        if (step.key == token) next = step.node;
      }
    }
    if (next == 0) {
      next = static_cast<std::uint32_t>(nodes_.size());
      nodes_.emplace_back();
      if (token == "*") {
        nodes_[at].any = next;
      } else {
        nodes_[at].next.push_back({token, next});
      }
    }
    at = next;
  }
  nodes_[at].marks = static_cast<std::uint8_t>(nodes_[at].marks | static_cast<std::uint8_t>(mark));
  has_wanted_ = has_wanted_ || mark == FieldMark::Wanted;
}

std::uint32_t FieldRules::state_of(std::vector<std::uint32_t> nodes) {
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  if (nodes.empty()) return kNowhere;
  const auto known = std::find(sets_.begin(), sets_.end(), nodes);
  if (known != sets_.end()) return static_cast<std::uint32_t>(known - sets_.begin());
  sets_.push_back(std::move(nodes));
  states_.emplace_back();
  const auto state = static_cast<std::uint32_t>(states_.size() - 1);
  fill(state);
  return state;
}

void FieldRules::fill(std::uint32_t state) {
  const std::vector<std::uint32_t> nodes = sets_[state];
  State made;
  std::vector<std::uint32_t> any;
  std::vector<std::string> keys;
  for (const std::uint32_t node : nodes) {
    made.marks = static_cast<std::uint8_t>(made.marks | nodes_[node].marks);
    if (nodes_[node].any != 0) any.push_back(nodes_[node].any);
    for (const Step& step : nodes_[node].next) keys.push_back(step.key);
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  for (std::string& key : keys) {
    std::vector<std::uint32_t> there = any;
    for (const std::uint32_t node : nodes) {
      for (const Step& step : nodes_[node].next) {
        if (step.key == key) there.push_back(step.node);
      }
    }
    made.has_indexes = made.has_indexes || looks_like_index(key);
    made.next.push_back({std::move(key), state_of(std::move(there))});
  }
  made.other = state_of(std::move(any));
  // A pointer leads down a tree, so what is below is known by now.
  const auto wants = [&](std::uint32_t below) {
    return states_[below].leads_to_wanted || has_mark(states_[below].marks, FieldMark::Wanted);
  };
  made.leads_to_wanted = wants(made.other) || std::any_of(made.next.begin(), made.next.end(),
                                                          [&](const Step& step) { return wants(step.node); });
  states_[state] = std::move(made);
}

void FieldRules::make_ready() {
  states_.assign(1, State{});
  sets_.assign(1, std::vector<std::uint32_t>{});
  start_ = nodes_.size() > 1 || nodes_.front().marks != 0 ? state_of({0}) : kNowhere;
}

FieldScope FieldRules::enter(FieldScope from, std::uint32_t state) const noexcept {
  FieldScope scope;
  scope.state = state;
  scope.inside = from.inside || has_mark(states_[state].marks, FieldMark::Wanted);
  scope.ignored = from.ignored || has_mark(states_[state].marks, FieldMark::Ignored);
  return scope;
}

FieldScope FieldRules::root() const noexcept {
  FieldScope outside;
  outside.inside = !has_wanted_;
  return enter(outside, start_);
}

const FieldRules::Step* FieldRules::find(const State& state, std::string_view key) const noexcept {
  for (const Step& step : state.next) {
    if (step.key == key) return &step;
  }
  return nullptr;
}

FieldScope FieldRules::down(FieldScope scope, std::string_view key) const noexcept {
  if (scope.state == kNowhere) return scope;
  const State& state = states_[scope.state];
  const Step* const step = find(state, key);
  return enter(scope, step != nullptr ? step->node : state.other);
}

FieldScope FieldRules::down_index(FieldScope scope, std::uint32_t index) const noexcept {
  if (scope.state == kNowhere) return scope;
  const State& state = states_[scope.state];
  if (!state.has_indexes) return enter(scope, state.other);
  char text[16];
  const auto [end, problem] = std::to_chars(std::begin(text), std::end(text), index);
  return down(scope, std::string_view(text, static_cast<std::size_t>(end - text)));
}

bool FieldRules::names(FieldScope scope, std::string_view key) const noexcept {
  return scope.state != kNowhere && find(states_[scope.state], key) != nullptr;
}

bool FieldRules::is_unordered(FieldScope scope) const noexcept {
  return has_mark(states_[scope.state].marks, FieldMark::Unordered);
}

bool FieldRules::matters(FieldScope scope) const noexcept {
  return !scope.ignored && (scope.inside || states_[scope.state].leads_to_wanted);
}

}  // namespace sluice::compare
