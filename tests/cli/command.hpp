#pragma once

#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "sluice/cli/cli.hpp"
#include "support/fake_upstream.hpp"

namespace sluice::cli {

struct Ran {
  int exit_code = -1;
  std::string out;
  std::string err;
};

/// Runs the command line in this process and keeps what it writes.
inline Ran command(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "sluice");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  std::ostringstream out;
  std::ostringstream err;
  std::streambuf* const out_before = std::cout.rdbuf(out.rdbuf());
  std::streambuf* const err_before = std::cerr.rdbuf(err.rdbuf());
  const int exit_code = run(static_cast<int>(argv.size()), argv.data(), "0.0.0-test");
  std::cout.rdbuf(out_before);
  std::cerr.rdbuf(err_before);
  return {exit_code, out.str(), err.str()};
}

/// An admin port that answers each request as the test says: its status and its body.
inline test::FakeUpstream::Script admin_port(
    std::function<std::pair<int, std::string>(const test::HttpMessage&)> answer) {
  return [answer = std::move(answer)](test::Conversation& client) {
    const test::HttpMessage request = client.read_request();
    const auto [status, body] = answer(request);
    client.answer(status, body, {{"Content-Type", "application/json"}, {"Connection", "close"}});
  };
}

inline std::string address_of(const test::FakeUpstream& port) {
  return "127.0.0.1:" + std::to_string(port.port());
}

}  // namespace sluice::cli
