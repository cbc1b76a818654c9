#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::admin {

/// Named facts that decide whether this process should get traffic. Thread-safe: the parts set theirs whenever they
/// change, the metrics server asks.
///
/// A required check that fails makes `/readyz` say 503; an informational one is only shown. A check is declared before
/// it is set, failing at first with the reason "not yet".
class Readiness {
 public:
  enum class Kind { Required, Informational };

  struct Check {
    std::string name;
    Kind kind = Kind::Required;
    bool passing = false;
    std::string reason;  ///< why it fails, or a remark; one line
  };

  struct State {
    bool ready = false;         ///< every required check passes; false when none was declared
    std::vector<Check> checks;  ///< in the order of declaration
  };

  /// Declaring a name again changes its kind and keeps its state.
  void declare(std::string_view name, Kind kind = Kind::Required);

  /// Declares the check as required when nobody did.
  void set(std::string_view name, bool passing, std::string_view reason = {});

  bool ready() const;
  State state() const;

 private:
  Check& find_or_add(std::string_view name);

  mutable std::mutex mutex_;
  std::vector<Check> checks_;
};

}  // namespace sluice::admin
