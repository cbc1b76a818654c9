#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "sample_model/inference_request.hpp"
#include "sample_model/repository.hpp"

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
  std::string_view allow;        ///< for 405: the method that would do
  Duration delay{};              ///< hold the answer back for so long
  std::function<void()> then{};  ///< to be called once, when the delay is over; the service must still exist
};

/// The Open Inference Protocol V2 for one model, with the repository API that loads and unloads its variants, and chat
/// completions as OpenAI has them: which call gets which answer. No sockets, no clock. One thread. A request that was
/// answered keeps its answer, whatever is loaded before it goes out.
class ModelService {
 public:
  /// Ready at once: the variants are trained. A load takes `load_time`.
  ModelService(std::string model, Repository repository, Duration load_time = {});
  /// The only variant, whose name is the version's.
  ModelService(std::string model, const std::string& version, Classifier classifier, Faults faults);
  ModelService(const ModelService&) = delete;
  ModelService& operator=(const ModelService&) = delete;

  /// Never throws; anything wrong with the call becomes a 4xx with `{"error": "…"}`, a model that is not loaded a 503.
  Reply answer(const Call& call);

 private:
  Reply answer_get(std::string_view path);
  Reply answer_model_get(std::string_view rest);
  Reply answer_repository(std::string_view rest, const Call& call);
  Reply index(std::string_view body);
  Reply load(std::string_view body);
  Reply unload();
  Reply infer(const Call& call);
  Reply chat(const Call& call);
  std::string metadata(const LoadedModel& loaded) const;

  std::string model_;
  Repository repository_;
  Duration load_time_;
  simdjson::dom::parser parser_;
};

}  // namespace sluice::sample_model
