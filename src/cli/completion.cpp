#include "sluice/cli/completion.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "sluice/cli/declared.hpp"

namespace sluice::cli {

namespace {

/// What is known of a command line in front of its last word.
struct Typed {
  const CLI::Option* open = nullptr;  ///< its value is the last word
  std::map<const CLI::Option*, std::string> values;
  std::vector<std::string> arguments;
};

Typed read_words(const CLI::App& verb, const std::vector<std::string>& words, std::size_t first) {
  Typed typed;
  bool only_arguments = false;
  for (std::size_t i = first; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (typed.open != nullptr) {
      typed.values[typed.open] = word;
      typed.open = nullptr;
    } else if (only_arguments || word.size() < 2 || word.front() != '-') {
      typed.arguments.push_back(word);
    } else if (word == "--") {
      only_arguments = true;
    } else {
      const std::size_t equals = word.find('=');
      const CLI::Option* option = find_option(verb, word.substr(0, equals));
      if (option == nullptr) continue;
      typed.values[option] = equals == std::string::npos ? "" : word.substr(equals + 1);
      if (equals == std::string::npos && takes_value(*option)) typed.open = option;
    }
  }
  return typed;
}

std::string value_of(const CLI::App& verb, const Typed& typed, const char* name) {
  const auto found = typed.values.find(find_option(verb, name));
  return found == typed.values.end() ? std::string() : found->second;
}

void offer(Completion& out, const std::string& begin, std::string word, std::string help) {
  if (word.starts_with(begin)) out.candidates.push_back({std::move(word), std::move(help)});
}

/// Names of routes: of the policy that is named in front, or else of the gateway.
std::vector<std::string> route_names(const CLI::App& verb, const Typed& typed, const NameSources& names) {
  const auto arguments = arguments_of(verb);
  for (std::size_t i = 0; i < std::min(arguments.size(), typed.arguments.size()); ++i) {
    if (kind_of(*arguments[i]).starts_with("FILE")) return names.routes_of_file(typed.arguments[i]);
  }
  return names.routes(value_of(verb, typed, "--admin"), value_of(verb, typed, "--token-file"));
}

/// `begin`: what is there of the value; `before`: what stands in front of it in the same word.
Completion values(const CLI::App& verb, const CLI::Option& option, const Typed& typed, const NameSources& names,
                  const std::string& begin, const std::string& before) {
  Completion out;
  const std::string kind = kind_of(option);
  std::vector<std::string> words = choices_of(option);
  if (kind == "ROUTE" || kind == "ROUTE[/VERSION]") words = route_names(verb, typed, names);
  if (kind == "ROUTE[/VERSION]" && begin.find('/') != std::string::npos) {
    words = names.versions(value_of(verb, typed, "--admin"), value_of(verb, typed, "--token-file"));
  }
  for (std::string& word : words) offer(out, before + begin, before + word, {});
  out.files = words.empty() && (kind.find("FILE") != std::string::npos || kind.find("DIR") != std::string::npos ||
                                kind.find("LOG") != std::string::npos);
  return out;
}

Completion option_names(const CLI::App& verb, const Typed& typed, const std::string& begin) {
  Completion out;
  for (const CLI::Option* option : options_of(verb)) {
    if (typed.values.contains(option)) continue;
    const auto names = names_of(*option);
    offer(out, begin, names.front(), option->get_description());
  }
  return out;
}

Completion verb_names(const CLI::App& app, const std::string& begin) {
  if (begin.starts_with('-')) return option_names(app, {}, begin);
  Completion out;
  for (const std::string& name : verbs_of(app)) offer(out, begin, name, app.get_subcommand(name)->get_description());
  return out;
}

Completion arguments(const CLI::App& verb, const Typed& typed, const NameSources& names, const std::string& begin) {
  const auto known = arguments_of(verb);
  if (known.empty()) return {};
  const std::size_t place = std::min(typed.arguments.size(), known.size() - 1);
  const bool is_too_many = typed.arguments.size() >= known.size() && known.back()->get_items_expected_max() <= 1;
  return is_too_many ? Completion{} : values(verb, *known[place], typed, names, begin, {});
}

}  // namespace

Completion complete(const CLI::App& app, const std::vector<std::string>& words, const NameSources& names) {
  const std::string last = words.empty() ? std::string() : words.back();
  if (words.size() < 2) return verb_names(app, last);
  const auto known = verbs_of(app);
  if (std::find(known.begin(), known.end(), words.front()) == known.end()) return {};
  const CLI::App& verb = *app.get_subcommand(words.front());
  const Typed typed = read_words(verb, words, 1);
  if (typed.open != nullptr) return values(verb, *typed.open, typed, names, last, {});
  const std::size_t equals = last.find('=');
  if (last.starts_with("--") && equals != std::string::npos) {
    const CLI::Option* option = find_option(verb, last.substr(0, equals));
    if (option == nullptr || !takes_value(*option)) return {};
    return values(verb, *option, typed, names, last.substr(equals + 1), last.substr(0, equals + 1));
  }
  return last.starts_with('-') ? option_names(verb, typed, last) : arguments(verb, typed, names, last);
}

}  // namespace sluice::cli
