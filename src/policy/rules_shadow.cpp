// What is copied, how it is compared, and what it may cost.
#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>

#include "sluice/policy/rules.hpp"
#include "sluice/policy/scalars.hpp"
#include "sluice/policy/suggest.hpp"
#include "sluice/policy/text.hpp"

namespace sluice::policy {
namespace {

constexpr int minutes_of_a_day = 1440;

/// Without these a copy is no request, or is not known for a copy.
constexpr std::array<std::string_view, 12> fields_of_every_copy{
    "connection", "content-encoding", "content-length",    "expect",  "host",         "keep-alive",
    "te",         "trailer",          "transfer-encoding", "upgrade", "x-request-id", "x-sluice-shadow"};

/// A pointer that leads to what the other leads to, or into it.
bool lies_within(std::string_view pointer, std::string_view other) {
  return pointer.starts_with(other) && (pointer.size() == other.size() || pointer[other.size()] == '/');
}

void refuse_repeats(const std::vector<std::string>& list, const Cursor& at) {
  check_unique(
      list.size(), [&](std::size_t i) -> const std::string& { return list[i]; },
      [&](std::size_t i) { return at.at(i); });
}

void check_pointers(const Compare& compare, const Cursor& at) {
  refuse_repeats(compare.pointers, at.at("pointers"));
  refuse_repeats(compare.ignore, at.at("ignore"));
  refuse_repeats(compare.unordered, at.at("unordered"));
  for (std::size_t i = 0; i < compare.pointers.size(); ++i) {
    const std::string& pointer = compare.pointers[i];
    const auto covers = [&](const std::string& other) { return !other.empty() && lies_within(pointer, other); };
    if (pointer.empty() || std::none_of(compare.ignore.begin(), compare.ignore.end(), covers)) continue;
    at.at("pointers").at(i).error(Code::NotTogether, in_quotes(pointer) + " may differ, as ignore says");
  }
}

void check_dropped(const std::vector<std::string>& headers, const Cursor& at) {
  refuse_repeats(headers, at);
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (std::find(fields_of_every_copy.begin(), fields_of_every_copy.end(), headers[i]) != fields_of_every_copy.end()) {
      at.at(i).error(Code::ReservedName, "a copy without " + in_quotes(headers[i]) +
                                             " would not be the same request, or not be known for a copy");
    }
  }
}

/// Less than a candidate gets anyway is no oversampling.
void check_oversampling(const Shadow& shadow, const Cursor& at) {
  const std::vector<Oversample>& list = shadow.select.oversample;
  check_unique(
      list.size(), [&](std::size_t i) -> const std::string& { return list[i].segment; },
      [&](std::size_t i) { return at.at(i).at("segment"); });
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto gets_more = [&](const ShadowCandidate& candidate) { return candidate.percent > list[i].percent; };
    const auto more = std::find_if(shadow.candidates.begin(), shadow.candidates.end(), gets_more);
    const Cursor percent = at.at(i).at("percent");
    if (more != shadow.candidates.end()) {
      percent.error(Code::NotTogether, format_number(list[i].percent) + " is less than the " +
                                           format_number(more->percent) + " that " + in_quotes(more->version) +
                                           " gets of all requests");
      continue;
    }
    const bool same = std::all_of(shadow.candidates.begin(), shadow.candidates.end(),
                                  [&](const ShadowCandidate& one) { return one.percent == list[i].percent; });
    if (same && !shadow.candidates.empty()) {
      percent.warning(Code::NoEffect, "every candidate gets as much of all requests");
    }
  }
}

/// Not every protocol has what is to be compared.
void check_compared_parts(const ModelRoute& route, const Cursor& compare) {
  if (compare.at("tensors").written() && route.protocol != Protocol::OpenInference) {
    compare.at("tensors").error(Code::NotTogether, "only answers of protocol OpenInference have outputs");
  }
  if (compare.at("editRatio").written() && route.protocol != Protocol::OpenAi) {
    compare.at("editRatio").error(Code::NotTogether, "only answers of protocol OpenAI have a text to compare");
  }
}

bool has_shadow(const Strategy& strategy) {
  const auto* stages = std::get_if<Stages>(&strategy);
  if (stages == nullptr) return std::holds_alternative<Shadow>(strategy);
  return std::any_of(stages->stages.begin(), stages->stages.end(),
                     [](const Stage& stage) { return std::holds_alternative<Shadow>(stage.strategy); });
}

/// Copies beside a strategy, and how the answers to them are compared.
void check_mirror(const ModelRoute& route, const Cursor& at) {
  if (!route.mirror || std::holds_alternative<std::monostate>(route.strategy)) return;
  if (route.mirror->percent > 0 && !splits_requests(route.strategy)) {
    at.at("percent").error(Code::NotTogether, has_shadow(route.strategy)
                                                  ? "a shadow says itself what is copied, by candidates and select"
                                                  : "blueGreen says itself what is copied, by prePromotion.mirror");
  }
  if (has_shadow(route.strategy) && at.at("compare").written()) {
    at.at("compare").error(Code::NotTogether, "shadow.compare says how the answers of this route are compared");
  }
  if (!makes_copies(route)) at.warning(Code::NoEffect, "nothing is copied; give it a percent");
  check_compared_parts(route, at.at("compare"));
}

