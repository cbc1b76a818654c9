#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "sluice/base/stable_hash.hpp"
#include "sluice/compare/json_walk.hpp"

// Lists whose order does not matter: their elements are put in the order of what they hold, and each is held against
// those of the other list that may be like it, the nearest first.

namespace sluice::compare {

namespace {

/// Longer lists are compared in their order.
constexpr std::uint32_t kMostUnordered = 65536;

bool number_before(double a, double b) noexcept {
  if (std::isnan(a) || std::isnan(b)) return !std::isnan(a) && std::isnan(b);
  return a < b;
}

std::vector<double> sorted_numbers(const JsonTree& tree, JsonTree::Place list) {
  std::vector<double> numbers;
  numbers.reserve(tree.count(list));
  const std::uint64_t* const words = tree.words(JsonTree::first(list));
  for (std::uint32_t i = 0; i < tree.count(list); ++i) numbers.push_back(std::bit_cast<double>(words[i]));
  std::sort(numbers.begin(), numbers.end(), number_before);
  return numbers;
}

bool has_only_numbers(const JsonTree& tree, JsonTree::Place list) noexcept {
  if (!tree.is_flat(list)) return false;
  const std::uint64_t* const words = tree.words(JsonTree::first(list));
  return std::all_of(words, words + tree.count(list), [](std::uint64_t word) { return JsonTree::is_number(word); });
}

}  // namespace

void JsonWalk::unordered(JsonTree::Place live, JsonTree::Place other, WalkScope scope) {
  const std::uint32_t mine = live_->count(live);
  const std::uint32_t theirs = other_->count(other);
  if (mine != theirs) {
    note(Change::Shape, static_cast<double>(mine > theirs ? mine - theirs : theirs - mine), gravity_of(Change::Shape));
    return;
  }
  const std::size_t mark = path_.push_index();
  ++depth_;
  if (mine > kMostUnordered) {
    if (!unordered_numbers(live, other)) elements(live, other, scope);
  } else if (!unordered_numbers(live, other)) {
    match_lists(live, other, WalkScope(rules_.fields->down(scope, "*"), scope.rows));
  }
  --depth_;
  path_.pop(mark);
}

bool JsonWalk::unordered_numbers(JsonTree::Place live, JsonTree::Place other) {
  if (!has_only_numbers(*live_, live) || !has_only_numbers(*other_, other)) return false;
  if (testing_) steps_ += live_->count(live);
  const std::vector<double> mine = sorted_numbers(*live_, live);
  const std::vector<double> theirs = sorted_numbers(*other_, other);
  for (std::size_t i = 0; i < mine.size() && !is_over(); ++i) {
    const double relative = relative_difference(mine[i], theirs[i]);
    if (!testing_) differences_.note_relative(relative);
    if (agree(mine[i], theirs[i], rules_.tolerance)) continue;
    note(Change::Value, finite_difference(mine[i], theirs[i]), gravity_of_number(relative));
  }
  return true;
}

void JsonWalk::match_lists(JsonTree::Place live, JsonTree::Place other, WalkScope scope) {
  std::vector<Element> mine;
  std::vector<Element> theirs;
  collect_elements(Side::Live, live, scope, mine);
  collect_elements(Side::Other, other, scope, theirs);
  std::size_t i = 0;
  std::size_t k = 0;
  while (i < mine.size() && k < theirs.size()) {
    if (mine[i].hash != theirs[k].hash) {
      ++(mine[i].hash < theirs[k].hash ? i : k);
      continue;
    }
    const std::uint64_t group = mine[i].hash;
    const auto end_of = [&](const std::vector<Element>& elements, std::size_t at) {
      while (at < elements.size() && elements[at].hash == group) ++at;
      return at;
    };
    const std::size_t mine_end = end_of(mine, i);
    const std::size_t theirs_end = end_of(theirs, k);
    for (std::size_t one = i; one < mine_end; ++one) match_one(mine[one], theirs, k, theirs_end, k + (one - i), scope);
    i = mine_end;
    k = theirs_end;
  }
  // What found no like is compared in the order of what it holds, so that the fields that differ are told.
  auto unmatched = theirs.begin();
  for (const Element& element : mine) {
    if (element.is_taken || is_over()) continue;
    unmatched = std::find_if(unmatched, theirs.end(), [](const Element& one) { return !one.is_taken; });
    if (unmatched == theirs.end()) return;
    compare(element.place, unmatched->place, scope);
    ++unmatched;
  }
}

void JsonWalk::collect_elements(Side side, JsonTree::Place list, WalkScope scope, std::vector<Element>& elements) {
  const JsonTree& from = tree(side);
  elements.reserve(from.count(list));
  for (JsonTree::Place at = JsonTree::first(list); at < from.end(list); at = from.next(at)) {
    Element element;
    element.place = at;
    element.lead = std::numeric_limits<double>::quiet_NaN();
    element.hash = hash(side, at, scope, element.lead);
    elements.push_back(element);
  }
  std::sort(elements.begin(), elements.end(), [](const Element& a, const Element& b) {
    if (a.hash != b.hash) return a.hash < b.hash;
    if (number_before(a.lead, b.lead) || number_before(b.lead, a.lead)) return number_before(a.lead, b.lead);
    return a.place < b.place;
  });
}

std::uint64_t JsonWalk::hash(Side side, JsonTree::Place place, WalkScope scope, double& lead) {
  if (scope.ignored || ++steps_ > kMatchSteps) return 0;
  const JsonTree& from = tree(side);
  const JsonKind kind = from.kind(place);
  std::uint64_t sum = mix_bits(static_cast<std::uint64_t>(kind) + 1);
  std::string scratch;
  switch (kind) {
    case JsonKind::Number:
    case JsonKind::Exact: {
      const double value = from.rounded(place);
      if (std::isnan(lead)) lead = value;
      // What agrees has the same hash, so with a tolerance the value says nothing.
      if (!rules_.tolerance.is_exact() || rules_.is_chat) return 1;
      return mix_bits(std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value));
    }
    case JsonKind::Text:
      return rules_.is_chat ? 2 : stable_hash(sum, from.text(place, scratch));
    case JsonKind::List: {
      const bool in_order = !rules_.fields->is_unordered(scope);
      const WalkScope below(rules_.fields->down(scope, "*"), scope.rows);
      for (JsonTree::Place at = JsonTree::first(place); at < from.end(place); at = from.next(at)) {
        const std::uint64_t one = mix_bits(hash(side, at, below, lead) + 1);
        sum = in_order ? mix_bits(sum + one) : sum + one;
      }
      return sum;
    }
    case JsonKind::Object:
      for (JsonTree::Place at = JsonTree::first(place); at < from.end(place); at = from.next(at + 2)) {
        const std::string_view key = from.text(at, scratch);
        const WalkScope below(rules_.fields->down(scope, key), scope.rows);
        if (below.ignored) continue;
        const std::uint64_t named = stable_hash(3, key);
        sum += mix_bits(named + hash(side, at + 2, below, lead));
      }
      return sum;
    default:
      return sum;
  }
}

bool JsonWalk::match_one(Element& live, std::vector<Element>& other, std::size_t from, std::size_t to, std::size_t near,
                         WalkScope scope) {
  near = std::min(near, to - 1);
  for (std::size_t away = 0; away < to - from; ++away) {
    for (const bool is_behind : {true, false}) {
      if ((is_behind && (near + away >= to)) || (!is_behind && (away == 0 || near < from + away))) continue;
      Element& candidate = other[is_behind ? near + away : near - away];
      if (++steps_ > kMatchSteps) return false;
      if (candidate.is_taken || !matches(live.place, candidate.place, scope)) continue;
      live.is_taken = candidate.is_taken = true;
      return true;
    }
  }
  return false;
}

bool JsonWalk::matches(JsonTree::Place live, JsonTree::Place other, WalkScope scope) {
  const bool was_testing = testing_;
  const bool did_differ = differs_;
  testing_ = true;
  differs_ = false;
  compare(live, other, scope);
  const bool is_same = !differs_;
  testing_ = was_testing;
  differs_ = did_differ;
  return is_same;
}

}  // namespace sluice::compare
