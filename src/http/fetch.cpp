#include "sluice/http/fetch.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <deque>
#include <map>
#include <thread>
#include <utility>

#include "fetch_exchange.hpp"

namespace sluice::http {

namespace asio = boost::asio;

/// All but the counter belongs to the loop's thread.
class Fetcher::Impl : public std::enable_shared_from_this<Impl> {
 public:
  explicit Impl(Options options) : options_(std::move(options)), work_(io_.get_executor()) {
    thread_ = std::thread([this] { serve(); });
  }

  std::uint64_t start(FetchRequest request, Callback callback) {
    const std::uint64_t id = last_id_.fetch_add(1) + 1;
    asio::post(io_, [this, id, request = std::move(request), callback = std::move(callback)]() mutable {
      enqueue(id, std::move(request), std::move(callback));
    });
    return id;
  }

  void cancel(std::uint64_t id) {
    asio::post(io_, [this, id] {
      std::erase_if(waiting_, [id](const Waiting& one) { return one.id == id; });
      if (const auto found = active_.find(id); found != active_.end()) {
        found->second->abandon();
        leave(id);
      }
    });
  }

  void stop() {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] {
      stopped_ = true;
      waiting_.clear();
      for (const auto& [id, exchange] : active_) exchange->abandon();
      active_.clear();
      work_.reset();
    });
    thread_.join();
  }

 private:
  struct Waiting {
    std::uint64_t id;
    std::string server;
    std::shared_ptr<FetchExchange> exchange;
    bool tls;
    Callback callback;
  };

  void serve() {
    ::pthread_setname_np(::pthread_self(), "sluice-errands");
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    io_.run();
  }

  void enqueue(std::uint64_t id, FetchRequest request, Callback callback) {
    if (stopped_) return;
    Result<Url> url = parse_url(request.url);
    if (!url) return callback({0, {}, url.error().message});
    if (waiting_.size() >= options_.waiting) return callback({0, {}, "too many requests wait for their turn"});
    Waiting one{id, FetchExchange::server_of(*url), nullptr, url->tls, std::move(callback)};
    one.exchange = std::make_shared<FetchExchange>(io_, std::move(request), std::move(*url), options_.answer_bytes);
    waiting_.push_back(std::move(one));
    begin_some();
  }

  /// Gives free places to those who came first, but never all of them to one server.
  void begin_some() {
    while (!stopped_ && active_.size() < options_.at_once) {
      const auto next = std::find_if(waiting_.begin(), waiting_.end(), [this](const Waiting& one) {
        const auto places = places_.find(one.server);
        return places == places_.end() || places->second < options_.at_once_per_server;
      });
      if (next == waiting_.end()) return;
      Waiting one = std::move(*next);
      waiting_.erase(next);
      begin(std::move(one));
    }
  }

  void begin(Waiting one) {
    TlsContext tls;
    if (one.tls) {
      Result<TlsContext> made = tls_context();
      if (!made) return one.callback({0, {}, made.error().message});
      tls = *made;
    }
    ++places_[one.server];
    active_[one.id] = one.exchange;
    one.exchange->start(options_.resolve, weak_from_this(), std::move(tls),
                        [this, id = one.id, callback = std::move(one.callback)](FetchAnswer answer) {
                          leave(id);
                          callback(std::move(answer));
                        });
  }

  void leave(std::uint64_t id) {
    const auto found = active_.find(id);
    const auto places = places_.find(found->second->server());
    if (--places->second == 0) places_.erase(places);
    active_.erase(found);
    begin_some();
  }

  /// Read when it is first needed: the system's authorities are many.
  Result<TlsContext> tls_context() {
    if (tls_) return tls_;
    Result<TlsContext> made = make_client_tls(options_.ca_file, {}, {}, true);
    if (made) tls_ = *made;
    return made;
  }

  const Options options_;
  std::atomic<std::uint64_t> last_id_{0};
  asio::io_context io_{1};
  asio::executor_work_guard<Executor> work_;
  TlsContext tls_;
  std::deque<Waiting> waiting_;
  std::map<std::uint64_t, std::shared_ptr<FetchExchange>> active_;
  std::map<std::string, std::size_t> places_;  // taken, by server
  bool stopped_ = false;
  std::thread thread_;
};

Fetcher::Fetcher() : Fetcher(Options{}) {}

Fetcher::Fetcher(Options options) : impl_(std::make_shared<Impl>(std::move(options))) {}

Fetcher::~Fetcher() {
  impl_->stop();
}

std::uint64_t Fetcher::start(FetchRequest request, Callback callback) {
  return impl_->start(std::move(request), std::move(callback));
}

void Fetcher::cancel(std::uint64_t id) {
  impl_->cancel(id);
}

void Fetcher::stop() {
  impl_->stop();
}

}  // namespace sluice::http
