#pragma once

#include <string>
#include <string_view>

#include "sample_model/classifier.hpp"
#include "sample_model/faults.hpp"
#include "sample_model/inference_request.hpp"

namespace sluice::sample_model {

/// A request as far as the protocol is concerned.
struct Call {
  std::string_view method;
  std::string_view target;  ///< path and query as sent
  std::string_view body;
  bool binary_tensors = false;  ///< the client announced the binary extension
};

/// What goes back, as JSON.
struct Reply {
  unsigned status = 200;
  std::string body;
  std::string_view allow;  ///< for 405: the method that would do
  Duration delay{};        ///< hold the answer back for so long
};

/// The Open Inference Protocol V2 for one version of one model: which call gets which answer. No sockets, no clock.
/// One thread.
class ModelService {
 public:
  /// The service is ready as soon as it exists: a Classifier is trained when constructed.
  ModelService(std::string model, std::string version, Classifier classifier, FaultInjector faults);

  /// Never throws; anything wrong with the call becomes a 4xx with `{"error": "…"}`.
  Reply answer(const Call& call);

 private:
  Reply answer_get(std::string_view path) const;
  Reply answer_model_get(std::string_view rest) const;
  Reply infer(const Call& call);
  std::string metadata() const;

  std::string model_;
  std::string version_;
  Classifier classifier_;
  FaultInjector faults_;
  simdjson::dom::parser parser_;
};

}  // namespace sluice::sample_model
