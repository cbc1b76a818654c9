#include "sluice/outcomes/verdict.hpp"

#include <algorithm>
#include <array>

namespace sluice::outcomes {

namespace {

constexpr unsigned kRetryFull = 60;

/// The text is UTF-8 already; what JSON wants escaped is.
void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_count(std::string& out, std::string_view name, std::uint64_t count) {
  out += out.size() > 1 ? ",\"" : "\"";
  out += name;
  out += "\":";
  out += std::to_string(count);
}

}  // namespace

std::string_view to_string(Refusal refusal) noexcept {
  constexpr std::array<std::string_view, refusals> kNames = {"malformed",     "forged",          "unknown_key",
                                                             "unknown_route", "unknown_version", "unknown_outcome",
                                                             "invalid_value", "expired",         "full"};
  return kNames[static_cast<std::size_t>(refusal)];
}

void Verdict::reject(ReportProblem problem) {
  ++rejected;
  full = full || problem.refusal == Refusal::Full;
  if (problems.size() < most_problems) problems.push_back(std::move(problem));
}

Answer to_answer(const Verdict& verdict) {
  Answer answer;
  const bool nothing_counts = verdict.accepted == 0 && verdict.duplicates == 0;
  answer.status = verdict.full ? 503 : nothing_counts ? 400 : 200;
  answer.retry_after_s = verdict.full ? kRetryFull : 0;
  std::string& body = answer.body;
  body = "{";
  append_count(body, "accepted", verdict.accepted);
  append_count(body, "duplicates", verdict.duplicates);
  append_count(body, "rejected", verdict.rejected);
  if (verdict.not_split > 0) append_count(body, "notSplit", verdict.not_split);
  if (!verdict.problems.empty()) {
    body += ",\"problems\":[";
    for (const ReportProblem& problem : verdict.problems) {
      if (body.back() != '[') body += ',';
      body += "{\"index\":" + std::to_string(problem.index);
      if (!problem.outcome.empty()) {
        body += ",\"outcome\":";
        append_quoted(body, problem.outcome);
      }
      body += ",\"reason\":\"";
      body += to_string(problem.refusal);
      body += "\",\"message\":";
      append_quoted(body, problem.message);
      body += '}';
    }
    body += ']';
    if (verdict.rejected > verdict.problems.size()) {
      append_count(body, "problemsNotTold", verdict.rejected - verdict.problems.size());
    }
  }
  body += '}';
  return answer;
}

Answer error_answer(unsigned status, std::string_view message, unsigned retry_after_s) {
  Answer answer;
  answer.status = status;
  answer.retry_after_s = retry_after_s;
  answer.body = "{\"error\":";
  append_quoted(answer.body, message);
  answer.body += '}';
  return answer;
}

}  // namespace sluice::outcomes
