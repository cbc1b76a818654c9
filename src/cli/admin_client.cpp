#include "sluice/cli/admin_client.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <cctype>
#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>

namespace sluice::cli {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::uint64_t kAnswerBytes = 64 * 1024 * 1024;
constexpr std::size_t kTokenBytes = 4096;

std::string first_word(const std::string& text) {
  constexpr const char* kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_first_of(kSpace, begin) - begin);
}

std::string lower_first(std::string text) {
  if (!text.empty()) text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
  return text;
}

/// One exchange in asynchronous steps, since only those can be given a deadline.
class Exchange {
 public:
  explicit Exchange(Duration patience) { stream_.expires_after(patience); }

  error_code run(const std::string& host, const std::string& port, http::request<http::string_body>& request) {
    error_code error;
    const auto found = asio::ip::tcp::resolver(context_).resolve(host, port, error);
    if (error) return error;
    error = step([&](auto done) {
      stream_.async_connect(found, [done](error_code failed, const asio::ip::tcp::endpoint&) { done(failed, 0); });
    });
    if (!error) error = step([&](auto done) { http::async_write(stream_, request, done); });
    answer_.body_limit(kAnswerBytes);
    if (!error) error = step([&](auto done) { http::async_read(stream_, buffer_, answer_, done); });
    return error;
  }
  const http::response<http::string_body>& answer() const { return answer_.get(); }

 private:
  template <typename Begin>
  error_code step(Begin begin) {
    error_code result = asio::error::operation_aborted;
    begin([&result](error_code error, std::size_t) { result = error; });
    context_.restart();
    context_.run();
    return result;
  }

  asio::io_context context_{1};
  beast::tcp_stream stream_{context_};
  beast::flat_buffer buffer_;
  http::response_parser<http::string_body> answer_;
};

}  // namespace

void add_admin_options(CLI::App& verb, AdminOptions& options) {
  verb.add_option("--admin", options.address, "The gateway's spec.admin.address")
      ->capture_default_str()
      ->type_name("HOST:PORT");
  verb.add_option("--token-file", options.token_file, "File with the bearer token, as spec.admin.tokenFile names it")
      ->type_name("FILE");
}

Result<AdminClient> AdminClient::make(const AdminOptions& options, Duration patience) {
  AdminClient client;
  client.address_ = options.address;
  client.patience_ = patience;
  const std::size_t colon = options.address.rfind(':');
  client.host_ = options.address.substr(0, colon);
  if (colon != std::string::npos) client.port_ = options.address.substr(colon + 1);
  if (client.host_.starts_with('[') && client.host_.ends_with(']')) {
    client.host_ = client.host_.substr(1, client.host_.size() - 2);
  }
  if (client.host_.empty() || client.port_.empty() ||
      client.port_.find_first_not_of("0123456789") != std::string::npos) {
    return fail(Error::client("\"" + options.address + "\" is no address with a port, such as 127.0.0.1:9901"));
  }
  if (options.token_file.empty()) return client;
  errno = 0;
  std::ifstream file(options.token_file, std::ios::binary);
  const int problem = errno;
  std::string text(kTokenBytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  client.token_ = first_word(text);
  if (client.token_.empty()) {
    const std::string why = !file.is_open() ? std::generic_category().message(problem) : "there is none in it";
    return fail(
        Error::client("no token can be read from --token-file " + options.token_file + ": " + lower_first(why)));
  }
  return client;
}

Result<AdminClient::Answer, AdminClient::Problem> AdminClient::ask(const char* method, const std::string& target,
                                                                   const std::string& body,
                                                                   const char* content_type) const {
  http::request<http::string_body> request;
  request.version(11);
  request.method_string(method);
  request.target(target);
  request.set(http::field::host, address_);
  request.set(http::field::connection, "close");
  if (!token_.empty()) request.set(http::field::authorization, "Bearer " + token_);
  if (!body.empty()) request.set(http::field::content_type, content_type);
  request.body() = body;
  request.prepare_payload();

  Exchange exchange(patience_);
  if (const error_code error = exchange.run(host_, port_, request)) {
    if (error == asio::error::connection_refused) {
      return fail(Problem{true, "nothing listens on " + address_});
    }
    return fail(Problem{false, "cannot ask " + address_ + ": " + lower_first(error.message())});
  }
  return Answer{exchange.answer().result_int(), exchange.answer().body()};
}

std::string check_name(const std::string& text) {
  const bool name = !text.empty() && text.find_first_of("/?#&% ") == std::string::npos;
  return name ? std::string() : "\"" + text + "\" is no name";
}

bool has_reason(const AdminClient::Answer& answer) {
  const auto body = nlohmann::json::parse(answer.body, nullptr, false);
  return body.is_object() && body.contains("error") && body["error"].is_string();
}

std::string reason_of(const AdminClient::Answer& answer) {
  if (has_reason(answer)) return nlohmann::json::parse(answer.body)["error"];
  return "the answer is " + std::to_string(answer.status) + " and no reason";
}

}  // namespace sluice::cli
