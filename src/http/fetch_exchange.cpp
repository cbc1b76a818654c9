#include "fetch_exchange.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <iomanip>
#include <sstream>
#include <utility>

namespace sluice::http {

namespace asio = boost::asio;
namespace beast = boost::beast;

namespace {

constexpr std::uint32_t kHeadBytes = 64 * 1024;

std::string seconds(Duration duration) {
  std::ostringstream out;
  out << std::setprecision(4) << std::chrono::duration<double>(duration).count() << " s";
  return out.str();
}

auto span(Duration duration) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(duration);
}

}  // namespace

FetchExchange::FetchExchange(asio::io_context& io, FetchRequest request, Url url, std::size_t answer_bytes)
    : io_(io),
      request_(std::move(request)),
      url_(std::move(url)),
      answer_bytes_(answer_bytes),
      deadline_(io),
      patience_(io),
      socket_(io) {
  message_.version(11);
  message_.method_string(request_.method);
  message_.target(url_.target);
  message_.set(beast::http::field::host, url_.authority);
  message_.set(beast::http::field::user_agent, "sluice");
  message_.set(beast::http::field::connection, "close");
  if (!request_.body.empty()) message_.set(beast::http::field::content_type, request_.content_type);
  message_.body() = request_.body;
  message_.prepare_payload();
}

std::string FetchExchange::server_of(const Url& url) {
  return url.host + ":" + std::to_string(url.port);
}

void FetchExchange::start(const Fetcher::Resolve& resolve, std::weak_ptr<void> life, TlsContext tls, Done done) {
  tls_context_ = std::move(tls);
  done_ = std::move(done);
  deadline_.expires_after(span(request_.timeout));
  deadline_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error) self->expire();
  });
  look_up(resolve, std::move(life));
}

void FetchExchange::look_up(const Fetcher::Resolve& resolve, std::weak_ptr<void> life) {
  error_code not_an_address;
  asio::ip::make_address(url_.host, not_an_address);
  if (!not_an_address || url_.host == "localhost") {
    const auto found = not_an_address ? Fetcher::Addresses{"127.0.0.1", "::1"} : Fetcher::Addresses{url_.host};
    asio::post(io_, [self = shared_from_this(), found] { self->take_addresses(found); });
    return;
  }
  if (!resolve) {
    asio::post(io_, [self = shared_from_this()] { self->finish("names are not looked up here"); });
    return;
  }
  // Whoever answers may do so on any thread, and long after nobody wants to know any more.
  resolve(url_.host, [weak = weak_from_this(), life = std::move(life), &io = io_](Result<Fetcher::Addresses> found) {
    const std::shared_ptr<void> alive = life.lock();
    if (!alive) return;
    asio::post(io, [weak, found = std::move(found)] {
      if (const auto self = weak.lock()) self->take_addresses(found);
    });
  });
}

void FetchExchange::take_addresses(const Result<Fetcher::Addresses>& found) {
  if (!done_ || !endpoints_.empty()) return;
  if (!found) return finish("cannot look up " + url_.host + ": " + found.error().message);
  for (const std::string& text : *found) {
    error_code error;
    const auto address = asio::ip::make_address(text, error);
    if (!error) endpoints_.emplace_back(address, url_.port);
  }
  if (endpoints_.empty()) return finish(url_.host + " has no address");
  doing_ = "connection";
  connect_next({});
}

void FetchExchange::connect_next(const error_code& last) {
  if (next_ == endpoints_.size()) return finish("cannot connect to " + server() + ": " + last.message());
  error_code ignored;
  socket_.close(ignored);
  const std::size_t left = endpoints_.size() - next_;
  if (left > 1) {
    // An address that swallows everything leaves time for the others.
    patience_.expires_after((deadline_.expiry() - std::chrono::steady_clock::now()) / static_cast<int>(left));
    patience_.async_wait([self = shared_from_this(), turn = next_ + 1](const error_code& error) {
      error_code closed;
      if (!error && self->next_ == turn) self->socket_.close(closed);
    });
  }
  socket_.async_connect(endpoints_[next_++], [self = shared_from_this()](const error_code& error) {
    self->patience_.cancel();
    if (!self->done_) return;
    if (error) return self->connect_next(error == asio::error::operation_aborted ? asio::error::timed_out : error);
    ++self->next_;  // a patience that has just run out is about nobody any more
    self->tls_context_ ? self->handshake() : self->write();
  });
}

void FetchExchange::handshake() {
  doing_ = "TLS handshake";
  tls_.emplace(socket_, *tls_context_);
  error_code not_an_address;
  asio::ip::make_address(url_.host, not_an_address);
  // Server name indication is for names only (RFC 6066 section 3).
  if (not_an_address) SSL_set_tlsext_host_name(tls_->native_handle(), url_.host.c_str());
  tls_->set_verify_callback(asio::ssl::host_name_verification(url_.host));
  tls_->async_handshake(asio::ssl::stream_base::client, [self = shared_from_this()](const error_code& error) {
    if (!self->done_) return;
    if (error) return self->finish("no TLS with " + self->server() + ": " + error.message());
    self->write();
  });
}

template <typename Work>
void FetchExchange::on_stream(Work work) {
  tls_ ? work(*tls_) : work(socket_);
}

void FetchExchange::write() {
  doing_ = "answer";
  on_stream([this](auto& stream) {
    beast::http::async_write(stream, message_, [self = shared_from_this()](const error_code& error, std::size_t) {
      if (!self->done_) return;
      if (error) return self->finish("the request cannot be sent: " + error.message());
      self->read();
    });
  });
}

void FetchExchange::read() {
  parser_.emplace();
  parser_->header_limit(kHeadBytes);
  parser_->body_limit(answer_bytes_);
  parser_->skip(request_.method == "HEAD");
  on_stream([this](auto& stream) {
    beast::http::async_read(stream, buffer_, *parser_,
                            [self = shared_from_this()](const error_code& error, std::size_t) {
                              if (self->done_) self->take_answer(error);
                            });
  });
}

void FetchExchange::take_answer(const error_code& error) {
  namespace http = beast::http;
  if (error == http::error::body_limit) {
    return finish("the answer has more than " + std::to_string(answer_bytes_) + " bytes");
  }
  if (error == http::error::end_of_stream || error == asio::error::connection_reset) {
    return finish("the connection was closed before an answer came");
  }
  if (error == http::error::partial_message || error == asio::ssl::error::stream_truncated) {
    return finish("the connection was closed before the answer was whole");
  }
  if (error) return finish("the answer cannot be read: " + error.message());
  const unsigned status = parser_->get().result_int();
  const bool is_interim = status >= 100 && status < 200 && status != 101;
  if (is_interim) return read();
  finish({});
}

void FetchExchange::expire() {
  finish("no " + std::string(doing_) + " within " + seconds(request_.timeout));
}

void FetchExchange::finish(std::string problem) {
  if (!done_) return;
  FetchAnswer answer;
  if (parser_ && parser_->is_header_done()) answer.status = parser_->get().result_int();
  if (problem.empty()) answer.body = std::move(parser_->get().body());
  answer.problem = std::move(problem);
  const Done done = std::exchange(done_, nullptr);
  abandon();
  done(std::move(answer));
}

void FetchExchange::abandon() {
  done_ = nullptr;
  deadline_.cancel();
  patience_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace sluice::http
