#include "sluice/upstream/name_service.hpp"

#include <ares.h>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <map>
#include <utility>

#include "ares_answer.hpp"
#include "sluice/http/net.hpp"

namespace sluice::upstream {

namespace asio = boost::asio;
using asio::ip::address;
using http::error_code;

namespace {

/// A name that is being asked for, and who wants to know.
struct Question {
  std::string host;
  std::vector<NameService::Callback> callbacks;
  FamilyAnswer v4;
  FamilyAnswer v6;
  int open = 0;  // families that have not answered yet
};

/// A datagram socket that is connected sends nothing; the kernel only looks for a route.
bool has_route_to(asio::io_context& io, const address& destination) {
  asio::ip::udp::socket probe(io);
  error_code error;
  probe.connect({destination, 53}, error);
  return !error;
}

}  // namespace

/// Everything but `io` belongs to the loop's thread. c-ares calls back only from within a call to it; what it says
/// is put aside in `finished_` and told once that call has returned, so that whoever is told may do anything.
class NameService::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, NameServers settings, metrics::NameCounters* counters)
      : io_(io),
        settings_(std::move(settings)),
        timer_(io),
        counters_(counters != nullptr ? *counters : own_counters_) {}
  ~Impl() { stop(); }

  asio::io_context& io() noexcept { return io_; }
  void ask(const std::string& host, Callback callback);
  void update(NameServers settings);
  void stop();
  bool is_quiet() const noexcept { return stopped_ && pending_ == 0; }
  metrics::NameCounters& counters() noexcept { return counters_; }

 private:
  /// A socket of c-ares as the loop sees it. Handlers that are pending keep it.
  struct Watched {
    explicit Watched(asio::io_context& io) : descriptor(io) {}
    asio::posix::basic_stream_descriptor<http::Executor> descriptor;
    bool wants_read = false;
    bool wants_write = false;
    bool reading = false;
    bool writing = false;
  };
  /// The argument of one call to c-ares, which always gives it back.
  struct Ask {
    Impl* impl;
    std::shared_ptr<Question> question;
    bool v6;
  };

  bool open_channel(std::string& error);
  void close_channel();
  void begin(const std::shared_ptr<Question>& question);
  void take(const Ask& ask, int status, const ares_addrinfo* found);
  void end(const std::shared_ptr<Question>& question);
  void on_socket(ares_socket_t number, bool readable, bool writable);
  void arm(const std::shared_ptr<Watched>& watched);
  void arm_timer();
  void process(ares_socket_t readable, ares_socket_t writable);
  void settle();

  asio::io_context& io_;
  NameServers settings_;
  http::Timer timer_;
  ares_channel channel_ = nullptr;
  std::map<std::string, std::shared_ptr<Question>> questions_;  // by host
  std::vector<std::shared_ptr<Question>> finished_;             // answered, and still among the questions
  std::map<ares_socket_t, std::shared_ptr<Watched>> sockets_;
  std::size_t pending_ = 0;  // operations of the loop
  bool settling_ = false;
  bool stopped_ = false;
  metrics::NameCounters own_counters_;
  metrics::NameCounters& counters_;
};

void NameService::Impl::ask(const std::string& host, Callback callback) {
  if (stopped_) return;
  auto& question = questions_[host];
  if (question) {
    question->callbacks.push_back(std::move(callback));
    return;
  }
  question = std::make_shared<Question>();
  question->host = host;
  question->callbacks.push_back(std::move(callback));
  begin(question);
  settle();
}

void NameService::Impl::begin(const std::shared_ptr<Question>& question) {
  question->v4 = {};
  question->v6 = {};
  error_code not_literal;
  const address literal = asio::ip::make_address(question->host, not_literal);
  if (!not_literal) {
    FamilyAnswer& family = literal.is_v4() ? question->v4 : question->v6;
    family.result = LookupResult::Answered;
    family.addresses.push_back(literal);
    return end(question);
  }
  if (std::string error; channel_ == nullptr && !open_channel(error)) {
    question->v4 = question->v6 = failed_answer(std::move(error));
    return end(question);
  }
  if (read_hosts_file(channel_, question->host, question->v4, question->v6)) return end(question);
  question->open = 2;
  for (const bool v6 : {true, false}) {
    ares_addrinfo_hints hints{};
    hints.ai_family = v6 ? AF_INET6 : AF_INET;
    hints.ai_flags = ARES_AI_NOSORT;
    ares_getaddrinfo(
        channel_, question->host.c_str(), nullptr, &hints,
        [](void* argument, int status, int, ares_addrinfo* found) {
          const std::unique_ptr<Ask> ask(static_cast<Ask*>(argument));
          if (ask->impl->channel_ != nullptr) ask->impl->take(*ask, status, found);  // else it is being closed
          ares_freeaddrinfo(found);
        },
        new Ask{this, question, v6});
  }
}

void NameService::Impl::end(const std::shared_ptr<Question>& question) {
  question->open = 0;
  finished_.push_back(question);
}

/// Within a call to c-ares: nobody is told yet.
void NameService::Impl::take(const Ask& ask, int status, const ares_addrinfo* found) {
  (ask.v6 ? ask.question->v6 : ask.question->v4) = read_answer(status, found);
  if (--ask.question->open == 0) end(ask.question);
}

// --- the channel ---

