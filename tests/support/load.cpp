#include "support/load.hpp"

#include <memory>
#include <utility>

#include "support/raw_client.hpp"

namespace sluice::test {

Load::Load(std::uint16_t port, std::size_t clients, std::string request)
    : Load(port, clients, [request = std::move(request)] { return request; }) {}

Load::Load(std::uint16_t port, std::size_t clients, std::function<std::string()> make) {
  for (std::size_t i = 0; i < clients; ++i) threads_.emplace_back([this, port, make] { ask(port, make); });
}

Load::~Load() {
  stop();
}

bool Load::answers(std::uint64_t more) const {
  const auto goal = answered() + more;
  return eventually([&] { return answered() >= goal; });
}

std::vector<std::string> Load::stop() {
  stopping_ = true;
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  const std::lock_guard lock(mutex_);
  return failures_;
}

void Load::ask(std::uint16_t port, const std::function<std::string()>& make) {
  std::unique_ptr<RawClient> client;
  while (!stopping_) {
    try {
      if (client == nullptr) client = std::make_unique<RawClient>(port);
      const auto response = client->exchange(make());
      if (response.status() != 200 || !response.complete) {
        fail(response.start_line + " " + response.field("x-sluice-error") + " " + response.body);
      }
      ++answered_;
      if (!response.complete || same_ignoring_case(response.field("connection"), "close")) client.reset();
    } catch (const std::exception& error) {
      fail(error.what());
      client.reset();
    }
  }
}

void Load::fail(std::string what) {
  const std::lock_guard lock(mutex_);
  if (failures_.size() < 100) failures_.push_back(std::move(what));
}

}  // namespace sluice::test
