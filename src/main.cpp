#include "sluice/app/compile.hpp"
#include "sluice/app/serve.hpp"
#include "sluice/cli/cli.hpp"

int main(int argc, char** argv) {
  // What only the data plane can tell about a policy, such as a regular expression that does not compile.
  const auto compiles = [](const sluice::policy::PolicySet& set) -> std::optional<std::string> {
    const auto config = sluice::app::compile(set);
    return config ? std::nullopt : std::optional(config.error().message);
  };
  const sluice::cli::Verb more[] = {&sluice::app::add_serve};
  return sluice::cli::run(argc, argv, SLUICE_VERSION, more, compiles);
}
