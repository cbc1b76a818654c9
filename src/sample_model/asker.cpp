#include "sample_model/asker.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <nlohmann/json.hpp>

namespace sluice::sample_model {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::use_awaitable;
using HttpRequest = http::request<http::string_body>;
using HttpResponse = http::response<http::string_body>;
using Endpoints = asio::ip::tcp::resolver::results_type;

/// A connection that is opened when needed and kept while the server keeps it.
struct Line {
  explicit Line(asio::io_context& io) : stream(io) {}

  beast::tcp_stream stream;
  beast::flat_buffer buffer;
  bool open = false;
};

/// One exchange; throws boost::system::system_error, the line is then closed.
asio::awaitable<HttpResponse> exchange(Line* line, const Endpoints* endpoints, HttpRequest request, Duration timeout) {
  line->stream.expires_after(timeout);
  if (!line->open) {
    line->buffer.clear();
    co_await line->stream.async_connect(*endpoints, use_awaitable);
    line->stream.socket().set_option(asio::ip::tcp::no_delay(true));
    line->open = true;
  }
  HttpResponse response;
  try {
    co_await http::async_write(line->stream, request, use_awaitable);
    co_await http::async_read(line->stream, line->buffer, response, use_awaitable);
  } catch (...) {
    line->open = false;
    line->stream.close();
    throw;
  }
  if (!response.keep_alive()) {
    line->open = false;
    line->stream.close();
  }
  co_return response;
}

/// What all lines of a round share. One thread.
struct RoundState {
  const Round* round;
  const std::vector<Digit>* digits;
  Endpoints endpoints;
  std::size_t next = 0;
  Tally tally;
};

std::string user_of(const Round& round, std::size_t index) {
  return "user-" + std::to_string(index % std::max<std::size_t>(1, round.users));
}

HttpRequest question(const RoundState& state, std::size_t index) {
  const auto& round = *state.round;
  auto base = round.url.path;
  while (base.ends_with('/')) base.pop_back();
  HttpRequest request(http::verb::post, base + "/v2/models/" + round.model + "/infer", 11);
  request.set(http::field::host, round.url.host + ':' + std::to_string(round.url.port));
  request.set(http::field::content_type, "application/json");
  request.set("x-user-id", user_of(round, index));
  const nlohmann::json image = {
      {"name", "image"}, {"datatype", "FP32"}, {"shape", {1, image_pixels}}, {"data", (*state.digits)[index].pixels}};
  request.body() = nlohmann::json{{"id", std::to_string(index)}, {"inputs", nlohmann::json::array({image})}}.dump();
  request.prepare_payload();
  return request;
}

/// The label that an answer gives; an error for one that is no answer to this question.
Result<int> read_label(const HttpResponse& response, std::size_t index) {
  if (response.result() != http::status::ok) {
    return fail(
        Error::upstream("status " + std::to_string(response.result_int()) + ' ' + response.body().substr(0, 80)));
  }
  const auto json = nlohmann::json::parse(response.body(), nullptr, false);
  if (!json.is_object()) return fail(Error::upstream("the answer is not JSON"));
  if (json.value("id", nlohmann::json()) != std::to_string(index)) {
    return fail(Error::upstream("the answer has another request's id"));
  }
  if (!json.contains("outputs") || !json["outputs"].is_array())
    return fail(Error::upstream("the answer has no outputs"));
  for (const auto& output : json["outputs"]) {
    if (!output.is_object() || output.value("name", nlohmann::json()) != "label") continue;
    const auto data = output.value("data", nlohmann::json());
    if (data.is_array() && data.size() == 1 && data[0].is_number_integer()) return data[0].get<int>();
  }
  return fail(Error::upstream("the answer has no label"));
}

void count(RoundState& state, const HttpResponse& response, std::size_t index) {
  const auto label = read_label(response, index);
  if (!label) return state.tally.add_failure(label.error().message);
  auto version = std::string(response["x-sluice-version"]);
  if (version.empty()) version = "direct";
  state.tally.add_answer(version, user_of(*state.round, index), *label == (*state.digits)[index].label);
}

/// Asks until no digit is left. A free function with plain parameters: GCC 12 is wrong about what a coroutine lambda
/// captures.
asio::awaitable<void> ask_in_turn(asio::io_context* io, RoundState* state) {
  Line line(*io);
  while (state->next < state->digits->size()) {
    const auto index = state->next++;
    try {
      auto request = question(*state, index);
      const auto response = co_await exchange(&line, &state->endpoints, std::move(request), state->round->timeout);
      count(*state, response, index);
    } catch (const std::exception& error) {
      state->tally.add_failure(error.what());
    }
  }
}

asio::awaitable<HttpResponse> get_once(asio::io_context* io, const Endpoints* endpoints, HttpRequest request,
                                       Duration timeout) {
  Line line(*io);
  auto response = co_await exchange(&line, endpoints, std::move(request), timeout);
  co_return response;
}

Endpoints resolve(asio::io_context& io, const Url& url) {
  asio::ip::tcp::resolver resolver(io);
  return resolver.resolve(url.host, std::to_string(url.port));
}

}  // namespace

Tally ask_all(const Round& round, const std::vector<Digit>& digits) {
  asio::io_context io(1);
  RoundState state{&round, &digits, {}, 0, {}};
  try {
    state.endpoints = resolve(io, round.url);
  } catch (const std::exception& error) {
    state.tally.add_failure("cannot resolve " + round.url.host + ": " + error.what());
    return state.tally;
  }
  for (std::size_t line = 0; line < std::max<std::size_t>(1, round.concurrency); ++line) {
    // Not lost: io.run() below returns when the last of them has ended.
    asio::co_spawn(io, ask_in_turn(&io, &state), asio::detached);
  }
  io.run();
  return std::move(state.tally);
}

Result<std::string> fetch(const Url& url, Duration timeout) {
  asio::io_context io(1);
  std::exception_ptr failure;
  HttpResponse response;
  try {
    const auto endpoints = resolve(io, url);
    HttpRequest request(http::verb::get, url.path, 11);
    request.set(http::field::host, url.host + ':' + std::to_string(url.port));
    request.set(http::field::connection, "close");
    asio::co_spawn(io, get_once(&io, &endpoints, std::move(request), timeout),
                   [&](std::exception_ptr thrown, HttpResponse got) {
                     failure = std::move(thrown);
                     response = std::move(got);
                   });
    io.run();
    if (failure) std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return fail(Error::upstream(error.what()));
  }
  if (response.result() != http::status::ok) {
    return fail(Error::upstream("status " + std::to_string(response.result_int())));
  }
  return std::move(response.body());
}

}  // namespace sluice::sample_model
