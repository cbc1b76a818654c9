#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

/// What the verbs declare of themselves, for whoever explains or completes a command line.
namespace sluice::cli {

/// The words that an option or argument takes, where it takes only some.
std::vector<std::string> choices_of(const CLI::Option& option);
/// How what it takes is written, without these: `FILE`, `HOST:PORT`, `ROUTE`; empty: it takes nothing.
std::string kind_of(const CLI::Option& option);
bool takes_value(const CLI::Option& option);
/// `--output`, `-o`; empty for an argument that has no name on the command line.
std::vector<std::string> names_of(const CLI::Option& option);
/// Those that --help shows, in its order.
std::vector<const CLI::Option*> options_of(const CLI::App& verb);
/// Its arguments in their order.
std::vector<const CLI::Option*> arguments_of(const CLI::App& verb);
const CLI::Option* find_option(const CLI::App& verb, std::string_view name);
std::vector<std::string> verbs_of(const CLI::App& app);
/// The first one of its --help; empty: there is none.
std::string example_of(const CLI::App& verb);

/// The candidate that is the only one to begin with the word, or is nearly the word; empty: none.
std::string meant_by(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace sluice::cli
