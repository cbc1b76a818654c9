#include "sluice/metrics/families.hpp"

#include <array>
#include <cassert>

namespace sluice::metrics {

namespace {

constexpr std::array<double, 20> kDurationBounds = {.001, .0025, .005, .01, .025, .05, .075, .1, .25, .5,
                                                    .75,  1,     2.5,  5,   7.5,  10,  30,   60, 120, 300};
constexpr std::array<double, 19> kShortBounds = {.00001, .000025, .00005, .0001, .00025, .0005, .001, .0025, .005, .01,
                                                 .025,   .05,     .1,     .25,   .5,     1,     2.5,  5,     10};

}  // namespace

std::span<const double> duration_bounds() noexcept {
  return kDurationBounds;
}
std::span<const double> short_bounds() noexcept {
  return kShortBounds;
}

Labels operator+(const Labels& base, Label label) {
  Labels all = base;
  all.push_back(std::move(label));
  return all;
}

Labels labels_of(const std::string& route, const std::string& version) {
  return {{"route", route}, {"version", version}};
}

void add_codes(Family& family, const Labels& labels, const StatusTotals& totals, std::span<const int> always) {
  for (std::size_t slot = 0; slot < kStatusSlots; ++slot) {
    const int status = status_of_slot(slot);
    if (totals[slot] == 0 && std::find(always.begin(), always.end(), status) == always.end()) continue;
    family.samples.push_back(
        {labels + Label{"code", slot == 0 ? "other" : std::to_string(status)}, static_cast<double>(totals[slot])});
  }
}

Family& Families::plain(std::string_view name, std::string_view help, FamilyType type) {
  assert(list_.size() < kMost);
  return list_.emplace_back(Family{std::string(name), std::string(help), type});
}

Family& Families::add(std::string_view name, std::string_view help, FamilyType type) {
  return plain(std::string("sluice_").append(name), help, type);
}

Family& Families::histogram(std::string_view name, std::string_view help, std::span<const double> bounds) {
  Family& family = add(name, help, FamilyType::Histogram);
  family.bounds = bounds;
  return family;
}

void Families::single_counter(std::string_view name, std::string_view help, std::uint64_t value) {
  counter(name, help).samples.push_back({{}, static_cast<double>(value)});
}

void Families::single_gauge(std::string_view name, std::string_view help, double value) {
  gauge(name, help).samples.push_back({{}, value});
}

void Families::version_counter(std::string_view name, std::string_view help, std::uint64_t VersionTotals::*value) {
  Family& family = counter(name, help);
  each_version([&](const VersionSnapshot& version, const Labels& labels) {
    family.samples.push_back({labels, static_cast<double>(version.totals.*value)});
  });
}

void Families::version_gauge(std::string_view name, std::string_view help, std::int64_t VersionTotals::*value) {
  Family& family = gauge(name, help);
  each_version([&](const VersionSnapshot& version, const Labels& labels) {
    family.samples.push_back({labels, static_cast<double>(version.totals.*value)});
  });
}

void Families::version_histogram(std::string_view name, std::string_view help, stats::Histogram VersionTotals::*value,
                                 std::span<const double> bounds) {
  Family& family = histogram(name, help, bounds);
  each_version([&](const VersionSnapshot& version, const Labels& labels) {
    family.samples.push_back({labels, 0, &(version.totals.*value)});
  });
}

void Families::drop_empty(std::string_view prefix) {
  std::erase_if(list_, [&](const Family& family) {
    return family.samples.empty() && family.name.starts_with("sluice_") && family.name.substr(7).starts_with(prefix);
  });
}

}  // namespace sluice::metrics
