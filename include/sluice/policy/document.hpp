#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/policy/report.hpp"

namespace sluice::policy {

struct TreeNode;
using NodePtr = std::shared_ptr<const TreeNode>;

/// One `key: value` of a mapping. Duplicate keys have been reported and dropped.
struct Entry {
  std::string key;
  Mark key_mark;
  NodePtr value;
};

/// A piece of YAML with its place in the file. Immutable; an alias shares the node of its anchor.
struct TreeNode {
  enum class Kind : std::uint8_t { Null, Scalar, Sequence, Mapping };

  Kind kind = Kind::Null;
  Mark mark;
  std::string text;            ///< of a scalar
  bool quoted = false;         ///< a scalar in quotes or a block scalar: always text
  std::vector<NodePtr> items;  ///< of a sequence
  std::vector<Entry> entries;  ///< of a mapping, in the order written
  std::size_t size = 1;        ///< nodes in this subtree, aliases expanded
  int height = 1;              ///< levels in this subtree, aliases expanded

  /// The entry with this key, or nullptr.
  const Entry* find(std::string_view key) const noexcept;
};

/// Limits that hold for any file, so that reading one is bounded in time and memory.
inline constexpr std::size_t max_file_bytes = 1 << 20;
inline constexpr int max_depth = 64;
inline constexpr std::size_t max_alias_expansion = 10;  ///< expanded nodes per node written

/// The documents of a YAML text, empty ones left out. What is wrong goes to the report; documents before a syntax error
/// are still returned. Never throws.
std::vector<NodePtr> parse_documents(std::string_view text, Report& report);

}  // namespace sluice::policy
