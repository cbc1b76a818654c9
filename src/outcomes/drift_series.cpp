#include "sluice/outcomes/drift_series.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <functional>
#include <utility>

namespace sluice::outcomes {

namespace {

constexpr const char* kOthers = "_other";

std::string short_number(double number) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, number, std::chars_format::general, 6).ptr;
  return {text, end};
}

std::string exact_number(double number) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

/// Those of scores as short as they can be told apart.
std::vector<std::string> names_of(const std::vector<double>& bounds) {
  std::vector<std::string> shortened;
  for (const double bound : bounds) shortened.push_back(short_number(bound));
  std::vector<std::string> names;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const bool is_common = std::count(shortened.begin(), shortened.end(), shortened[i]) > 1;
    names.push_back(is_common ? exact_number(bounds[i]) : shortened[i]);
  }
  return names;
}

/// What is left of two long names may be the same: "name~2".
std::vector<std::string> names_of(const std::vector<DriftClass>& classes) {
  std::vector<std::string> names;
  for (const DriftClass& one : classes) {
    std::string name = one.text;
    const auto is_taken = [&] { return name == kOthers || std::find(names.begin(), names.end(), name) != names.end(); };
    for (int i = 2; is_taken(); ++i) name = one.text + "~" + std::to_string(i);
    names.push_back(std::move(name));
  }
  return names;
}

/// What may stand in a metric's label: no control characters, and nothing that is not UTF-8. A text that was cut inside
/// a character loses that one.
std::string plain_text(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead >= 0xC2 && lead < 0xE0 ? 2 : lead >= 0xE0 && lead < 0xF0 ? 3 : 4;
    const std::string_view part = text.substr(i, length);
    const bool follows = std::all_of(part.begin() + 1, part.end(), [](char c) { return (c & '\xC0') == '\x80'; });
    const bool is_good = part.size() == length && follows && lead >= 0x20 && lead != 0x7F &&
                         (lead < 0x80 || lead >= 0xC2) && lead < 0xF4 &&
                         !(lead == 0xE0 && static_cast<unsigned char>(part[1]) < 0xA0) &&
                         !(lead == 0xED && static_cast<unsigned char>(part[1]) >= 0xA0) &&
                         !(lead == 0xF0 && static_cast<unsigned char>(part[1]) < 0x90);
    if (is_good) {
      out += part;
      i += length;
    } else if (part.size() < length && follows) {
      break;
    } else {
      out += '?';
      ++i;
    }
  }
  return out;
}

}  // namespace

DriftSeries::DriftSeries(bool by_class, std::uint64_t reference, std::size_t versions, std::size_t stable)
    : by_class_(by_class), reference_(reference), stable_(stable), versions_(versions) {}

void DriftSeries::restore(FrozenBins bins) {
  if (bins.size() == 0 || bins.reference.size() != bins.size() || bins.classes.empty() == by_class_) return;
  bins_ = std::move(bins);
  places_.clear();
  for (std::size_t i = 0; i < bins_.classes.size(); ++i) places_.emplace(bins_.classes[i].hash, i);
  complete_ = true;
  first_.clear();
  begin_window();
}

void DriftSeries::begin_window() {
  for (Version& version : versions_) {
    version.counts.assign(bins_.size(), 0);
    version.waiting.clear();
  }
  in_reference_.assign(bins_.size(), 0);
  window_began_ = first_.size();
}

std::size_t DriftSeries::bin_of(std::uint64_t value) const noexcept {
  if (!by_class_) return bins_.scores.bin_of(std::bit_cast<double>(value));
  const auto place = places_.find(value);
  return place == places_.end() ? bins_.classes.size() : place->second;
}

void DriftSeries::add(std::size_t version, const Prediction& prediction) {
  if (!(by_class_ ? prediction.has_label : prediction.has_score)) return;
  const std::uint64_t value =
      by_class_ ? prediction.label.hash : std::bit_cast<std::uint64_t>(static_cast<double>(prediction.score));
  if (is_frozen()) {
    const std::size_t bin = bin_of(value);
    ++versions_[version].counts[bin];
    if (version == stable_ && !complete_) count_reference(bin, true);
    return;
  }
  if (version != stable_) {
    std::vector<std::uint64_t>& waiting = versions_[version].waiting;
    if (waiting.size() < kWaiting) waiting.push_back(value);
    return;
  }
  first_.push_back(value);
  if (by_class_) texts_.try_emplace(value, prediction.label.shown());
  if (first_.size() >= std::min<std::uint64_t>(reference_, kFreezeAt)) freeze();
}

void DriftSeries::count_reference(std::size_t bin, bool in_window) {
  ++bins_.reference[bin];
  if (in_window) ++in_reference_[bin];
  complete_ = ++seen_ >= reference_;
}

std::vector<DriftClass> DriftSeries::commonest() const {
  std::unordered_map<std::uint64_t, std::size_t> counts;
  for (const std::uint64_t value : first_) ++counts[value];
  std::vector<std::pair<std::size_t, std::uint64_t>> order;
  for (const auto& [value, count] : counts) order.emplace_back(count, value);
  std::sort(order.begin(), order.end(), std::greater<>());
  if (order.size() > kClasses) order.resize(kClasses);
  std::vector<DriftClass> classes;
  for (const auto& [count, value] : order) classes.push_back({value, plain_text(texts_.at(value))});
  return classes;
}

void DriftSeries::freeze() {
  if (by_class_) {
    bins_.classes = commonest();
    for (std::size_t i = 0; i < bins_.classes.size(); ++i) places_.emplace(bins_.classes[i].hash, i);
  } else {
    std::vector<double> values;
    for (const std::uint64_t value : first_) values.push_back(std::bit_cast<double>(value));
    bins_.scores = stats::ScoreBins::of(std::move(values));
  }
  const std::vector<std::uint64_t> first = std::exchange(first_, {});
  const std::size_t began = std::exchange(window_began_, 0);
  texts_.clear();
  if (!is_frozen()) return;
  bins_.reference.assign(bins_.size(), 0);
  in_reference_.assign(bins_.size(), 0);
  for (Version& version : versions_) {
    version.counts.assign(bins_.size(), 0);
    for (const std::uint64_t value : version.waiting) ++version.counts[bin_of(value)];
    version.waiting = {};
  }
  for (std::size_t i = 0; i < first.size(); ++i) {
    const std::size_t bin = bin_of(first[i]);
    if (i >= began) ++versions_[stable_].counts[bin];
    count_reference(bin, i >= began);
  }
}

DriftCounts DriftSeries::of(std::size_t version) const {
  DriftCounts counts;
  counts.by_class = by_class_;
  if (!is_frozen()) return counts;
  counts.own = versions_[version].counts;
  counts.stable = versions_[stable_].counts;
  if (complete_) counts.reference = bins_.reference;
  if (version != stable_) return counts;
  for (std::size_t bin = 0; bin < counts.own.size(); ++bin) counts.own[bin] -= in_reference_[bin];
  return counts;
}

std::vector<std::string> DriftSeries::bin_names() const {
  std::vector<std::string> names = by_class_ ? names_of(bins_.classes) : names_of(bins_.scores.bounds);
  if (is_frozen()) names.emplace_back(by_class_ ? kOthers : "+Inf");
  return names;
}

}  // namespace sluice::outcomes
