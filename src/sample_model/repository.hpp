#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "sample_model/classifier.hpp"
#include "sample_model/faults.hpp"

namespace sluice::sample_model {

/// The variants of the model that can be loaded, trained already.
using Variants = std::map<std::string, std::shared_ptr<const Classifier>>;

/// A variant that is loaded, with what is wrong with it.
struct LoadedModel {
  std::string variant;
  std::shared_ptr<const Classifier> classifier;
  FaultInjector faults{{}};
};

/// What a request to load asks for; made by `read_load_request`.
struct LoadRequest {
  std::string variant;
  Faults faults;
};

/// The body of a `load` call: `{"parameters": {"variant": "v2", "error-rate": "5%", "latency": "80ms", "drift":
/// "30%", "noise": "id,timestamp"}}`. Whatever is missing is as in `usual`; an empty body misses all of it. Any bytes
/// are safe; the error is a sentence for the client.
Result<LoadRequest> read_load_request(std::string_view body, LoadRequest usual);

/// Which variant of the model is loaded. No sockets, no clock: whoever asks for a load says when its time is over.
/// One thread.
class Repository {
 public:
  /// `usual` is loaded at once, and is what a request without parameters loads. It must be one of the variants.
  Repository(Variants variants, LoadRequest usual);

  /// Null while nothing is loaded. What is loaded stays until an unload, or until the next load is complete.
  LoadedModel* current() noexcept { return current_.get(); }
  bool is_loading() const noexcept { return loading_; }
  const Variants& variants() const noexcept { return variants_; }
  const LoadRequest& usual() const noexcept { return usual_; }

  /// Begins to load a variant that is there; the load is complete when what is returned is called, unless another load
  /// or an unload came meanwhile.
  std::function<void()> begin_load(const LoadRequest& request);
  /// Forgets the model, also the one that is being loaded.
  void unload() noexcept;

 private:
  Variants variants_;
  LoadRequest usual_;
  std::shared_ptr<LoadedModel> current_;
  std::uint64_t changes_ = 0;  ///< a load that is older than the last of them is out of date
  bool loading_ = false;
};

}  // namespace sluice::sample_model
