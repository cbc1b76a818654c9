#include "sluice/cli/misunderstood.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "sluice/cli/declared.hpp"
#include "sluice/cli/terminal.hpp"

namespace sluice::cli {

namespace {

std::string did_you_mean(const std::string& meant) {
  return meant.empty() ? std::string() : "; did you mean " + meant + "?";
}

std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

bool is_option(const std::string& word) {
  return word.size() > 1 && word.starts_with('-');
}

std::string unknown_option(const CLI::App& verb, const std::string& word) {
  std::vector<std::string> known;
  for (const CLI::Option* option : options_of(verb)) {
    for (const std::string& name : names_of(*option)) {
      if (name.starts_with("--")) known.push_back(name);
    }
  }
  const std::string name = word.substr(0, word.find('='));
  return "there is no option " + name + did_you_mean(meant_by(name, known));
}

std::string without_verb(const CLI::App& app) {
  const std::vector<std::string> rest = app.remaining();
  if (rest.empty()) return "what is to be done? Verbs are " + listed(verbs_of(app));
  if (is_option(rest.front())) return unknown_option(app, rest.front());
  const std::string meant = rest.front() == "help" ? "--help" : meant_by(rest.front(), verbs_of(app));
  if (!meant.empty()) return "there is no verb " + rest.front() + did_you_mean(meant);
  return "there is no verb " + rest.front() + "; there are " + listed(verbs_of(app));
}

/// The option that the library's sentence is about: it begins with the name, or with the words that are none of its.
const CLI::Option* subject_of(const CLI::App& verb, const std::string& sentence) {
  const CLI::Option* found = nullptr;
  std::size_t longest = 0;
  for (const CLI::Option* option : verb.get_options()) {
    std::vector<std::string> names = names_of(*option);
    if (option->get_positional()) names.push_back(option->get_name(true, false));
    for (const std::string& name : names) {
      const bool is_it = sentence.starts_with(name + ":") || sentence.starts_with(name + " ");
      if (!is_it || name.size() < longest) continue;
      longest = name.size();
      found = option;
    }
  }
  return found;
}

std::string wrong_choice(const CLI::Option& option, const std::string& sentence) {
  const std::size_t colon = sentence.find(": ");
  const std::size_t end = sentence.find(" not in {");
  const std::string word = sentence.substr(colon + 2, end - colon - 2);
  const std::vector<std::string> choices = choices_of(option);
  return sentence.substr(0, colon) + ": " + word + " is none of " + listed(choices) +
         did_you_mean(meant_by(word, choices));
}

/// `rest`: what the library could not make anything of.
std::string within_verb(const CLI::App& verb, const std::vector<std::string>& rest, const CLI::ParseError& error) {
  const std::string sentence = error.what();
  for (const std::string& word : rest) {
    if (is_option(word)) return unknown_option(verb, word);
  }
  const bool is_too_long = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError);
  if (!rest.empty() && is_too_long) return rest.front() + " is one word too many";
  const CLI::Option* const option = subject_of(verb, sentence);
  if (option == nullptr) return sentence;
  if (sentence.find(" not in {") != std::string::npos) return wrong_choice(*option, sentence);
  const bool is_missing = error.get_name() == "RequiredError" || error.get_name() == "ArgumentMismatch";
  if (!is_missing || sentence.find(" requires ") != std::string::npos) return sentence;
  const std::vector<std::string> choices = choices_of(*option);
  const std::string what = choices.empty() ? kind_of(*option) : "one of " + listed(choices);
  if (!option->get_positional()) return names_of(*option).front() + " needs " + what;
  return (choices.empty() ? "a " : "") + what + " is missing";
}

}  // namespace

std::string misunderstood(const CLI::App& app, const CLI::ParseError& error) {
  const auto chosen = app.get_subcommands();
  if (chosen.empty()) {
    return "sluice: " + painted(without_verb(app), Colour::None, false) + "\nsluice --help shows what each verb does\n";
  }
  const CLI::App& verb = *chosen.front();
  const std::string name = "sluice " + verb.get_name();
  const std::string example = example_of(verb);
  return name + ": " + painted(within_verb(verb, app.remaining(true), error), Colour::None, false) + "\n" +
         (example.empty() ? "" : "for example: " + example + "; ") + name + " --help shows all of it\n";
}

}  // namespace sluice::cli
