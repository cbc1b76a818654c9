#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>

#include "sluice/admin/page.hpp"

namespace sluice::admin {

/// What takes `before` to `after` by RFC 7396: members that changed, null for those that are gone, lists whole. Both
/// are objects without null members, which such a patch could not tell from missing ones. An empty object: nothing
/// changed.
nlohmann::ordered_json merge_patch_between(const nlohmann::ordered_json& before, const nlohmann::ordered_json& after);

/// Leaves out members that are null, at every depth of objects; what stands in lists stays.
void drop_nulls(nlohmann::ordered_json& json);

/// Everything that can be watched as one JSON object, and how it changes: looked at once for all readers. One thread.
class LiveFeed {
 public:
  /// The object as it is now; may cost some milliseconds.
  using Look = std::function<nlohmann::ordered_json()>;
  /// Seconds since 1970, for the clocks of readers.
  using Now = std::function<double()>;

  LiveFeed(Look look, Now now) : look_(std::move(look)), now_(std::move(now)) {}

  /// `event: snapshot`: all of it as of the last look; looks when there was none. What advance() gave up to its id is
  /// in it.
  Event snapshot();
  /// Looks. `event: delta`: the merge patch since the look before; nothing when nothing changed.
  std::optional<Event> advance();
  /// Nobody reads: what was seen last is given back.
  void forget() { last_.reset(); }

 private:
  nlohmann::ordered_json look() const;
  Event event_of(const char* kind, nlohmann::ordered_json data) const;

  const Look look_;
  const Now now_;
  std::optional<nlohmann::ordered_json> last_;
  std::uint64_t looks_ = 0;
};

}  // namespace sluice::admin
