#pragma once

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "e2e/chaos/endpoints.hpp"
#include "e2e/chaos/ledger.hpp"

namespace sluice::test {

/// One client that asks one request after the other on keep-alive connections, of every kind, and keeps its book.
class ChaosClient {
 public:
  ChaosClient(std::uint16_t port, Holding& holding, Ledger& ledger, unsigned seed)
      : port_(port), holding_(holding), ledger_(ledger), dice_(seed), name_(std::to_string(seed)) {}

  void run(const std::atomic<bool>& over) {
    while (!over) {
      try {
        ask();
      } catch (const TimedOut& hung) {
        ledger_.complain("client " + name_ + " hangs: " + hung.what());
        return;
      } catch (const std::exception& error) {
        ledger_.complain("client " + name_ + ": " + error.what());
        client_.reset();
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(roll(8)));
    }
    client_.reset();
    for (const auto& [route, seen] : seen_) ledger_.add(route, seen);
  }

 private:
  unsigned roll(unsigned bound) { return static_cast<unsigned>(dice_() >> 4) % bound; }

  void ask() {
    const unsigned kind = roll(20);
    if (kind < 7) return one("digits", infer(), nullptr);
    if (kind < 8) return one("digits", request_text("GET", "/v2/models/digits"), nullptr);
    if (kind < 11) return echo(roll(1500), false);
    if (kind < 13) return echo(roll(250000), false);
    if (kind < 15) return echo(roll(80000), true);
    if (kind < 17) return one("echo", request_text("GET", "/echo/stream"), nullptr);
    if (kind < 18) return one("", request_text("GET", "/nowhere"), nullptr);
    leave(kind == 18);
  }

  static std::string infer() {
    std::string pixels = "16";
    for (int i = 1; i < 64; ++i) pixels += i % 3 == 0 ? ",0" : ",9";
    return request_text("POST", "/v2/models/digits/infer",
                        R"({"inputs":[{"name":"image","datatype":"FP32","shape":[1,64],"data":[)" + pixels + "]}]}",
                        {{"Content-Type", "application/json"}});
  }

  void echo(std::size_t size, bool in_chunks) {
    std::string body(size, '\0');
    const unsigned salt = roll(1000);
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>('a' + (i * 31 + i / 977 + salt) % 26);
    if (in_chunks) {
      const std::string wire = chunked(body, 1 + roll(9000));
      one("echo", request_text("POST", "/echo/chunks", wire, {{"Transfer-Encoding", "chunked"}}), &wire);
    } else {
      one("echo", request_text("POST", "/echo/length", body), &body);
    }
  }

  /// Asks and books; what comes back as 200 has to be `wanted`, where that is known.
  void one(const char* route, const std::string& request, const std::string* wanted) {
    Seen& seen = seen_[route];
    if (client_ == nullptr) client_ = std::make_unique<RawClient>(port_);
    ++seen.sent;
    send_in_pieces(request);
    HttpMessage response;
    try {
      response = client_->read_response();
    } catch (const TimedOut&) {
      throw;
    } catch (const std::runtime_error&) {
      ++seen.headless;
      client_.reset();
      return;
    }
    ++seen.answered[response.status()];
    if (!response.complete) {
      ++seen.cut_off;
    } else if (response.has("x-sluice-error")) {
      ++seen.gateway_errors;
    } else if (response.status() == 200 && wanted != nullptr && response.body != *wanted) {
      ledger_.complain("another body came back: " + std::to_string(response.body.size()) + " bytes for " +
                       std::to_string(wanted->size()));
    }
    if (!response.complete || same_ignoring_case(response.field("connection"), "close")) client_.reset();
  }

  void send_in_pieces(const std::string& request) {
    std::vector<std::size_t> cuts;
    if (roll(4) == 0 && request.size() > 2) {
      cuts = {1 + roll(static_cast<unsigned>(request.size() - 1))};
      client_->send(std::string_view(request).substr(0, cuts.front()));
      std::this_thread::sleep_for(std::chrono::milliseconds(roll(20)));
      client_->send(std::string_view(request).substr(cuts.front()));
    } else {
      client_->send(request);
    }
  }

  /// Leaves when its request has certainly reached an endpoint, or when the answer has certainly begun.
  void leave(bool within) {
    const std::string target =
        std::string(within ? "/hold/endless/" : "/hold/silent/") + name_ + "-" + std::to_string(++left_);
    RawClient client(port_);
    Seen& seen = seen_["hold"];
    ++seen.sent;
    client.send(request_text("POST", target, std::string(roll(5000), 'x')));
    if (within) {
      const auto head = client.read_head();
      ++seen.answered[head.status()];
      ++seen.left_within;
    } else {
      if (!eventually([&] { return holding_.has(target); })) throw TimedOut("a held request never arrived");
      ++seen.left_early;
    }
    client.reset();
  }

  std::uint16_t port_;
  Holding& holding_;
  Ledger& ledger_;
  std::minstd_rand dice_;
  std::string name_;
  std::unique_ptr<RawClient> client_;
  std::map<std::string, Seen> seen_;
  int left_ = 0;
};

/// Clients that cut themselves off anywhere. Nobody can tell what of theirs was counted; nothing of them may stay.
inline void be_rude(std::uint16_t port, unsigned seed, const std::atomic<bool>& over) {
  std::minstd_rand dice(seed);
  while (!over) {
    try {
      RawClient client(port);
      const std::string request = request_text("POST", "/rude", std::string((dice() >> 4) % 60000, 'r'));
      client.send(std::string_view(request).substr(0, (dice() >> 4) % request.size()));
      if ((dice() >> 4) % 2 == 0) client.reset();
    } catch (const std::runtime_error&) {
      // Cut off in turn.
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10 + (dice() >> 4) % 40));
  }
}

}  // namespace sluice::test
