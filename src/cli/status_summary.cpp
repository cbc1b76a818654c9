#include "sluice/cli/status_summary.hpp"

#include <vector>

#include "sluice/cli/json_fields.hpp"
#include "sluice/cli/rollout_output.hpp"
#include "sluice/cli/status_output.hpp"

namespace sluice::cli {

namespace {

constexpr std::size_t kVersionsShown = 3;
constexpr std::size_t kEventShown = 60;

/// The share of the route's requests that it gets copies of.
double mirrored_share(const Json& rollout, const std::string& version) {
  for (const Json& share : list(rollout, "versions")) {
    if (text(share, "version") == version) return number(share, "mirrored");
  }
  return 0;
}

/// Those that get something, or copies of it.
std::vector<const Json*> versions_at_work(const Json& route) {
  std::vector<const Json*> out;
  for (const Json& version : list(route, "versions")) {
    const bool copies = mirrored_share(part(route, "rollout"), text(version, "version")) > 0;
    if (number(version, "targetWeight") > 0 || copies) out.push_back(&version);
  }
  return out;
}

/// Of each version one word, as many as are shown; the words of a line's columns stand in the same order.
template <typename WordOf>
std::string of_each(const std::vector<const Json*>& versions, const WordOf& word_of) {
  std::string out;
  for (std::size_t i = 0; i < versions.size() && i < kVersionsShown; ++i) {
    const std::string word = word_of(*versions[i]);
    out += (i == 0 ? "" : " ") + (word.empty() ? std::string("-") : word);
  }
  return out;
}

std::string split_of(const Json& route, const std::vector<const Json*>& versions) {
  const auto share = [&](const Json& version) {
    const std::string name = text(version, "version");
    const double copies = mirrored_share(part(route, "rollout"), name);
    return name + "=" + (copies > 0 ? percent(copies) + "(copies)" : percent(number(version, "targetWeight")));
  };
  const std::size_t more = versions.size() - std::min(versions.size(), kVersionsShown);
  return of_each(versions, share) + (more > 0 ? " +" + std::to_string(more) : "");
}

struct Usable {
  std::size_t all = 0;
  std::size_t usable = 0;

  explicit Usable(const Json& route) {
    for (const Json& version : list(route, "versions")) {
      for (const Json& endpoint : list(version, "endpoints")) {
        ++all;
        usable += number(endpoint, "share") > 0 ? 1 : 0;
      }
    }
  }
  std::string text() const { return std::to_string(usable) + "/" + std::to_string(all); }
};

Table::Cell usable_of(const Json& route) {
  const Usable endpoints(route);
  return {endpoints.text(), endpoints.usable < endpoints.all ? Colour::Yellow : Colour::None};
}

/// At most so many characters; none is cut in two.
std::string shortened(const std::string& text, std::size_t most) {
  std::size_t characters = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if ((text[at] & 0xC0) == 0x80) continue;
    if (characters++ == most) return text.substr(0, at) + "...";
  }
  return text;
}

/// "11-22 09:51 Advanced: v2 to 25%"; nothing when nothing has happened yet.
std::string last_event_of(const Json& route) {
  const Json& journal = list(route, "journal");
  const Json& events = journal.empty() ? list(part(route, "rollout"), "events") : journal;
  if (events.empty()) return {};
  const Json& last = events.front();
  const std::string time = text(last, "time");
  const std::string when = time.size() >= 16 ? time.substr(5, 5) + " " + time.substr(11, 5) + " " : "";
  const std::string what = text(last, "text");
  return when + text(last, "kind") + (what.empty() ? "" : ": " + shortened(what, kEventShown));
}

}  // namespace

std::string split_as_text(const Json& route) {
  return split_of(route, versions_at_work(route));
}

std::string usable_endpoints(const Json& route) {
  return Usable(route).text();
}

std::string summary_as_text(const Json& status, const Style& style) {
  Table table({{"ROUTE"},
               {"STRATEGY"},
               {"SERVING"},
               {"PHASE"},
               {"STEP"},
               {"SPLIT"},
               {"SUCCESS"},
               {"P99"},
               {"ENDPOINTS", true},
               {"LAST EVENT (UTC)"}});
  for (const Json& route : list(status, "routes")) {
    const Json& rollout = part(route, "rollout");
    const std::vector<const Json*> versions = versions_at_work(route);
    const auto success = [&](const Json& version) { return success_as_text(route, version); };
    const auto p99 = [](const Json& version) { return latency_as_text(version, "p99"); };
    table.add({Table::Cell(text(route, "route"), Colour::Bold), text(route, "strategy"),
               serving_cell(text(rollout, "serving"), style), phase_cell(rollout, style), step_in_numbers(rollout),
               split_of(route, versions), of_each(versions, success), of_each(versions, p99), usable_of(route),
               last_event_of(route)});
  }
  std::string out = gateway_as_text(status, style.colour);
  if (table.empty()) return out + "\nNo routes.\n";
  return out + "\n" + table.text(style.colour) + "\nAll about one of them: sluice status ROUTE\n";
}

}  // namespace sluice::cli
