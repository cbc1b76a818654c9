#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sluice/base/stable_hash.hpp"
#include "sluice/strategy/step.hpp"

namespace sluice::strategy {
namespace {

/// Collects what makes a rollout what it is. Every field ends with a mark, so that no two lists read the same, and
/// places in the file are left out: a line that moved is not another wish.
class Words {
 public:
  Words& add(std::string_view text) {
    hash_ = stable_hash(hash_, text);
    return *this;
  }
  Words& add(double number) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, number).ptr;
    return add(std::string_view(text, static_cast<std::size_t>(end - text)));
  }
  Words& add(std::size_t number) { return add(std::to_string(number)); }
  Words& add(const std::optional<double>& number) { return number ? add(*number) : add("none"); }

  Words& add(const policy::ValueMatch& value) {
    return add(value.name).add(static_cast<std::size_t>(value.type)).add(value.value).add(value.min).add(value.max);
  }
  Words& add(const policy::PathMatch& path) { return add(static_cast<std::size_t>(path.type)).add(path.value); }
  Words& add(const policy::Match& match) {
    match.path ? add(*match.path) : add("none");
    return add(match.headers).add(match.query_params).add(match.cookies).add(match.method).add(match.model);
  }
  Words& add(const policy::Step& step) {
    add(static_cast<std::size_t>(step.kind)).add(step.weight);
    return step.pause.duration ? add(static_cast<std::size_t>(step.pause.duration->count())) : add("none");
  }
  Words& add(const policy::Repository& repository) {
    add(repository.model).add(repository.stable_parameters).add(repository.candidate_parameters);
    return add(repository.unload ? "unload" : "load");
  }
  Words& add(const std::map<std::string, std::string>& pairs) {
    add(pairs.size());
    for (const auto& [name, value] : pairs) add(name).add(value);
    return *this;
  }
  Words& add(const policy::ContextFeature& feature) {
    add(static_cast<std::size_t>(feature.source)).add(feature.name).add(static_cast<std::size_t>(feature.type));
    return add(feature.values);
  }
  Words& add(const policy::FromAnswer& from) {
    add(static_cast<std::size_t>(from.part)).add(from.name).add(from.sample.fraction);
    return add(std::size_t{from.body_bytes.count});
  }
  Words& add(const policy::TensorRule& rule) {
    add(rule.name).add(static_cast<std::size_t>(rule.by)).add(std::size_t{rule.top}).add(rule.overlap.fraction);
    add(rule.tolerance).add(rule.absolute_tolerance);
    return rule.ulps ? add(std::size_t{*rule.ulps}) : add("none");
  }
  /// Not what is kept of pairs, nor how soon noise is known.
  Words& add(const policy::Compare& compare) {
    add(compare.pointers).add(compare.ignore).add(compare.unordered).add(compare.tensors).add(compare.drop_headers);
    add(compare.tolerance).add(compare.absolute_tolerance).add(std::size_t{compare.ulps}).add(compare.edit_ratio);
    return add(std::size_t{compare.body_bytes.count}).add(compare.noise.fraction > 0 ? "noise" : "exact");
  }
  Words& add(const policy::Drift& drift) {
    drift.score ? add(*drift.score) : add("none");
    drift.label ? add(*drift.label) : add("none");
    return add(std::size_t{drift.reference});
  }
  Words& add(const policy::ShadowSelection& select) {
    add(select.matches).add(select.oversample.size());
    for (const auto& more : select.oversample) add(more.segment).add(more.percent);
    return select.deduplicate ? add(static_cast<std::size_t>(select.deduplicate->count())) : add("none");
  }
  template <typename T>
  Words& add(const std::vector<T>& list) {
    add(list.size());
    for (const auto& one : list) add(one);
    return *this;
  }

  // the strategies: their fields that start a rollout
  void operator()(const std::monostate& /*none*/) { add("none"); }
  void operator()(const policy::Shadow& shadow) {
    add("shadow").add(shadow.live).add(shadow.candidates.size());
    for (const auto& candidate : shadow.candidates) add(candidate.version);
  }
  void operator()(const policy::AbTest& test) {
    add("abTest").add(test.variants.size());
    for (const auto& variant : test.variants) add(variant.version);
    add(test.control).add(test.audience);
  }
  void operator()(const policy::Bandit& bandit) {
    add("bandit").add(bandit.arms).add(bandit.reward).add(static_cast<std::size_t>(bandit.algorithm));
    add(bandit.context);
  }
  void operator()(const policy::Canary& canary) {
    add("canary").add(canary.stable).add(canary.candidate).add(canary.steps);
    add(static_cast<std::size_t>(canary.pace)).add(canary.audience);
  }
  void operator()(const policy::Rolling& rolling) {
    add("rolling").add(rolling.stable).add(rolling.candidate).add(static_cast<std::size_t>(rolling.replace));
    rolling.repository ? add(*rolling.repository) : add("none");
  }
  void operator()(const policy::BlueGreen& blue_green) {
    add("blueGreen").add(blue_green.active).add(blue_green.preview);
  }
  void operator()(const policy::Stages& stages) {
    add("stages").add(stages.stages.size());
    for (const auto& stage : stages.stages) std::visit(*this, stage.strategy);
  }

  std::string hex() const {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash_));
    return text;
  }

 private:
  std::uint64_t hash_ = 0x51D3;
};

}  // namespace

std::string fingerprint(const policy::ModelRoute& route) {
  Words words;
  // Which of them is who says the strategy; in which order they stand in the file says nothing.
  std::vector<std::string_view> names;
  for (const auto& version : route.versions) names.emplace_back(version.name);
  std::sort(names.begin(), names.end());
  words.add(names);
  // Without a strategy nobody is dealt out, and no rollout hangs on who is who.
  const bool deals = !std::holds_alternative<std::monostate>(route.strategy);
  if (deals) words.add(static_cast<std::size_t>(route.unit.source)).add(route.unit.name).add(route.unit.salt);
  std::visit(words, route.strategy);
  return words.hex();
}

std::string pair_fingerprint(const policy::ModelRoute& route, const policy::Shadow* shadow) {
  Words words;
  words.add(static_cast<std::size_t>(route.protocol));
  const policy::Compare* compare = policy::compare_of(route);
  compare != nullptr ? words.add(*compare) : words.add("none");
  route.drift ? words.add(*route.drift) : words.add("none");
  words.add(route.segments.size());
  for (const auto& segment : route.segments) words.add(segment.name);
  if (shadow == nullptr) return words.hex();
  words.add(shadow->select);
  // What a pair of an oversampled segment stands for hangs on how often the others are copied.
  if (shadow->select.oversample.empty()) return words.hex();
  for (const auto& segment : route.segments) words.add(segment.matches);
  for (const auto& candidate : shadow->candidates) words.add(candidate.percent);
  return words.hex();
}

}  // namespace sluice::strategy
