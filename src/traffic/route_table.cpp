#include "sluice/traffic/route_table.hpp"

#include <algorithm>
#include <tuple>

#include "sluice/traffic/path.hpp"

namespace sluice::traffic {
namespace {

/// What makes one match more specific than another, paths aside; larger is better.
std::tuple<int, int, int, int> specificity(const Match& match) noexcept {
  int methods = 0;
  int models = 0;
  int headers = 0;
  int query_params = 0;
  for (const auto& condition : match.conditions()) {
    switch (condition.field.source()) {
      case Field::Source::Method:
        ++methods;
        break;
      case Field::Source::Model:
      case Field::Source::JsonPointer:
        ++models;
        break;
      case Field::Source::Header:
      case Field::Source::Cookie:
        ++headers;
        break;
      case Field::Source::QueryParam:
        ++query_params;
        break;
      case Field::Source::Path:
      case Field::Source::ClientAddress:
        break;
    }
  }
  return {methods, models, headers, query_params};
}

}  // namespace

RouteTable::RouteTable(std::vector<std::vector<Match>> routes) {
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (routes[i].empty()) routes[i].emplace_back();
    for (auto& match : routes[i]) {
      needs_body_ = needs_body_ || match.needs_body();
      entries_.push_back({std::move(match), static_cast<std::int32_t>(i)});
    }
  }
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return specificity(a.match) > specificity(b.match); });
  nodes_.emplace_back();
  for (std::uint32_t i = 0; i < entries_.size(); ++i) file_entry(i);
}

// Entries arrive best first, so every list they are appended to is in order of precedence.
void RouteTable::file_entry(std::uint32_t entry) {
  const Condition* path = entries_[entry].match.path_condition();
  if (path == nullptr) {
    nodes_.front().prefix.push_back(entry);
  } else if (path->test.kind() == TextTest::Kind::Exact && path->test.text().starts_with('/')) {
    nodes_[node_for(path->test.text())].exact.push_back(entry);
  } else if (path->test.kind() == TextTest::Kind::Segments) {
    nodes_[node_for(path->test.text())].prefix.push_back(entry);
  } else {
    expressions_.push_back(entry);
  }
}

/// The node of a path, made on the way where it is missing. "" is the root; "/a/" has an empty segment below "/a".
std::uint32_t RouteTable::node_for(std::string_view path) {
  std::uint32_t node = 0;
  bool more = !path.empty();
  for (auto rest = path.substr(more ? 1 : 0); more;) {
    const auto cut = cut_segment(rest);
    auto& children = nodes_[node].children;
    auto place = std::lower_bound(children.begin(), children.end(), cut.segment,
                                  [](const Child& child, std::string_view segment) { return child.segment < segment; });
    if (place == children.end() || place->segment != cut.segment) {
      place = children.insert(place, Child{std::string(cut.segment), static_cast<std::uint32_t>(nodes_.size())});
      const auto made = place->node;
      nodes_.emplace_back().parent = node;
      node = made;
    } else {
      node = place->node;
    }
    rest = cut.rest;
    more = cut.more;
  }
  return node;
}

const RouteTable::Child* RouteTable::child_of(const Node& node, std::string_view segment) const noexcept {
  const auto place =
      std::lower_bound(node.children.begin(), node.children.end(), segment,
                       [](const Child& child, std::string_view wanted) { return child.segment < wanted; });
  return place != node.children.end() && place->segment == segment ? &*place : nullptr;
}

std::int32_t RouteTable::first_of(const std::vector<std::uint32_t>& entries,
                                  const RequestView& request) const noexcept {
  for (const auto entry : entries) {
    switch (entries_[entry].match.judge_beyond_path(request)) {
      case Match::Verdict::Yes:
        return entries_[entry].route;
      case Match::Verdict::NeedsBody:
        return wants_body;
      case Match::Verdict::No:
        break;
    }
  }
  return none;
}

std::int32_t RouteTable::first_expression(const RequestView& request) const noexcept {
  for (const auto entry : expressions_) {
    const auto& match = entries_[entry].match;
    if (!match.path_condition()->test.holds(request.path)) continue;
    const auto verdict = match.judge_beyond_path(request);
    if (verdict != Match::Verdict::No) return verdict == Match::Verdict::Yes ? entries_[entry].route : wants_body;
  }
  return none;
}

std::int32_t RouteTable::find(const RequestView& request) const noexcept {
  if (nodes_.empty()) return none;
  std::uint32_t node = 0;
  bool complete = false;
  const bool is_path = request.path.starts_with('/');
  for (auto rest = request.path.substr(is_path ? 1 : 0); is_path && !complete;) {
    const auto cut = cut_segment(rest);
    const Child* child = child_of(nodes_[node], cut.segment);
    if (child == nullptr) break;
    node = child->node;
    rest = cut.rest;
    complete = !cut.more;
  }

  std::int32_t found = complete ? first_of(nodes_[node].exact, request) : none;
  for (; found == none && node != 0; node = nodes_[node].parent) found = first_of(nodes_[node].prefix, request);
  if (found == none) found = first_expression(request);
  if (found == none && is_path) found = first_of(nodes_.front().prefix, request);
  return found;
}

}  // namespace sluice::traffic
