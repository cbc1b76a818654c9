#pragma once

#include <cstddef>
#include <string_view>

#include "sluice/http/head.hpp"

namespace sluice::http {

/// Which field a token means; any case. A few nanoseconds: most names are told by length and first letter.
FieldId field_id(std::string_view name) noexcept;

/// Fields that concern one connection only (RFC 9110 section 7.6.1), whether Connection names them or not.
/// Transfer-Encoding is not among them: bodies go on as they are framed.
bool is_always_hop_by_hop(FieldId id) noexcept;

/// Fields that tell where a message ends or whom it is for; Connection must not name them.
bool is_framing_field(FieldId id) noexcept;

/// Fields meant for every recipient, so that a Connection option of that name has no effect: credentials, content
/// description, and what this gateway routes or traces by.
bool is_end_to_end(std::string_view name) noexcept;

/// How many bytes of a trailer field's name decide whether it is forbidden; every name that matters is shorter.
inline constexpr std::size_t kTrailerNameBytes = 25;

/// Fields that must not come after a body (RFC 9110 section 6.5.1): framing, routing, credentials, content description,
/// hop-by-hop and x-sluice-*. Of a longer name the first kTrailerNameBytes are enough.
bool is_forbidden_in_trailer(std::string_view name) noexcept;

}  // namespace sluice::http
