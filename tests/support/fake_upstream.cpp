#include "support/fake_upstream.hpp"

#include <algorithm>

namespace sluice::test {

Conversation::Conversation(FakeUpstream& upstream, int socket, std::size_t number)
    : upstream_(upstream), number_(number), connection_(socket) {}

HttpMessage Conversation::read_request() {
  auto head = reader_.read_head();
  if (!head) throw PeerLeft();
  reader_.read_request_body(*head);
  upstream_.record(*head);
  if (!head->complete) throw PeerLeft();
  return *std::move(head);
}

HttpMessage Conversation::read_head() {
  auto head = reader_.read_head();
  if (!head) throw PeerLeft();
  upstream_.record(*head);
  return *std::move(head);
}

std::uint64_t Conversation::discard_body(HttpMessage head) {
  const auto before = reader_.body_bytes();
  reader_.read_request_body(head, false);
  return reader_.body_bytes() - before;
}

std::string Conversation::read_exactly(std::size_t count) {
  auto bytes = reader_.read_exactly(count);
  if (bytes.size() < count) throw PeerLeft();
  return bytes;
}

std::string Conversation::read_until(std::string_view mark) {
  auto bytes = reader_.read_until(mark);
  if (!bytes.ends_with(mark)) throw PeerLeft();
  return bytes;
}

void Conversation::send(std::string_view bytes) {
  if (!connection_.write(bytes)) throw PeerLeft();
}

void Conversation::answer(int status, std::string_view body, const Fields& fields) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " Scripted\r\n";
  for (const auto& [name, value] : fields) text.append(name).append(": ").append(value).append("\r\n");
  text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  send(text);
}

void Conversation::send_filler(std::uint64_t count) {
  static const std::string block(64 * 1024, 'x');
  while (count > 0) {
    const auto piece = std::min<std::uint64_t>(count, block.size());
    send(std::string_view(block).substr(0, piece));
    count -= piece;
  }
}

void Conversation::wait_for(const Gate& gate) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!gate.wait(std::chrono::milliseconds(20))) {
    if (upstream_.stopping_.is_open()) throw PeerLeft();
    if (std::chrono::steady_clock::now() > deadline) throw TimedOut("the gate of the script never opened");
  }
}

bool Conversation::sees_close(std::chrono::milliseconds patience) {
  try {
    return connection_.wait_for_close(patience);
  } catch (const TimedOut&) {
    return false;
  }
}

FakeUpstream::FakeUpstream(std::string name) : FakeUpstream(answers(200, std::move(name))) {}

FakeUpstream::FakeUpstream(Script script, std::optional<TlsIdentity> tls)
    : script_(std::move(script)), tls_(std::move(tls)), acceptor_([this] { accept_all(); }) {}

FakeUpstream::FakeUpstream(Script script, const std::string& address, std::uint16_t port)
    : script_(std::move(script)), listener_(address, port), acceptor_([this] { accept_all(); }) {}

FakeUpstream::~FakeUpstream() {
  stop();
  acceptor_.join();
  for (auto& visit : visits_) visit.thread.join();
}

std::string FakeUpstream::url() const {
  return (tls_ ? "https://" : "http://") + listener_.address() + ":" + std::to_string(port());
}

void FakeUpstream::stop() {
  stopping_.open();
  listener_.stop();
  const std::lock_guard lock(mutex_);
  for (const auto& visit : visits_) visit.conversation->connection_.interrupt();
}

void FakeUpstream::accept_all() {
  while (true) {
    const int socket = listener_.accept();
    if (socket < 0) return;
    join_those_that_left();
    const std::lock_guard lock(mutex_);
    auto& visit = visits_.emplace_back();
    visit.conversation.reset(new Conversation(*this, socket, connections_++));
    if (stopping_.is_open()) visit.conversation->connection_.interrupt();
    ++running_;
    visit.thread = std::thread([this, &visit] { run(visit); });
  }
}

void FakeUpstream::join_those_that_left() {
  std::list<Visit> left;
  {
    const std::lock_guard lock(mutex_);
    for (auto visit = visits_.begin(); visit != visits_.end();) {
      const auto next = std::next(visit);
      if (visit->over) left.splice(left.end(), visits_, visit);
      visit = next;
    }
  }
  for (auto& visit : left) visit.thread.join();
}

void FakeUpstream::run(Visit& visit) {
  auto& conversation = *visit.conversation;
  std::string error;
  try {
    if (tls_) conversation.connection_.become_tls_server(*tls_);
    script_(conversation);
  } catch (const PeerLeft&) {
  } catch (const std::exception& thrown) {
    error = thrown.what();
  }
  conversation.close();
  const std::lock_guard lock(mutex_);
  if (!error.empty() && !stopping_.is_open()) script_errors_.push_back(error);
  --running_;
  visit.over = true;
}

void FakeUpstream::record(const HttpMessage& request) {
  const std::lock_guard lock(mutex_);
  ++request_count_;
  if (requests_.size() < 10000) requests_.push_back(request);
}

std::vector<HttpMessage> FakeUpstream::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t FakeUpstream::request_count() const {
  const std::lock_guard lock(mutex_);
  return request_count_;
}

HttpMessage FakeUpstream::request(std::size_t index) const {
  if (!eventually([&] { return request_count() > index; })) {
    throw TimedOut("request " + std::to_string(index) + " never reached the upstream");
  }
  const std::lock_guard lock(mutex_);
  return requests_.at(index);
}

std::size_t FakeUpstream::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

std::size_t FakeUpstream::open_connections() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

std::vector<std::string> FakeUpstream::script_errors() const {
  const std::lock_guard lock(mutex_);
  return script_errors_;
}

FakeUpstream::Script echo() {
  return [](Conversation& gateway) {
    while (true) {
      const auto request = gateway.read_request();
      if (request.framing == HttpMessage::Framing::Chunked) {
        gateway.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(request.body, 4096));
      } else {
        gateway.answer(200, request.body);
      }
    }
  };
}

FakeUpstream::Script always(std::string response) {
  return [response = std::move(response)](Conversation& gateway) {
    while (true) {
      gateway.read_request();
      gateway.send(response);
    }
  };
}

FakeUpstream::Script answers(int status, std::string body, Fields fields) {
  return [status, body = std::move(body), fields = std::move(fields)](Conversation& gateway) {
    while (true) {
      gateway.read_request();
      gateway.answer(status, body, fields);
    }
  };
}

FakeUpstream::Script never_answers() {
  return [](Conversation& gateway) {
    while (true) gateway.read_request();
  };
}

}  // namespace sluice::test
