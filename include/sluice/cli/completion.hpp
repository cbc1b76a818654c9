#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

/// What a shell may offer for a command line that is not finished, from the declarations of the verbs.
namespace sluice::cli {

struct Candidate {
  std::string word;
  std::string help;  ///< one line; may be empty

  bool operator==(const Candidate&) const = default;
};

struct Completion {
  std::vector<Candidate> candidates;  ///< those that begin with the last word
  bool files = false;                 ///< names of files as well
};

/// Names that only a gateway or a policy knows. Both may take a while and give nothing.
struct NameSources {
  /// Of the gateway at that address with that token file, empty: as usual.
  std::function<std::vector<std::string>(const std::string& address, const std::string& token_file)> routes;
  /// Of `ROUTE/VERSION`, at the same place.
  std::function<std::vector<std::string>(const std::string& address, const std::string& token_file)> versions;
  /// Routes of a policy file.
  std::function<std::vector<std::string>(const std::string& file)> routes_of_file;
};

/// `words` are what stands behind `sluice`, the last one not finished, perhaps empty.
Completion complete(const CLI::App& app, const std::vector<std::string>& words, const NameSources& names);

/// What the shell reads: it asks `sluice complete` for each completion. Empty: no such shell.
std::string completion_script(const std::string& shell);

}  // namespace sluice::cli
