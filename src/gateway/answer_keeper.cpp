#include "sluice/gateway/answer_keeper.hpp"

#include <algorithm>
#include <string>

#include "sluice/gateway/answer_kind.hpp"

namespace sluice::gateway {

namespace {

/// What an announced length is believed at once; more is taken as it comes, since an endpoint may announce anything.
constexpr std::size_t kBelieved = 64 * 1024;

/// Numbers and names of classes are short.
constexpr std::size_t kHeaderBytes = 256;

void keep_header(const std::string& name, const http::ResponseHead& answer, const char* base, std::string& into) {
  if (!name.empty()) into = answer.find(base, name).substr(0, kHeaderBytes);
}

}  // namespace

void AnswerKeeper::take_head(const http::ResponseHead& answer, const char* base) noexcept {
  into_->status = answer.status;
  keep_header(rules_->score_header, answer, base, into_->score_text);
  keep_header(rules_->label_header, answer, base, into_->label_text);
  if (!rules_->bodies) return;
  into_->encoded = is_encoded(answer, base);
  into_->events = is_event_stream(answer, base);
  into_->json_bytes = json_bytes(answer, base);
  wants_body_ = !into_->encoded && answer.framing != http::Framing::None;
  if (answer.content_length > rules_->body_bytes) {
    into_->too_large = true;
    wants_body_ = false;
  }
  expected_ = wants_body_ ? static_cast<std::size_t>(answer.content_length) : 0;
}

void AnswerKeeper::take_payload(std::string_view payload) noexcept {
  if (!wants_body_) return;
  const std::size_t size = into_->body.size() + payload.size();
  if (size > rules_->body_bytes) {
    into_->too_large = true;
    return drop_body();
  }
  if (size > into_->memory.bytes() && !make_room(size)) {
    into_->out_of_memory = true;
    return drop_body();
  }
  into_->body.append(payload);
}

bool AnswerKeeper::make_room(std::size_t size) noexcept {
  const bool told = expected_ >= size;
  const std::size_t ahead = told ? std::max(2 * size, kBelieved) : 2 * size;
  const std::size_t wanted = std::min(ahead, told ? expected_ : static_cast<std::size_t>(rules_->body_bytes));
  if (!into_->memory.grow(*memory_, wanted - into_->memory.bytes())) return false;
  // A text that grows by itself may take twice as much as it is asked to.
  std::string larger;
  larger.reserve(wanted);
  larger.append(into_->body);
  into_->body.swap(larger);
  return true;
}

void AnswerKeeper::drop_body() noexcept {
  wants_body_ = false;
  std::string().swap(into_->body);
  into_->memory.release();
}

}  // namespace sluice::gateway
