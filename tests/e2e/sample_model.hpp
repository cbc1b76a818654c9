#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "support/child_process.hpp"
#include "support/raw_client.hpp"

namespace sluice::test {

/// One digit for the model to recognise.
inline std::string infer_request() {
  std::string pixels = "16";
  for (int i = 1; i < 64; ++i) pixels += i % 3 == 0 ? ",0" : ",9";
  return request_text("POST", "/v2/models/digits/infer",
                      R"({"inputs":[{"name":"image","datatype":"FP32","shape":[1,64],"data":[)" + pixels + "]}]}",
                      {{"Content-Type", "application/json"}});
}

/// `sluice-sample-model` as a process; `port` 0 takes a free one, `more` are options.
class SampleModel {
 public:
  explicit SampleModel(std::uint16_t port = 0, const std::vector<std::string>& more = {})
      : process_(command(port, more)) {
    if (!process_.says("listening ")) throw std::runtime_error("the model does not come up:\n" + process_.err());
    const std::string out = process_.out();
    port_ = static_cast<std::uint16_t>(std::stoi(out.substr(out.rfind(':') + 1)));
  }

  std::uint16_t port() const noexcept { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url() const { return "http://" + address(); }
  /// SIGTERM: answers what is under way, then leaves.
  int stop() {
    process_.signal(SIGTERM);
    return process_.wait().code;
  }
  void signal(int number) const { process_.signal(number); }
  void kill() {
    process_.signal(SIGKILL);
    process_.wait();
  }

 private:
  static std::vector<std::string> command(std::uint16_t port, const std::vector<std::string>& more) {
    std::vector<std::string> made{std::string(SLUICE_BINARY_DIR) + "/sluice-sample-model", "--port",
                                  std::to_string(port), "--data",
                                  std::string(SLUICE_SOURCE_DIR) + "/config/quickstart/digits.csv.gz"};
    made.insert(made.end(), more.begin(), more.end());
    return made;
  }

  ChildProcess process_;
  std::uint16_t port_ = 0;
};

}  // namespace sluice::test
