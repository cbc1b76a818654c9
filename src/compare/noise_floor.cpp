#include "sluice/compare/noise_floor.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sluice/base/stable_hash.hpp"
#include "sluice/compare/redaction.hpp"

namespace sluice::compare {
namespace {

constexpr std::size_t other_field_id = 0;
constexpr std::size_t status_field_id = 1;  // has its place from the start, so that it is never one of the others
constexpr std::string_view status_field = "status";

std::string key_of(std::string_view name, Change change) {
  std::string key(name);
  key.push_back('\n');
  key.push_back(static_cast<char>('a' + static_cast<int>(change)));
  return key;
}

/// α of the n-th field, n from 1: α / (n (n + 1)), which adds up to α over any number of fields. The order is that of
/// appearance, and evidence begins after it, so a field cannot be picked for its evidence. The status needs none.
double log_threshold_of(std::size_t number) noexcept {
  const auto n = static_cast<double>(number);
  return std::log(n * (n + 1) / NoiseFloor::kAlpha);
}

bool do_statuses_differ(const Comparison& pair) noexcept {
  return std::any_of(pair.differences.begin(), pair.differences.end(),
                     [](const Difference& one) { return one.change == Change::Status; });
}

}  // namespace

std::size_t NoiseFloor::HashIds::operator()(const FieldIds& ids) const noexcept {
  std::uint64_t hash = ids.size();
  for (const FieldId id : ids) hash = mix_bits(hash + id + 1);
  return static_cast<std::size_t>(hash);
}

NoiseFloor::NoiseFloor() {
  sets_.emplace_back();
  set_ids_.emplace(FieldIds{}, 0);
  Known& other = fields_.emplace_back();
  other.field.name = other_fields;
  other.log_threshold = log_threshold_of(1);
  Known& status = fields_.emplace_back();
  status.field.name = status_field;
  status.field.change = Change::Status;
}

NoiseFloor NoiseFloor::without_pairs() const {
  NoiseFloor made;
  made.twins_ = twins_;
  made.refused_ = refused_;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const Known& known = fields_[i];
    if (known.field.twins == 0) continue;
    if (i != other_field_id) {
      Known& kept = made.fields_.emplace_back();
      kept.field.name = known.field.name;
      kept.field.change = known.field.change;
      kept.log_threshold = log_threshold_of(made.fields_.size() - 1);
      made.ids_.emplace(key_of(kept.field.name, kept.field.change), static_cast<FieldId>(made.fields_.size() - 1));
    }
    Known& kept = i == other_field_id ? made.fields_.front() : made.fields_.back();
    kept.field.twins = known.field.twins;
    kept.field.counts = false;
  }
  made.block_ = 1;  // all of them were seen before it
  return made;
}

