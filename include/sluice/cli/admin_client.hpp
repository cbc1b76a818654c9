#pragma once

#include <string>

#include "sluice/base/clock.hpp"
#include "sluice/base/result.hpp"

namespace CLI {
class App;
}

namespace sluice::cli {

/// Where the gateway's operators are listened to; the options that every verb has which asks it.
struct AdminOptions {
  std::string address = "127.0.0.1:9901";
  std::string token_file;
};

/// `--admin` and `--token-file`.
void add_admin_options(CLI::App& verb, AdminOptions& options);

/// Asks a gateway's admin port: one connection per request, and no longer than `patience` for all of it. Blocks.
class AdminClient {
 public:
  struct Answer {
    unsigned status = 0;
    std::string body;
  };
  struct Problem {
    bool nobody_listens = false;  ///< the connection was refused: there is no such process
    std::string message;          ///< one sentence, the address in it
  };

  /// Fails when the address is none or the token cannot be read.
  static Result<AdminClient> make(const AdminOptions& options, Duration patience = std::chrono::seconds(10));

  Result<Answer, Problem> get(const std::string& target) const { return ask("GET", target, {}, ""); }
  Result<Answer, Problem> post(const std::string& target, const std::string& body,
                               const char* content_type = "application/json") const {
    return ask("POST", target, body, content_type);
  }
  const std::string& address() const noexcept { return address_; }

 private:
  AdminClient() = default;
  Result<Answer, Problem> ask(const char* method, const std::string& target, const std::string& body,
                              const char* content_type) const;

  std::string address_;
  std::string host_;
  std::string port_;
  std::string token_;
  Duration patience_{0};
};

/// Why this is no name of a route, version or the like, so that it cannot stand in an address; empty: it is one.
std::string check_name(const std::string& text);

/// Whether it says what went wrong as a gateway does: the `error` of a JSON body.
bool has_reason(const AdminClient::Answer& answer);

/// What the gateway says went wrong: the `error` of a JSON body, or its status.
std::string reason_of(const AdminClient::Answer& answer);

}  // namespace sluice::cli
