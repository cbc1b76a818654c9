#pragma once

#include <unistd.h>

#include <memory>
#include <random>
#include <thread>

#include "e2e/e2e.hpp"

namespace sluice::test {

/// An address of this process's own, so that a port stays free between the death of a model and its return.
inline std::string own_loopback() {
  const auto id = static_cast<unsigned>(::getpid());
  return "127." + std::to_string(1 + id % 250) + "." + std::to_string(id / 250 % 250) + "." +
         std::to_string(1 + id / 62500 % 250);
}

/// `sluice-sample-model` as a process that dies and comes back at the same place.
class MortalModel {
 public:
  MortalModel(std::string address, std::string variant, std::string error_rate)
      : address_(std::move(address)), variant_(std::move(variant)), error_rate_(std::move(error_rate)) {
    start();
  }
  ~MortalModel() {
    if (stopped_) process_->signal(SIGCONT);
  }

  std::string url() const { return "http://" + address_ + ":" + std::to_string(port_); }
  bool is_alive() const noexcept { return process_ != nullptr; }

  void kill() {
    if (!is_alive()) return;
    process_->signal(SIGKILL);
    process_->wait();
    process_.reset();
    stopped_ = false;
  }
  /// False when its port is still taken: try again.
  bool start() {
    if (is_alive()) return true;
    process_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{std::string(SLUICE_BINARY_DIR) + "/sluice-sample-model", "--address", address_,
                                 "--port", std::to_string(port_), "--variant", variant_, "--error-rate", error_rate_,
                                 "--data", std::string(SLUICE_SOURCE_DIR) + "/config/quickstart/digits.csv.gz"});
    if (!process_->says("listening ")) {
      process_.reset();
      return false;
    }
    const std::string out = process_->out();
    port_ = static_cast<std::uint16_t>(std::stoi(out.substr(out.rfind(':') + 1)));
    return true;
  }
  void freeze() {
    if (!is_alive() || stopped_) return;
    process_->signal(SIGSTOP);
    stopped_ = true;
  }
  void thaw() {
    if (!is_alive() || !stopped_) return;
    process_->signal(SIGCONT);
    stopped_ = false;
  }

 private:
  std::string address_;
  std::string variant_;
  std::string error_rate_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
  bool stopped_ = false;
};

/// How endpoints of a script behave at the moment; changed by the test, read by their threads.
struct Mood {
  std::atomic<bool> calm{false};
  std::atomic<bool> sick{false};  ///< fails its checks
};

/// Reads the body of `head` and gives it back.
inline std::string body_of(Conversation& gateway, const HttpMessage& head) {
  if (head.has("transfer-encoding")) {
    std::string wire = gateway.read_until("0\r\n\r\n");
    while (wire != "0\r\n\r\n" && !wire.ends_with("\r\n0\r\n\r\n")) wire += gateway.read_until("0\r\n\r\n");
    return wire;
  }
  const std::string length = head.field("content-length");
  return length.empty() ? std::string() : gateway.read_exactly(std::stoul(length));
}

/// Answers with what it got, in pieces where the path says so; and, unless calm, fails in every way there is.
inline FakeUpstream::Script moody_echo(std::shared_ptr<Mood> mood, unsigned seed) {
  return [mood, seed](Conversation& gateway) {
    using namespace std::chrono_literals;
    std::minstd_rand dice(seed * 7919 + static_cast<unsigned>(gateway.number()));
    for (;;) {
      const auto head = gateway.read_head();
      if (head.target() == "/v2/health/ready") {
        gateway.answer(mood->sick && !mood->calm ? 503 : 200, "");
        continue;
      }
      const unsigned fate = mood->calm ? 99 : dice() / 7 % 100;
      if (fate < 2) return gateway.reset();
      const std::string body = body_of(gateway, head);
      switch (fate) {
        case 2:
        case 3:
          return gateway.reset();
        case 4:
          return;
        case 5:
          return gateway.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort");
        case 6:
          return gateway.send("HTTP/1.1 200 OK\r\nContent-Le");
        case 7:
          return gateway.send("nonsense\r\n\r\n");
        case 8:
          gateway.sees_close();  // hangs
          return;
        case 9:
        case 10:
          gateway.answer(503, "busy", {{"Retry-After", "0"}});
          continue;
        case 11:
          gateway.answer(500, "broken");
          continue;
        case 12:
          gateway.answer(429, "slower");
          continue;
        case 13:
        case 14:
        case 15:
          if (gateway.sees_close(std::chrono::milliseconds(dice() / 7 % 250))) return;  // slow
          break;
        case 16:
          gateway.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ncut \r\nffff\r\noff");
          return;
        default:
          break;
      }
      if (head.target().starts_with("/echo/stream")) {
        gateway.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (int i = 0; i < 5; ++i) {
          gateway.send(chunked("event " + std::to_string(i), 100).substr(0, 12));
          if (gateway.sees_close(2ms)) return;
        }
        gateway.send("0\r\n\r\n");
      } else {
        gateway.answer(200, body);
      }
    }
  };
}

/// Tells when a request has reached it, and then never ends its answer.
struct Holding {
  std::atomic<std::uint64_t> held{0};
  std::mutex mutex;
  std::set<std::string> arrived;

  bool has(const std::string& target) {
    const std::lock_guard lock(mutex);
    return arrived.count(target) == 1;
  }
  FakeUpstream::Script script() {
    return [this](Conversation& gateway) {
      for (;;) {
        const auto head = gateway.read_head();
        if (head.target() == "/v2/health/ready") {
          gateway.answer(200, "");
          continue;
        }
        body_of(gateway, head);
        {
          const std::lock_guard lock(mutex);
          arrived.insert(head.target());
        }
        if (head.target().starts_with("/hold/endless")) {
          gateway.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
        }
        gateway.sees_close(kPatience * 2);
        return;
      }
    };
  }
};

}  // namespace sluice::test
