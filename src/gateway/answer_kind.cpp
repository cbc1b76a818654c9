#include "sluice/gateway/answer_kind.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace sluice::gateway {

namespace {

bool is_same_word(std::string_view text, std::string_view lower_case) noexcept {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; };
  return text.size() == lower_case.size() && std::equal(text.begin(), text.end(), lower_case.begin(), same);
}

}  // namespace

bool is_encoded(const http::ResponseHead& answer, const char* base) noexcept {
  const std::string_view encoding = answer.find(base, "content-encoding");
  return !encoding.empty() && !is_same_word(encoding, "identity");
}

bool is_event_stream(const http::ResponseHead& answer, const char* base) noexcept {
  constexpr std::string_view events = "text/event-stream";
  return is_same_word(answer.find(base, "content-type").substr(0, events.size()), events);
}

std::size_t json_bytes(const http::ResponseHead& answer, const char* base) noexcept {
  const std::string_view text = answer.find(base, "inference-header-content-length");
  std::size_t bytes = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  return problem == std::errc{} && end == text.data() + text.size() ? bytes : 0;
}

}  // namespace sluice::gateway
