#pragma once

#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace sluice::cli {

/// What is wrong with a command line, what was probably meant, and where to read more: two lines. `app` has parsed it
/// as far as it could.
std::string misunderstood(const CLI::App& app, const CLI::ParseError& error);

}  // namespace sluice::cli
