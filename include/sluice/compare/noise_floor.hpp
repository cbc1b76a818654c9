#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sluice/compare/comparison.hpp"
#include "sluice/stats/relative_risk.hpp"

namespace sluice::compare {

/// Which fields differ between two answers of one and the same version, and how often: timestamps, ids, sampling.
/// Learnt from twins, requests that live answered twice.
///
/// A field that never differed within a twin is noise-free: where it differs in a pair, the pair disagrees. One that
/// did is noisy: there pairs disagree only once it is certain (relative-risk e-process of pairs against twins, 1 %
/// shared by all fields) that the field differs more often than noise makes it. What pairs showed is kept by the set of
/// fields that differ, so what is learnt later also holds for what came before. A field that differs in two ways (its
/// value; it is missing) is two fields here.
///
/// A status is never noise. Where live itself gives the second of two equal requests another one, the copy as such is
/// refused (a credential is missing, it is marked as a shadow, there are too many), and the candidate would be let off
/// for refusing as well. Such a twin teaches nothing, and where that is the rule noise is not known.
///
/// At most kFields fields are told apart, a quarter of them only for what twins show, so that a hostile candidate
/// cannot hide live's noise; all others are one more, `other_fields`, like those that a comparison had no room for.
/// Beyond kSets sets of fields a pair stands under the one field of its set that says most against it, so there are at
/// most kSets + kFields of them. Sums; plain data, some 1.6 KiB per field; not thread-safe.
class NoiseFloor {
 public:
  static constexpr std::size_t kFields = 1024;
  static constexpr std::size_t kForTwins = 256;
  static constexpr std::size_t kSets = 4096;
  static constexpr std::size_t kNameBytes = 256;     ///< of a field; longer names are cut
  static constexpr std::uint64_t kEnoughTwins = 20;  ///< fewer: noise is not known yet
  static constexpr std::uint64_t kRefusedOf = 20;    ///< more than one refused for so many that teach: nor is it then
  static constexpr double kAlpha = 0.01;             ///< that noise of any field is ever taken for a difference

  /// A set of fields in which a pair differs; 0: none. Good as long as the floor.
  using Set = std::uint32_t;
  /// Of a pair that could not be compared, so nobody knows that it agrees; such a set always disagrees.
  static constexpr Set kUnknown = ~Set{0};

  NoiseFloor();

  /// What could not be compared is left out, here and of pairs. A millisecond when a thousand fields are known.
  void add_twin(const Comparison& twin);
  /// `stratum`: index into what disagreements() is asked for; `segment` counted from 1, 0: none. A microsecond.
  Set add_pair(const Comparison& pair, std::size_t stratum, std::uint8_t segment);
  /// A floor that knows the same noise and no pairs; evidence about noisy fields begins anew.
  NoiseFloor without_pairs() const;

  /// That teach.
  std::uint64_t twins() const noexcept { return twins_; }
  /// That do not, because their statuses differ.
  std::uint64_t refused_twins() const noexcept { return refused_; }
  bool is_known() const noexcept { return twins_ >= kEnoughTwins && refused_ * kRefusedOf <= twins_; }
  /// Compared pairs of that stratum that disagree by all that is known now.
  std::uint64_t disagreements(std::size_t stratum) const;
  /// Pairs of that stratum that do not, but only because a field is noisy of which the evidence so far leans to
  /// "differs more often than noise makes it" without being certain. Until that has settled one way or the other, who
  /// certifies agreement should count them as disagreements.
  std::uint64_t unsettled(std::size_t stratum) const;
  /// The same of one segment, all strata.
  std::uint64_t segment_disagreements(std::uint8_t segment) const;
  std::uint64_t segment_pairs(std::uint8_t segment) const;
  /// Whether this pair disagrees by all that is known now.
  bool disagrees(const Comparison& pair) const;
  /// A set that is none of this floor's disagrees.
  bool disagrees(Set set) const noexcept;
  /// Whether pairs that differ here disagree.
  bool counts(const Difference& difference) const;

  struct Field {
    std::string name;
    std::uint64_t twins = 0;  ///< in which it differs
    std::uint64_t pairs = 0;
    bool counts = true;             ///< pairs that differ here disagree
    double largest = 0;             ///< size of the largest difference in a pair
    Change change = Change::Value;  ///< in which way it differs
  };
  /// Those with most pairs first.
  std::vector<Field> fields() const;
  /// Fields that differed within twins.
  std::uint64_t noisy_fields() const noexcept;
  std::size_t known_fields() const noexcept { return fields_.size(); }
  std::size_t known_sets() const noexcept { return sets_.size(); }

 private:
  using FieldId = std::uint16_t;
  using FieldIds = std::vector<FieldId>;  // ascending

  struct Known {
    Field field;
    stats::RelativeRisk risk;       // of pairs against twins, from the block on after the one it was first seen in
    double log_threshold = 0;       // ln 1/α of this field
    std::uint64_t seen_in = 0;      // the block
    std::uint32_t block_pairs = 0;  // of the block under way, in which it differs
    std::uint32_t block_twins = 0;
    bool leans = false;  // noisy, evidence for more above none, but not certain
  };
  struct Count {
    std::uint32_t stratum = 0;
    std::uint8_t segment = 0;
    std::uint64_t pairs = 0;
  };
  struct Differing {
    FieldIds fields;
    std::vector<Count> counts;
  };
  struct HashIds {
    std::size_t operator()(const FieldIds& ids) const noexcept;
  };

  std::optional<FieldId> find(const Difference& difference) const;
  FieldId field_of(const Difference& difference, bool of_twin);
  FieldIds fields_of(const Comparison& pair, bool of_twin);
  Set set_of(FieldIds ids);
  Set made(FieldIds ids);
  FieldId strongest(const FieldIds& ids) const noexcept;
  void close_block();
  void judge(Known& known) const noexcept;
  template <typename Is>
  std::uint64_t sum(Is&& is) const;

  std::vector<Known> fields_;  // the first is other_fields, the second the status
  std::unordered_map<std::string, FieldId> ids_;
  std::vector<Differing> sets_;  // the first is empty
  std::unordered_map<FieldIds, Set, HashIds> set_ids_;
  std::uint64_t twins_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t block_ = 0;  // number of the block under way: pairs, and twins at its end
  std::uint64_t block_pairs_ = 0;
  std::uint64_t block_twins_ = 0;
  std::array<std::uint64_t, 256> segment_pairs_{};
};

}  // namespace sluice::compare
