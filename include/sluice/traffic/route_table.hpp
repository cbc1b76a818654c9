#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/traffic/match.hpp"
#include "sluice/traffic/request_view.hpp"

namespace sluice::traffic {

/// Which route a request belongs to. Immutable and thread-safe; a lookup walks the path once, whatever the number of
/// routes, and allocates nothing.
///
/// Precedence as in the Gateway API: an exact path, then the longest path prefix, then a regular expression, then the
/// prefix "/" (which says nothing about the path); among equals a method, then a model, then more headers and
/// cookies, then more query parameters, then the order in the policy.
class RouteTable {
 public:
  static constexpr std::int32_t none = -1;        ///< no route takes this request
  static constexpr std::int32_t wants_body = -2;  ///< only the body can tell; ask again with `body` filled

  RouteTable() = default;

  /// One list of matches per route, in the order of the policy; an empty list takes every path.
  explicit RouteTable(std::vector<std::vector<Match>> routes);

  /// The index of the route, `none`, or `wants_body` (only while `request.body` is absent).
  std::int32_t find(const RequestView& request) const noexcept;

  /// True when some route matches on the body, so that `find` may answer `wants_body`.
  bool needs_body() const noexcept { return needs_body_; }

 private:
  struct Entry {
    Match match;
    std::int32_t route = 0;
  };
  struct Child {
    std::string segment;
    std::uint32_t node = 0;
  };
  struct Node {
    std::uint32_t parent = 0;
    std::vector<Child> children;        // by segment
    std::vector<std::uint32_t> exact;   // entries for exactly this path, best first
    std::vector<std::uint32_t> prefix;  // entries for this path and what is below it, best first
  };

  void file_entry(std::uint32_t entry);
  std::uint32_t node_for(std::string_view path);
  const Child* child_of(const Node& node, std::string_view segment) const noexcept;
  std::int32_t first_of(const std::vector<std::uint32_t>& entries, const RequestView& request) const noexcept;
  std::int32_t first_expression(const RequestView& request) const noexcept;

  std::vector<Entry> entries_;              // best first, paths aside
  std::vector<Node> nodes_;                 // a tree of path segments; the root is the path "/"
  std::vector<std::uint32_t> expressions_;  // entries whose path test is no tree's business
  bool needs_body_ = false;
};

}  // namespace sluice::traffic
