#include "sluice/cli/declared.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "sluice/policy/suggest.hpp"

namespace sluice::cli {

/// The library writes them behind the type: `TEXT:{text,json}`.
std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t begin = type.find('{');
  const std::size_t end = type.find('}', begin);
  std::vector<std::string> out;
  if (begin == std::string::npos || end == std::string::npos) return out;
  for (std::size_t at = begin + 1; at < end;) {
    const std::size_t comma = std::min(type.find(',', at), end);
    out.push_back(type.substr(at, comma - at));
    at = comma + 1;
  }
  return out;
}

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

std::string kind_of(const CLI::Option& option) {
  if (!takes_value(option)) return {};
  const std::string type = option.get_type_name();
  // A check's own words follow a colon; `HOST:PORT` and `http://…` have one of their own.
  for (const char* mark : {":{", ":FILE", ":DIR", ":PATH", ":INT", ":UINT", ":FLOAT", ":POSITIVE", ":NONNEGATIVE"}) {
    const std::size_t found = type.find(mark);
    if (found != std::string::npos && found > 0) return type.substr(0, found);
  }
  return type;
}

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> out;
  for (const std::string& name : option.get_lnames()) out.push_back("--" + name);
  for (const std::string& name : option.get_snames()) out.push_back("-" + name);
  return out;
}

std::vector<const CLI::Option*> options_of(const CLI::App& verb) {
  std::vector<const CLI::Option*> out;
  for (const CLI::Option* option : verb.get_options()) {
    if (!option->get_group().empty() && !names_of(*option).empty()) out.push_back(option);
  }
  return out;
}

std::vector<const CLI::Option*> arguments_of(const CLI::App& verb) {
  std::vector<const CLI::Option*> out;
  for (const CLI::Option* option : verb.get_options()) {
    if (option->get_positional()) out.push_back(option);
  }
  return out;
}

const CLI::Option* find_option(const CLI::App& verb, std::string_view name) {
  for (const CLI::Option* option : verb.get_options()) {
    const auto names = names_of(*option);
    if (std::find(names.begin(), names.end(), name) != names.end()) return option;
  }
  return nullptr;
}

std::vector<std::string> verbs_of(const CLI::App& app) {
  std::vector<std::string> out;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App* /*verb*/) { return true; })) {
    if (!verb->get_group().empty()) out.push_back(verb->get_name());
  }
  return out;
}

std::string example_of(const CLI::App& verb) {
  constexpr std::string_view kTitle = "Example: ";
  const std::string footer = verb.get_footer();
  const std::size_t begin = footer.find(kTitle);
  if (begin == std::string::npos) return {};
  std::string line = footer.substr(begin + kTitle.size(), footer.find('\n', begin) - begin - kTitle.size());
  line.resize(std::min(line.size(), line.find("  #")));  // what it is good for
  return line.substr(0, line.find_last_not_of(' ') + 1);
}

std::string meant_by(std::string_view word, const std::vector<std::string>& candidates) {
  std::string only;
  std::size_t found = 0;
  for (const std::string& candidate : candidates) {
    if (!candidate.starts_with(word) || word.find_first_not_of('-') == std::string_view::npos) continue;
    only = candidate;
    ++found;
  }
  return found == 1 ? only : policy::nearest(word, candidates);
}

}  // namespace sluice::cli
