#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/compare/difference_list.hpp"
#include "sluice/compare/field_rules.hpp"
#include "sluice/compare/json_tree.hpp"
#include "sluice/compare/number_compare.hpp"
#include "sluice/compare/text_compare.hpp"

namespace sluice::compare {

/// What JSON is compared by.
struct WalkRules {
  const FieldRules* fields = nullptr;
  Tolerance tolerance;
  double edit_ratio = 0;
  bool is_chat = false;          ///< OpenAI: texts by their edit ratio, arguments as JSON, counts of tokens
  bool has_predictions = false;  ///< rows of numbers in "predictions" have a largest one
};

/// Where the walk is.
struct WalkScope : FieldScope {
  enum class Rows : std::uint8_t { None, Predictions, Prediction };
  Rows rows = Rows::None;

  WalkScope() = default;
  explicit WalkScope(FieldScope scope, Rows within = Rows::None) : FieldScope(scope), rows(within) {}
};

/// Goes down two JSON bodies at once and notes where they differ. The order of an object's keys never matters; the
/// k-th of several equal keys is held against the k-th. Time grows with the bodies, n·log n with objects whose keys are
/// in different orders and with unordered lists, whose matching takes at most kMatchSteps more. One thread.
class JsonWalk {
 public:
  /// Values that are looked at to match the elements of unordered lists, of one pair. Beyond that, elements are
  /// matched in the order of what they hold.
  static constexpr std::size_t kMatchSteps = 1'000'000;
  /// Numbers of a list that are read in the time of one such step.
  static constexpr std::size_t kWordsPerStep = 16;

  JsonWalk(DifferenceList& differences, FieldPath& path) : differences_(differences), path_(path) {}

  void begin(const WalkRules& rules, const JsonTree& live, const JsonTree& other);
  /// At the root a member of this name is left out: whoever calls compares it.
  void skip_member(std::string_view key) { skipped_ = key; }
  /// At the root members that only one body has are no difference.
  void allow_one_sided() { one_sided_ = true; }

  WalkScope root() const;
  WalkScope down(WalkScope scope, std::string_view key) const;
  void compare(JsonTree::Place live, JsonTree::Place other, WalkScope scope);
  /// Only one of both has it.
  void note_one_sided(WalkScope scope, Change change);
  /// Gives back what large bodies needed.
  void trim();

 private:
  struct Member {
    std::uint64_t hash = 0;
    JsonTree::Place key = 0;
  };
  struct Element {  ///< of an unordered list
    std::uint64_t hash = 0;
    double lead = 0;  ///< the first number in it
    JsonTree::Place place = 0;
    bool is_taken = false;
  };
  enum class Side : std::uint8_t { Live, Other };

  const JsonTree& tree(Side side) const noexcept { return side == Side::Live ? *live_ : *other_; }
  bool is_over() const noexcept { return testing_ && differs_; }
  void note(Change change, double size, double gravity);

  // json_walk.cpp
  void numbers(JsonTree::Place live, JsonTree::Place other);
  Tolerance number_tolerance() const;
  void objects(JsonTree::Place live, JsonTree::Place other, WalkScope scope);
  void member(JsonTree::Place live, JsonTree::Place other, WalkScope scope);
  void lone_member(Side side, JsonTree::Place key, WalkScope scope);
  void mixed_members(JsonTree::Place live, JsonTree::Place live_end, JsonTree::Place other, JsonTree::Place other_end,
                     WalkScope scope);
  void collect_members(Side side, JsonTree::Place key, JsonTree::Place end);
  int order(const Member& live, const Member& other) const;
  void lists(JsonTree::Place live, JsonTree::Place other, WalkScope scope);
  void elements(JsonTree::Place live, JsonTree::Place other, WalkScope scope);
  void row(JsonTree::Place live, JsonTree::Place other);
  bool enters(std::string_view key) const;

  // json_text.cpp
  void texts(JsonTree::Place live, JsonTree::Place other, WalkScope scope);
  bool arguments(std::string_view live, std::string_view other, WalkScope scope);

  // json_match.cpp
  void unordered(JsonTree::Place live, JsonTree::Place other, WalkScope scope);
  bool unordered_numbers(JsonTree::Place live, JsonTree::Place other);
  void match_lists(JsonTree::Place live, JsonTree::Place other, WalkScope scope);
  void collect_elements(Side side, JsonTree::Place list, WalkScope scope, std::vector<Element>& elements);
  std::uint64_t hash(Side side, JsonTree::Place place, WalkScope scope, double& lead);
  bool match_one(Element& live, std::vector<Element>& other, std::size_t from, std::size_t to, std::size_t near,
                 WalkScope scope);
  bool matches(JsonTree::Place live, JsonTree::Place other, WalkScope scope);

  DifferenceList& differences_;
  FieldPath& path_;
  WalkRules rules_;
  const JsonTree* live_ = nullptr;
  const JsonTree* other_ = nullptr;
  std::string_view skipped_;
  bool one_sided_ = false;
  int depth_ = 0;
  std::string_view key_;  ///< of the member that is looked at, as it is written
  bool in_arguments_ = false;

  bool testing_ = false;  ///< only whether they differ is asked
  bool differs_ = false;
  std::size_t steps_ = 0;

  std::vector<Member> members_;  ///< a stack: objects within objects
  std::string live_text_;
  std::string other_text_;
  TextCompare text_compare_;
  JsonReader reader_;  ///< of arguments
  JsonTree live_arguments_;
  JsonTree other_arguments_;
};

}  // namespace sluice::compare