bool NameService::Impl::open_channel(std::string& error) {
  // Its lists of servers and search domains are read here, each time the first question comes.
  ares_options options{};
  options.timeout = static_cast<int>(settings_.timeout.count());
  options.tries = static_cast<int>(settings_.tries);
  char only_servers[] = "b";
  options.lookups = only_servers;
  options.sock_state_cb = [](void* self, ares_socket_t socket, int readable, int writable) {
    static_cast<Impl*>(self)->on_socket(socket, readable != 0, writable != 0);
  };
  options.sock_state_cb_data = this;
  const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
  int status = ares_init_options(&channel_, &options, mask);
  if (status != ARES_SUCCESS) {
    channel_ = nullptr;
    error = ares_strerror(status);
    return false;
  }
  if (settings_.servers.empty()) return true;
  std::string list;
  for (const std::string& server : settings_.servers) list += (list.empty() ? "" : ",") + server;
  status = ares_set_servers_ports_csv(channel_, list.c_str());
  if (status == ARES_SUCCESS) return true;
  error = ares_strerror(status);
  close_channel();
  return false;
}

void NameService::Impl::close_channel() {
  timer_.cancel();
  if (channel_ != nullptr) ares_destroy(std::exchange(channel_, nullptr));
}

/// c-ares wants to hear of a socket, or is about to close it.
void NameService::Impl::on_socket(ares_socket_t number, bool readable, bool writable) {
  auto at = sockets_.find(number);
  if (!readable && !writable) {
    if (at == sockets_.end()) return;
    at->second->descriptor.release();  // what is pending ends; the number stays c-ares's own
    sockets_.erase(at);
    return;
  }
  if (at == sockets_.end()) {
    auto made = std::make_shared<Watched>(io_);
    error_code error;
    made->descriptor.assign(number, error);
    if (error) return;  // c-ares gives up on a socket that nobody watches when its time is over
    at = sockets_.emplace(number, std::move(made)).first;
  }
  at->second->wants_read = readable;
  at->second->wants_write = writable;
  arm(at->second);
}

void NameService::Impl::arm(const std::shared_ptr<Watched>& watched) {
  using Descriptor = decltype(watched->descriptor);
  const auto await = [&](Descriptor::wait_type what, bool Watched::*pending) {
    watched.get()->*pending = true;
    ++pending_;
    watched->descriptor.async_wait(what, [self = shared_from_this(), watched, what, pending](const error_code& error) {
      --self->pending_;
      watched.get()->*pending = false;
      if (error || !watched->descriptor.is_open()) return;
      const ares_socket_t number = watched->descriptor.native_handle();
      const bool read = what == Descriptor::wait_read;
      self->process(read ? number : ARES_SOCKET_BAD, read ? ARES_SOCKET_BAD : number);
      if (watched->descriptor.is_open()) self->arm(watched);
    });
  };
  if (watched->wants_read && !watched->reading) await(Descriptor::wait_read, &Watched::reading);
  if (watched->wants_write && !watched->writing) await(Descriptor::wait_write, &Watched::writing);
}

void NameService::Impl::arm_timer() {
  timeval room{};
  const timeval* const next = ares_timeout(channel_, nullptr, &room);
  if (next == nullptr) {
    timer_.cancel();
    return;
  }
  // One millisecond more: c-ares compares with its own clock and would find nothing due yet.
  timer_.expires_after(std::chrono::seconds(next->tv_sec) + std::chrono::microseconds(next->tv_usec + 1000));
  ++pending_;
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    --self->pending_;
    if (!error) self->process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  });
}

void NameService::Impl::process(ares_socket_t readable, ares_socket_t writable) {
  if (channel_ == nullptr) return;
  ares_process_fd(channel_, readable, writable);
  settle();
}

/// Tells what was found out, then waits for what is next. Never within a call to c-ares.
void NameService::Impl::settle() {
  if (settling_) return;  // somebody who was told asks for more: the loop below sees it
  settling_ = true;
  while (!finished_.empty() && !stopped_) {
    const auto finished = std::exchange(finished_, {});
    for (const auto& question : finished) {
      if (stopped_) break;
      questions_.erase(question->host);
      const auto& v6 = question->v6;
      const bool v6_reachable = !v6.addresses.empty() && has_route_to(io_, v6.addresses.front());
      const NameAnswer answer = combine(question->v4, v6, v6_reachable, settings_);
      counters_.lookups[answer.result].add();
      for (const Callback& callback : question->callbacks) {
        if (!stopped_) callback(answer);
      }
    }
  }
  settling_ = false;
  if (stopped_) return;
  if (questions_.empty()) return close_channel();
  if (channel_ != nullptr) arm_timer();
}

// --- life ---

void NameService::Impl::update(NameServers settings) {
  if (stopped_ || settings == settings_) return;
  settings_ = std::move(settings);
  close_channel();
  for (const auto& [host, question] : questions_) {
    if (question->open > 0) begin(question);
  }
  settle();
}

void NameService::Impl::stop() {
  stopped_ = true;
  close_channel();
  questions_.clear();
  finished_.clear();
}

NameService::NameService(asio::io_context& io, NameServers settings, metrics::NameCounters* counters)
    : impl_(std::make_shared<Impl>(io, std::move(settings), counters)) {
  static const int initialized = ares_library_init(ARES_LIB_INIT_ALL);
  static_cast<void>(initialized);
}

NameService::~NameService() {
  impl_->stop();
}

void NameService::lookup(std::string host, Callback callback) {
  asio::post(impl_->io(), [impl = impl_, host = std::move(host), callback = std::move(callback)]() mutable {
    impl->ask(host, std::move(callback));
  });
}

void NameService::update(NameServers settings) {
  asio::dispatch(impl_->io(),
                 [impl = impl_, settings = std::move(settings)]() mutable { impl->update(std::move(settings)); });
}

void NameService::stop() {
  asio::dispatch(impl_->io(), [impl = impl_] { impl->stop(); });
}

bool NameService::is_quiet() const noexcept {
  return impl_->is_quiet();
}

metrics::NameCounters& NameService::counters() noexcept {
  return impl_->counters();
}

}  // namespace sluice::upstream
