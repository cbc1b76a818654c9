#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/admin/views.hpp"
#include "sluice/base/result.hpp"

/// How the admin port writes and reads its plain data. Times in seconds, shares from 0 to 1.
namespace sluice::admin {

nlohmann::ordered_json to_json(const EndpointView& endpoint);
nlohmann::ordered_json to_json(const RouteView& route);
nlohmann::ordered_json to_json(const DrainView& drain);
nlohmann::ordered_json to_json(const ConfigView& config);

/// `{"route": …, "version": …, "endpoint": …, "undo": …}`, all of it optional, nothing beside it; an empty text is an
/// empty object. Fails with a sentence for the client.
Result<DrainOrder> parse_drain_order(std::string_view text);

/// Compact; text that is not UTF-8 is made so.
std::string text_of(const nlohmann::ordered_json& json);

}  // namespace sluice::admin
