#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sluice/admin/page.hpp"

namespace sluice::admin {

/// `{"error": "…"}` with this status.
Page error_page(unsigned status, const std::string& reason);

/// Whether a request may speak to the admin port at all; the page that says why not.
///
/// With a token: `Authorization: Bearer TOKEN`, compared in constant time, else 401. Without one the port is loopback's
/// and the danger is a browser on the same machine: Host must be `localhost` or a numeric address, which no foreign
/// name can be made to look like, else 403.
std::optional<Page> refuse_reader(const Request& request, std::string_view token);

/// What a change must bring beyond that: `Content-Type: application/json` (415), which no form of a foreign page can
/// send, and an Origin that is absent or the port's own (403).
std::optional<Page> refuse_writer(const Request& request);

/// For the audit log: who it was, `token from 10.0.0.7:4242` or the address alone.
std::string actor_of(const Request& request, std::string_view token);

/// Takes as long for a wrong text of the same length as for the right one.
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace sluice::admin
