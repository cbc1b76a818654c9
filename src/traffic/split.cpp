#include "sluice/traffic/split.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace sluice::traffic {
namespace {

constexpr std::uint64_t whole_line = std::uint64_t{1} << 32;

/// A stretch of the line, from `begin` to before `end`.
struct Stretch {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  Place place;
};

/// One version beside the stable one: the part of the line it grows in, and how much of the line it has to get.
struct Home {
  VersionIndex version = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t size = 0;

  std::uint64_t filled() const noexcept { return std::min(size, end - begin); }
};

/// What the candidates leave of a home: the stable version's, if it has any weight.
struct Gap {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

Result<double> sum_of(std::span<const Weight> weights) {
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!std::isfinite(weights[i].weight) || weights[i].weight < 0) {
      return fail(Error::internal("a weight is a finite number of 0 or more"));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (weights[j].version == weights[i].version) {
        return fail(Error::internal("version number " + std::to_string(weights[i].version) + " has two weights"));
      }
    }
    sum += weights[i].weight;
  }
  if (!(sum > 0) || !std::isfinite(sum)) return fail(Error::internal("at least one weight must be above 0"));
  return sum;
}

/// Whole positions per weight; what rounding leaves over goes to the stable version, or to the largest weight when
/// the stable one has none, so that a weight of 0 gets nothing at all.
std::vector<std::uint64_t> sizes_of(std::span<const Weight> weights, double sum, VersionIndex stable) {
  std::vector<std::uint64_t> sizes;
  std::uint64_t used = 0;
  std::size_t taker = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    sizes.push_back(std::min(static_cast<std::uint64_t>(weights[i].weight / sum * 0x1p32), whole_line - used));
    used += sizes.back();
    if (weights[i].weight > weights[taker].weight) taker = i;
  }
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i].version == stable && weights[i].weight > 0) taker = i;
  }
  sizes[taker] += whole_line - used;
  return sizes;
}

std::vector<Home> homes_of(std::span<const Weight> weights, const std::vector<std::uint64_t>& sizes,
                           VersionIndex stable) {
  std::vector<Home> homes;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i].version != stable) homes.push_back({weights[i].version, 0, 0, sizes[i]});
  }
  for (std::size_t i = 0; i < homes.size(); ++i) {
    homes[i].begin = whole_line * i / homes.size();
    homes[i].end = whole_line * (i + 1) / homes.size();
  }
  return homes;
}

/// Lays what does not fit into a home into the free ends of the others, from the right, where a home's own growth
/// arrives last. Tells what is left of each home.
std::vector<Stretch> lay_out(const std::vector<Home>& homes, std::vector<Gap>& gaps) {
  std::vector<Stretch> stretches;
  std::vector<std::uint64_t> free_end;
  for (const auto& home : homes) {
    if (home.filled() > 0) stretches.push_back({home.begin, home.begin + home.filled(), {home.version}});
    free_end.push_back(home.end);
  }
  for (std::size_t i = 0; i < homes.size(); ++i) {
    std::uint64_t excess = homes[i].size - homes[i].filled();
    for (std::size_t step = 1; step < homes.size() && excess > 0; ++step) {
      const std::size_t host = (i + step) % homes.size();
      const std::uint64_t room = free_end[host] - (homes[host].begin + homes[host].filled());
      const std::uint64_t taken = std::min(room, excess);
      if (taken == 0) continue;
      stretches.push_back({free_end[host] - taken, free_end[host], {homes[i].version}});
      free_end[host] -= taken;
      excess -= taken;
    }
  }
  for (std::size_t i = 0; i < homes.size(); ++i) gaps.push_back({homes[i].begin + homes[i].filled(), free_end[i]});
  if (homes.empty()) gaps.push_back({0, whole_line});
  return stretches;
}

/// An equal part of each gap's far end; what a small gap lacks the larger ones give.
void lay_control(std::uint64_t size, std::vector<Gap> gaps, VersionIndex stable, std::vector<Stretch>& stretches) {
  std::stable_sort(gaps.begin(), gaps.end(),
                   [](const Gap& a, const Gap& b) { return a.end - a.begin < b.end - b.begin; });
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    const std::uint64_t taken = std::min(gaps[i].end - gaps[i].begin, size / (gaps.size() - i));
    size -= taken;
    if (taken > 0) stretches.push_back({gaps[i].end - taken, gaps[i].end, {stable, true}});
  }
}

}  // namespace

Result<Split> Split::build(std::span<const Weight> weights, VersionIndex stable, double control) {
  const auto sum = sum_of(weights);
  if (!sum) return fail(sum.error());
  if (!(control >= 0 && control <= 1)) return fail(Error::internal("the control's share lies between 0 and 1"));

  Split split;
  for (const auto& weight : weights) {
    if (weight.version >= split.shares_.size()) split.shares_.resize(weight.version + std::size_t{1});
    split.shares_[weight.version] = weight.weight / *sum;
  }

  std::uint64_t covered = 0;
  const auto append = [&](std::uint64_t end, Place place) {
    if (end == covered) return;
    covered = end;
    const auto last = static_cast<std::uint32_t>(end - 1);
    const Place before = split.pieces_.empty() ? Place{} : split.pieces_.back().place;
    if (!split.pieces_.empty() && before.version == place.version && before.control == place.control) {
      split.pieces_.back().last = last;
    } else {
      split.pieces_.push_back({last, place});
    }
  };
  std::vector<Gap> gaps;
  auto stretches = lay_out(homes_of(weights, sizes_of(weights, *sum, stable), stable), gaps);
  lay_control(static_cast<std::uint64_t>(control * 0x1p32), std::move(gaps), stable, stretches);
  std::sort(stretches.begin(), stretches.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  for (const auto& stretch : stretches) {
    append(stretch.begin, {stable});
    append(stretch.end, stretch.place);
  }
  append(whole_line, {stable});

  std::uint16_t piece = 0;
  for (std::size_t slot = 0; slot < split.guide_.size(); ++slot) {
    while (split.pieces_[piece].last < slot << 24) ++piece;
    split.guide_[slot] = piece;
  }
  return split;
}

std::size_t Split::longest_walk() const noexcept {
  std::size_t longest = 0;
  for (std::size_t slot = 0; slot < guide_.size(); ++slot) {
    const std::size_t last_of_slot = slot + 1 < guide_.size() ? guide_[slot + 1] : pieces_.size() - 1;
    longest = std::max(longest, last_of_slot - guide_[slot] + 1);
  }
  return longest;
}

}  // namespace sluice::traffic