std::optional<NoiseFloor::FieldId> NoiseFloor::find(const Difference& difference) const {
  if (difference.change == Change::Status) return FieldId{status_field_id};
  const std::string_view name = utf8_prefix(difference.field, kNameBytes);
  if (name == other_fields) return FieldId{other_field_id};
  const auto found = ids_.find(key_of(name, difference.change));
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

NoiseFloor::FieldId NoiseFloor::field_of(const Difference& difference, bool of_twin) {
  if (const auto known = find(difference)) return *known;
  if (fields_.size() >= (of_twin ? kFields : kFields - kForTwins)) return other_field_id;
  const auto id = static_cast<FieldId>(fields_.size());
  Known& known = fields_.emplace_back();
  known.field.name = utf8_prefix(difference.field, kNameBytes);
  known.field.change = difference.change;
  known.log_threshold = log_threshold_of(fields_.size() - 1);
  known.seen_in = block_;
  ids_.emplace(key_of(known.field.name, difference.change), id);
  return id;
}

NoiseFloor::FieldIds NoiseFloor::fields_of(const Comparison& pair, bool of_twin) {
  FieldIds ids;
  ids.reserve(pair.differences.size());
  for (const Difference& difference : pair.differences) {
    const FieldId id = field_of(difference, of_twin);
    ids.push_back(id);
    if (of_twin) continue;
    Field& field = fields_[id].field;
    if (std::isfinite(difference.size)) field.largest = std::max(field.largest, difference.size);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

void NoiseFloor::add_twin(const Comparison& twin) {
  if (!twin.compared) return;
  if (do_statuses_differ(twin)) {
    ++refused_;
    return;
  }
  ++twins_;
  ++block_twins_;
  for (const FieldId id : fields_of(twin, true)) {
    Known& known = fields_[id];
    ++known.field.twins;
    if (known.seen_in < block_) ++known.block_twins;
  }
  // Pairs and twins that come together are one look of the e-process: given how many of them differ, under the null
  // hypothesis each is as likely to be a pair as any. With pairs alone, or twins alone, there is nothing to compare.
  if (block_pairs_ > 0) close_block();
  for (Known& known : fields_) judge(known);
}

void NoiseFloor::close_block() {
  const double share = static_cast<double>(block_pairs_) / static_cast<double>(block_pairs_ + block_twins_);
  for (Known& known : fields_) {
    known.risk.add(share, known.block_pairs, std::uint64_t{known.block_pairs} + known.block_twins);
    known.block_pairs = 0;
    known.block_twins = 0;
  }
  block_pairs_ = 0;
  block_twins_ = 0;
  ++block_;
}

void NoiseFloor::judge(Known& known) const noexcept {
  const double log_e = known.field.twins > 0 ? known.risk.log_e() : 0;
  known.field.counts = known.field.twins == 0 || log_e >= known.log_threshold;
  known.leans = !known.field.counts && log_e > 0;
}

NoiseFloor::Set NoiseFloor::add_pair(const Comparison& pair, std::size_t stratum, std::uint8_t segment) {
  if (!pair.compared) return 0;
  ++segment_pairs_[segment];
  // Twins whose statuses differ are left out, so such pairs are no measure beside the others.
  if (!do_statuses_differ(pair)) ++block_pairs_;
  if (pair.differences.empty()) return 0;
  FieldIds ids = fields_of(pair, false);
  for (const FieldId id : ids) {
    Known& known = fields_[id];
    ++known.field.pairs;
    if (known.seen_in < block_) ++known.block_pairs;
  }
  const Set set = set_of(std::move(ids));
  auto& counts = sets_[set].counts;
  const auto same = [&](const Count& count) { return count.stratum == stratum && count.segment == segment; };
  auto found = std::find_if(counts.begin(), counts.end(), same);
  if (found == counts.end()) {
    found = counts.insert(counts.end(), Count{static_cast<std::uint32_t>(stratum), segment, 0});
  }
  ++found->pairs;
  return set;
}

NoiseFloor::Set NoiseFloor::set_of(FieldIds ids) {
  const auto found = set_ids_.find(ids);
  if (found != set_ids_.end()) return found->second;
  if (sets_.size() < kSets) return made(std::move(ids));
  FieldIds alone{strongest(ids)};
  const auto single = set_ids_.find(alone);
  return single != set_ids_.end() ? single->second : made(std::move(alone));
}

NoiseFloor::Set NoiseFloor::made(FieldIds ids) {
  const auto set = static_cast<Set>(sets_.size());
  set_ids_.emplace(ids, set);
  sets_.emplace_back().fields = std::move(ids);
  return set;
}

/// One that counts before one that does not; of these the rarest: what is noise, seen or not yet, is seldom rare.
NoiseFloor::FieldId NoiseFloor::strongest(const FieldIds& ids) const noexcept {
  return *std::min_element(ids.begin(), ids.end(), [this](FieldId a, FieldId b) {
    const Field& left = fields_[a].field;
    const Field& right = fields_[b].field;
    if (left.counts != right.counts) return left.counts;
    return left.pairs < right.pairs;
  });
}

bool NoiseFloor::disagrees(Set set) const noexcept {
  if (set >= sets_.size()) return true;  // kUnknown
  const FieldIds& ids = sets_[set].fields;
  return std::any_of(ids.begin(), ids.end(), [this](FieldId id) { return fields_[id].field.counts; });
}

bool NoiseFloor::counts(const Difference& difference) const {
  const auto known = find(difference);
  if (known) return fields_[*known].field.counts;
  return fields_.size() < kFields - kForTwins || fields_[other_field_id].field.counts;
}

bool NoiseFloor::disagrees(const Comparison& pair) const {
  if (!pair.compared) return false;
  return std::any_of(pair.differences.begin(), pair.differences.end(),
                     [this](const Difference& difference) { return counts(difference); });
}

template <typename Is>
std::uint64_t NoiseFloor::sum(Is&& is) const {
  std::uint64_t pairs = 0;
  for (Set set = 1; set < sets_.size(); ++set) {
    for (const Count& count : sets_[set].counts) {
      if (is(set, count)) pairs += count.pairs;
    }
  }
  return pairs;
}

std::uint64_t NoiseFloor::disagreements(std::size_t stratum) const {
  return sum([&](Set set, const Count& count) { return count.stratum == stratum && disagrees(set); });
}

std::uint64_t NoiseFloor::unsettled(std::size_t stratum) const {
  return sum([&](Set set, const Count& count) {
    if (count.stratum != stratum || disagrees(set)) return false;
    const FieldIds& ids = sets_[set].fields;
    return std::any_of(ids.begin(), ids.end(), [this](FieldId id) { return fields_[id].leans; });
  });
}

std::uint64_t NoiseFloor::segment_disagreements(std::uint8_t segment) const {
  return sum([&](Set set, const Count& count) { return count.segment == segment && disagrees(set); });
}

std::uint64_t NoiseFloor::segment_pairs(std::uint8_t segment) const {
  return segment_pairs_[segment];
}

std::vector<NoiseFloor::Field> NoiseFloor::fields() const {
  std::vector<Field> found;
  for (const Known& known : fields_) {
    if (known.field.pairs > 0 || known.field.twins > 0) found.push_back(known.field);
  }
  std::stable_sort(found.begin(), found.end(), [](const Field& a, const Field& b) { return a.pairs > b.pairs; });
  return found;
}

std::uint64_t NoiseFloor::noisy_fields() const noexcept {
  return static_cast<std::uint64_t>(
      std::count_if(fields_.begin(), fields_.end(), [](const Known& known) { return known.field.twins > 0; }));
}

}  // namespace sluice::compare
