#include "sluice/admin/live_feed.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "sluice/admin/api_json.hpp"

namespace sluice::admin {

namespace {

using Json = nlohmann::ordered_json;

/// The member of that key. Members rarely move, so the place where it stood among the others is tried first.
const Json* member(const Json& object, const std::string& key, std::size_t guess) {
  const auto& members = object.get_ref<const Json::object_t&>();
  if (guess < members.size() && members.data()[guess].first == key) return &members.data()[guess].second;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

}  // namespace

Json merge_patch_between(const Json& before, const Json& after) {
  Json patch = Json::object();
  std::size_t place = 0;
  for (const auto& [key, value] : after.get_ref<const Json::object_t&>()) {
    const Json* const old = member(before, key, place++);
    if (old == nullptr) {
      patch[key] = value;
    } else if (value.is_object() && old->is_object()) {
      Json inner = merge_patch_between(*old, value);
      if (!inner.empty()) patch[key] = std::move(inner);
    } else if (value != *old) {
      patch[key] = value;
    }
  }
  place = 0;
  for (const auto& [key, value] : before.get_ref<const Json::object_t&>()) {
    if (member(after, key, place++) == nullptr) patch[key] = nullptr;
  }
  return patch;
}

void drop_nulls(Json& json) {
  if (!json.is_object()) return;
  auto& members = json.get_ref<Json::object_t&>();
  if (std::any_of(members.begin(), members.end(), [](const auto& item) { return item.second.is_null(); })) {
    Json without = Json::object();
    for (auto& [key, value] : members) {
      if (!value.is_null()) without[key] = std::move(value);
    }
    json = std::move(without);
  }
  for (auto& [key, value] : json.get_ref<Json::object_t&>()) drop_nulls(value);
}

Json LiveFeed::look() const {
  Json seen = look_();
  drop_nulls(seen);
  return seen;
}

Event LiveFeed::event_of(const char* kind, Json data) const {
  data["now"] = now_();
  // text_of() ends with the line's end; one more ends the event.
  return {looks_, std::string("event: ") + kind + "\ndata: " + text_of(data) + "\n"};
}

Event LiveFeed::snapshot() {
  if (!last_) {
    last_ = look();
    ++looks_;
  }
  return event_of("snapshot", *last_);
}

std::optional<Event> LiveFeed::advance() {
  if (!last_) return std::nullopt;  // nobody has the whole yet
  Json seen = look();
  ++looks_;
  Json patch = merge_patch_between(*last_, seen);
  last_ = std::move(seen);
  if (patch.empty()) return std::nullopt;
  return event_of("delta", std::move(patch));
}

}  // namespace sluice::admin
