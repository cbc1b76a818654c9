#include "sluice/cli/pairs_output.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "sluice/cli/json_fields.hpp"
#include "sluice/cli/terminal.hpp"

namespace sluice::cli {

namespace {

/// "0.4% (0.1% to 0.9%)".
std::string share_with_interval(const Json& object, const char* key) {
  const Json& interval = part(object, "interval");
  std::string out = percent(number(object, key));
  if (!has_number(interval, "lower") || !has_number(interval, "upper")) return out;
  return out + " (" + percent(number(interval, "lower")) + " to " + percent(number(interval, "upper")) + ")";
}

std::string three_digits_of(double value) {
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%.3g", value);
  return out.data();
}

/// "4.8 to 5.6".
std::string range_of(const Json& interval) {
  if (!has_number(interval, "lower") || !has_number(interval, "upper")) return "";
  return three_digits_of(number(interval, "lower")) + " to " + three_digits_of(number(interval, "upper"));
}

std::string noise_of(const Json& pairs) {
  const std::uint64_t fields = count(pairs, "noisyFields");
  const std::uint64_t refused = count(pairs, "refusedTwins");
  const std::string twins = grouped(count(pairs, "twins")) + " twins" +
                            (refused == 0 ? "" : " (" + grouped(refused) + " more with another status)");
  if (!flag(pairs, "noiseKnown")) return twins + ", noise not known yet";
  return twins +
         (fields == 0 ? ", no noise" : ", " + grouped(fields) + (fields == 1 ? " noisy field" : " noisy fields"));
}

/// Segments that differ at all: "mobile 3 of 120".
std::string segments_of(const Json& pairs) {
  std::string out;
  for (const Json& segment : list(pairs, "segments")) {
    if (count(segment, "disagreements") == 0) continue;
    out += (out.empty() ? "; in " : ", ") + text(segment, "name") + " " + grouped(count(segment, "disagreements")) +
           " of " + grouped(count(segment, "pairs"));
  }
  return out;
}

/// What is still needed when all that come agree.
std::string certified_by(const Json& pairs) {
  const std::uint64_t needed = count(pairs, "pairsCertify");
  if (needed == 0 || count(pairs, "disagreements") > 0 || count(pairs, "compared") >= needed) return "";
  return "; " + percent(number(pairs, "limit")) + " is certified by " + grouped(needed - count(pairs, "compared")) +
         " more that agree";
}

std::string with_sign(double value) {
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%+.3g", value);
  return out.data();
}

/// Candidate less live on the same requests: "+0.02 (+0.01 to +0.03)".
std::string difference_of(const Json& difference) {
  const Json& interval = part(difference, "interval");
  std::string out = with_sign(number(difference, "mean"));
  if (!has_number(interval, "lower") || !has_number(interval, "upper")) return out;
  return out + " (" + with_sign(number(interval, "lower")) + " to " + with_sign(number(interval, "upper")) + ")";
}

std::string pairs_line(const Json& pairs) {
  std::string out = text(pairs, "version") + " " + grouped(count(pairs, "pairs"));
  if (count(pairs, "compared") < count(pairs, "pairs")) {
    out += " (" + grouped(count(pairs, "compared")) + " compared)";
  }
  out += ", " + noise_of(pairs);
  if (has_number(pairs, "disagreement")) out += "; disagreement " + share_with_interval(pairs, "disagreement");
  if (const std::string field = text(pairs, "worstField"); !field.empty()) {
    out += ", most at " + field + " (" + grouped(count(pairs, "worstFieldPairs")) + ")";
  }
  if (const std::uint64_t rows = count(pairs, "rows"); rows > 0) {
    out += "; " + grouped(count(pairs, "flips")) + " of " + grouped(rows) + " rows flip";
  }
  const Json& score = part(pairs, "scoreDifference");
  if (has_number(score, "mean")) out += "; score " + difference_of(score);
  return out + segments_of(pairs) + certified_by(pairs);
}

/// "v2 click 0.051 (0.046 to 0.057), of the 96% of requests that it answers alike; live 0.05 of all".
std::string replay_line(const Json& replay, const std::string& version) {
  const std::string lies = range_of(part(replay, "interval"));
  std::string out = version + " " + text(replay, "outcome") + " " + three_digits_of(number(replay, "value"));
  if (!lies.empty()) out += " (" + lies + ")";
  out += ", an estimate of the " + percent(number(replay, "covered")) + " of requests that both answer alike; live " +
         three_digits_of(number(replay, "served")) + " of all";
  const std::string all = range_of(part(replay, "ofAll"));
  return all.empty() ? out : out + ", " + version + " " + all;
}

/// "1.25GiB".
std::string size_text(double bytes) {
  static constexpr std::array<const char*, 6> units{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < units.size(); ++unit) bytes /= 1024;
  return three_digits_of(bytes) + units[unit];
}

std::string amount(const std::string& name, double value) {
  if (name == "bytes") return size_text(value);
  return name == "requests" ? grouped(static_cast<std::uint64_t>(std::max(value, 0.0))) : age(value);
}

std::string budget_line(const Json& budgets) {
  std::string out;
  for (const Json& budget : budgets) {
    const std::string name = text(budget, "name");
    out += (out.empty() ? "" : ", ") + name + " " + amount(name, number(budget, "spent")) + " of " +
           amount(name, number(budget, "limit"));
  }
  return out;
}

/// Names of fields are a model server's words.
std::string titled(const char* title, const std::string& line) {
  return title + painted(line, Colour::None, false) + "\n";
}

}  // namespace

std::string pairs_as_text(const Json& rollout) {
  std::string out;
  for (const Json& pairs : list(rollout, "pairs")) {
    out += titled("Pairs:   ", pairs_line(pairs));
    for (const Json& replay : list(pairs, "replays")) {
      out += titled("Replay:  ", replay_line(replay, text(pairs, "version")));
    }
  }
  const std::string budget = budget_line(list(rollout, "budgets"));
  return budget.empty() ? out : out + titled("Budget:  ", budget);
}

}  // namespace sluice::cli
