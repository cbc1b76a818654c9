#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sluice/admin/page.hpp"

namespace sluice::admin {

/// `{"error": "…"}` with this status.
Page error_page(unsigned status, const std::string& reason);

/// Who is let in.
struct Lock {
  std::string token;           ///< empty: none is asked for
  bool anonymous_read = true;  ///< with a token: status pages may be read without it
};

/// What a page asks of its reader where a token is set.
enum class Need : std::uint8_t {
  Nothing,  ///< the dashboard's files: they say nothing about this gateway, and the page has to be there to ask for a
            ///< token
  Reading,  ///< what the gateway does; without the token as Lock says
  Token,    ///< parts of what clients sent, the policy's text, every change
};

/// Whether a request may have a page; the page that says why not.
///
/// With a token: `Authorization: Bearer TOKEN`, compared in constant time, else 401; a wrong one is never as good as
/// none. Where no token counts the danger is a browser on a machine that reaches the port: Host must be `localhost` or
/// a numeric address, which no foreign name can be made to look like, else 403, or 401 where a token would help.
std::optional<Page> refuse_reader(const Request& request, const Lock& lock, Need need);

/// It showed the token, or none is asked for.
bool is_authorized(const Request& request, const Lock& lock);

/// What a change must bring beyond that: `Content-Type: application/json` (415), which no form of a foreign page can
/// send, and an Origin that is absent or the port's own (403).
std::optional<Page> refuse_writer(const Request& request);

/// For the audit log: who it was, `token from 10.0.0.7:4242` or the address alone.
std::string actor_of(const Request& request, const Lock& lock);

/// Takes as long for a wrong text of the same length as for the right one.
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace sluice::admin
