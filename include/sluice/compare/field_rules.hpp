#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::compare {

/// What a JSON pointer of the policy says of the places it names.
enum class FieldMark : std::uint8_t {
  Wanted = 1,     ///< compared; once one is wanted, nothing else is
  Ignored = 2,    ///< not compared, with all below it
  Unordered = 4,  ///< a list whose order does not matter
};

/// A place on the way down a body: where the rules are, and whether what is here counts.
struct FieldScope {
  std::uint32_t state = 0;
  bool inside = true;    ///< wanted
  bool ignored = false;  ///< look no further
};

/// All JSON pointers of the policy, walked down together with a body; `*` stands for any key or index. A step is a
/// comparison of the key with those that some rule names there: nothing where no rule leads on.
class FieldRules {
 public:
  FieldRules();

  void add(std::string_view pointer, FieldMark mark);
  /// After the last add.
  void make_ready();

  FieldScope root() const noexcept;
  FieldScope down(FieldScope scope, std::string_view key) const noexcept;
  FieldScope down_index(FieldScope scope, std::uint32_t index) const noexcept;
  /// Whether a rule names this key here, not only with `*`.
  bool names(FieldScope scope, std::string_view key) const noexcept;

  bool is_unordered(FieldScope scope) const noexcept;
  /// Something here or below is compared.
  bool matters(FieldScope scope) const noexcept;
  /// No rule leads on: what holds here holds for all below.
  bool is_settled(FieldScope scope) const noexcept { return scope.state == kNowhere; }

 private:
  static constexpr std::uint32_t kNowhere = 0;

  struct Step {  ///< of one pointer's token
    std::string key;
    std::uint32_t node = 0;
  };
  struct Node {
    std::uint8_t marks = 0;
    std::vector<Step> next;
    std::uint32_t any = 0;  ///< `*`; 0: none
  };
  struct State {  ///< several nodes at once: with and without `*`
    std::uint8_t marks = 0;
    bool leads_to_wanted = false;
    bool has_indexes = false;
    std::vector<Step> next;
    std::uint32_t other = kNowhere;
  };

  FieldScope enter(FieldScope from, std::uint32_t state) const noexcept;
  const Step* find(const State& state, std::string_view key) const noexcept;
  std::uint32_t state_of(std::vector<std::uint32_t> nodes);
  void fill(std::uint32_t state);

  std::vector<Node> nodes_;
  std::vector<State> states_;
  std::vector<std::vector<std::uint32_t>> sets_;  ///< nodes of a state; used to build
  std::uint32_t start_ = kNowhere;
  bool has_wanted_ = false;
};

/// The tokens of a JSON pointer, unescaped; "" has none.
std::vector<std::string> pointer_tokens(std::string_view pointer);

}  // namespace sluice::compare
