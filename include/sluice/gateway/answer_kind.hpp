#pragma once

#include <cstddef>

#include "sluice/http/head.hpp"

/// What the head of an answer, which `base` holds, tells about its body.
namespace sluice::gateway {

/// It is compressed, so nobody here looks into it.
bool is_encoded(const http::ResponseHead& answer, const char* base) noexcept;
/// It is a stream of server-sent events.
bool is_event_stream(const http::ResponseHead& answer, const char* base) noexcept;
/// Of the binary tensor extension: where the JSON ends and the tensors' bytes begin. 0: all of it is one thing.
std::size_t json_bytes(const http::ResponseHead& answer, const char* base) noexcept;

}  // namespace sluice::gateway
