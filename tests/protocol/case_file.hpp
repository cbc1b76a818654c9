#pragma once

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::test {

/// One rule of the protocol: what a client sends and what must come of it. docs/protocol.md describes the format.
struct ProtocolCase {
  std::string name;   ///< folder and file without its ending: "content_length/refuses_a_sign"
  std::string group;  ///< the folder
  std::string client;
  std::string answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";  ///< what the upstream says to every request
  bool answer_closes = false;                                             ///< and then closes
  int status = 0;                                                         ///< of the last response
  std::string error;                                                      ///< its reason; empty: not refused
  bool closes = false;                       ///< the gateway closes the connection afterwards
  std::size_t upstream_requests = 1;         ///< whole requests that reach the upstream
  bool upstream_may_see_a_part = false;      ///< the head may be on its way when the body turns out to be bad
  bool only_gateway = false;                 ///< the rule is not one of the parsers
  std::optional<std::string> upstream_sees;  ///< the last request, without what the gateway adds
  std::optional<std::string> client_sees;    ///< the last response, without what the gateway adds
};

inline std::ostream& operator<<(std::ostream& out, const ProtocolCase& rule) {
  return out << rule.name;
}

namespace case_file {

inline std::string bytes_of(std::string_view text);

/// The escape at the front of `text`, which starts after a backslash; takes it off.
inline std::string escape(std::string_view& text) {
  const auto take = [&](std::size_t count) {
    const std::string_view taken = text.substr(0, count);
    text.remove_prefix(taken.size());
    return taken;
  };
  const std::string_view kind = take(1);
  if (kind == "r") return "\r";
  if (kind == "n") return "\n";
  if (kind == "t") return "\t";
  if (kind == "\\") return "\\";
  if (kind == "x") {
    int value = 0;
    const std::string_view digits = take(2);
    if (std::from_chars(digits.begin(), digits.end(), value, 16).ptr != digits.end())
      throw std::runtime_error("bad \\x");
    return {static_cast<char>(value)};
  }
  const std::size_t star = text.find('*');
  const std::size_t end = text.find('}');
  if (kind != "{" || star > end || end == std::string_view::npos) throw std::runtime_error("unknown escape");
  std::size_t count = 0;
  std::from_chars(text.begin(), text.begin() + star, count);
  const std::string unit = bytes_of(text.substr(star + 1, end - star - 1));
  text.remove_prefix(end + 1);
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result += unit;
  return result;
}

inline std::string bytes_of(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '\\') {
      result += escape(text);
    } else {
      result += c;
    }
  }
  return result;
}

/// A line of a bytes section: it stands for itself and CRLF, unless it ends with a single backslash.
inline void add_line(std::string& bytes, std::string_view line) {
  const bool continues = line.ends_with('\\') && !line.ends_with("\\\\");
  if (continues) line.remove_suffix(1);
  bytes += bytes_of(line);
  if (!continues) bytes += "\r\n";
}

inline void expectation(ProtocolCase& rule, std::string_view line) {
  const std::string_view word = line.substr(0, line.find(' '));
  const std::string_view rest = line.substr(std::min(line.size(), word.size() + 1));
  if (word == "status") {
    rule.status = std::stoi(std::string(rest));
  } else if (word == "error") {
    rule.error = rest;
  } else if (line == "connection closes" || line == "connection stays open") {
    rule.closes = line.ends_with("closes");
  } else if (line == "upstream sees nothing" || line == "upstream sees nothing whole") {
    rule.upstream_requests = 0;
    rule.upstream_may_see_a_part = line.ends_with("whole");
  } else if (line.starts_with("upstream sees ")) {
    rule.upstream_requests = std::stoul(std::string(line.substr(14)));
  } else if (line == "only through the gateway") {
    rule.only_gateway = true;
  } else if (!line.empty()) {
    throw std::runtime_error("unknown expectation: " + std::string(line));
  }
}

inline ProtocolCase parse(std::istream& in) {
  ProtocolCase rule;
  std::string line;
  std::string section;
  while (std::getline(in, line)) {
    if (line.starts_with("--- ")) {
      section = line.substr(4);
      rule.answer_closes |= section == "upstream answers, then closes";
      if (section.starts_with("upstream answers")) rule.answer.clear();
      if (section == "upstream sees") rule.upstream_sees.emplace();
      if (section == "client sees") rule.client_sees.emplace();
    } else if (section == "client") {
      add_line(rule.client, line);
    } else if (section.starts_with("upstream answers")) {
      add_line(rule.answer, line);
    } else if (section == "upstream sees") {
      add_line(*rule.upstream_sees, line);
    } else if (section == "client sees") {
      add_line(*rule.client_sees, line);
    } else if (section == "expect") {
      expectation(rule, line);
    } else if (!section.empty() || !line.starts_with('#')) {
      throw std::runtime_error("a line outside the known sections: " + line);
    }
  }
  if (rule.status == 0 || rule.client.empty()) throw std::runtime_error("status or client bytes are missing");
  return rule;
}

}  // namespace case_file

/// Every case under a folder, by name. Throws with the file's name when one cannot be read.
inline std::vector<ProtocolCase> read_protocol_cases(const std::filesystem::path& folder) {
  std::vector<ProtocolCase> cases;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".case") continue;
    try {
      std::ifstream in(entry.path(), std::ios::binary);
      cases.push_back(case_file::parse(in));
    } catch (const std::exception& error) {
      throw std::runtime_error(entry.path().string() + ": " + error.what());
    }
    cases.back().group = entry.path().parent_path().filename();
    cases.back().name = cases.back().group + "/" + entry.path().stem().string();
  }
  std::sort(cases.begin(), cases.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return cases;
}

/// The corpus, read once.
inline const std::vector<ProtocolCase>& protocol_cases() {
  static const auto cases = read_protocol_cases(std::filesystem::path(SLUICE_SOURCE_DIR) / "tests/protocol/cases");
  return cases;
}

/// Offsets at which a test cuts `size` bytes: rising, made from a seed.
template <typename Random>
std::vector<std::size_t> random_cuts(std::size_t size, Random& random) {
  std::vector<std::size_t> cuts;
  for (std::size_t at = 1 + random() % 60; at < size; at += 1 + random() % 60) cuts.push_back(at);
  return cuts;
}

}  // namespace sluice::test