/// What hangs on the route around it.
void check_on_route(const Shadow& shadow, const ModelRoute& route, const Cursor& at, const Cursor& segments) {
  check_compared_parts(route, at.at("compare"));
  if (route.segments.empty() && segments.meant()) return;  // has been reported
  std::vector<std::string> known;
  for (const Segment& segment : route.segments) known.push_back(segment.name);
  const std::vector<Oversample>& list = shadow.select.oversample;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i].segment.empty() || std::find(known.begin(), known.end(), list[i].segment) != known.end()) continue;
    at.at("select")
        .at("oversample")
        .at(i)
        .at("segment")
        .error(Code::UnknownSegment, in_quotes(list[i].segment) + " is none of this route's segments",
               nearest(list[i].segment, known));
  }
}

}  // namespace

void check_shadow_hours(const ShadowHours& hours, const Cursor& at) {
  if (hours.from.minutes >= minutes_of_a_day)
    at.at("from").error(Code::OutOfBounds, "the last minute to begin is 23:59");
  for (std::size_t i = 0; i < hours.days.size(); ++i) {
    const auto before = hours.days.begin() + static_cast<std::ptrdiff_t>(i);
    const Cursor day = at.at("days").at(i);
    if (std::find(hours.days.begin(), before, hours.days[i]) != before && day.node().kind == TreeNode::Kind::Scalar) {
      day.error(Code::DuplicateName, in_quotes(day.node().text) + " stands here twice");
    }
  }
}

void check_shadow_budget(const ShadowBudget& budget, const Cursor& at) {
  if (at.at("idle").written() && !budget.idle_only) {
    at.at("idle").error(Code::NeedsAnother, "idle needs idleOnly: true");
  }
}

void check_tensor_rule(const TensorRule& rule, const Cursor& at) {
  const auto only_with = [&](std::string_view key, Agreement wanted, std::string_view word) {
    if (!at.at(key).written() || rule.by == wanted) return;
    at.at(key).error(Code::NeedsAnother, std::string(key) + " needs by: " + std::string(word));
  };
  for (const std::string_view key : {"top", "overlap"}) only_with(key, Agreement::TopK, "TopK");
  for (const std::string_view key : {"tolerance", "absoluteTolerance", "ulps"}) {
    only_with(key, Agreement::Values, "Values");
  }
}

void complete_compare(Compare& compare, const Cursor& at) {
  for (std::string& header : compare.drop_headers) {
    std::transform(header.begin(), header.end(), header.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  }
  check_pointers(compare, at);
  check_dropped(compare.drop_headers, at.at("dropHeaders"));
  check_unique(
      compare.tensors.size(), [&](std::size_t i) -> const std::string& { return compare.tensors[i].name; },
      [&](std::size_t i) { return at.at("tensors").at(i).at("name"); });
  if (compare.keep) refuse_repeats(compare.keep->redact, at.at("keep").at("redact"));
}

void check_shadow(const Shadow& shadow, const Cursor& at) {
  const Cursor candidates = at.at("candidates");
  for (std::size_t i = 0; i < shadow.candidates.size(); ++i) {
    const std::string& version = shadow.candidates[i].version;
    if (!version.empty() && version == shadow.live) {
      candidates.at(i).at("version").error(Code::MirroredLive,
                                           in_quotes(version) + " is live and cannot be its own shadow");
    }
  }
  check_unique(
      shadow.candidates.size(), [&](std::size_t i) -> const std::string& { return shadow.candidates[i].version; },
      [&](std::size_t i) { return candidates.at(i).at("version"); });
  check_oversampling(shadow, at.at("select").at("oversample"));
}

void check_compared_alike(const Stages& stages, const Cursor& at) {
  const Shadow* first = nullptr;
  for (std::size_t i = 0; i < stages.stages.size(); ++i) {
    const auto* shadow = std::get_if<Shadow>(&stages.stages[i].strategy);
    if (shadow == nullptr) continue;
    if (first == nullptr) first = shadow;
    if (shadow->compare == first->compare) continue;
    const Cursor here = at.at(i).at("shadow");
    const Cursor compare = here.at("compare");
    (compare.written() ? compare : here)
        .error(Code::NotTogether,
               "an earlier stage compares otherwise, and the answers of a route are compared in one way; write the "
               "same compare in each");
  }
}

void check_shadows(const ModelRoute& route, const Cursor& at) {
  const Cursor strategy = at.at("strategy");
  check_mirror(route, at.at("mirror"));
  if (const auto* shadow = std::get_if<Shadow>(&route.strategy)) {
    check_on_route(*shadow, route, strategy.at("shadow"), at.at("segments"));
  }
  const auto* stages = std::get_if<Stages>(&route.strategy);
  for (std::size_t i = 0; stages != nullptr && i < stages->stages.size(); ++i) {
    if (const auto* shadow = std::get_if<Shadow>(&stages->stages[i].strategy)) {
      check_on_route(*shadow, route, strategy.at("stages").at(i).at("shadow"), at.at("segments"));
    }
  }
}

}  // namespace sluice::policy
