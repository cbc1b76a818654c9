#include "sluice/http/forward.hpp"

namespace sluice::http {

namespace {

bool stays_here(const Field& field, const RequestForwarding& how) noexcept {
  if (field.hop_by_hop) return true;
  switch (field.id) {
    case FieldId::XForwardedFor:
      return how.drop_x_forwarded_for;
    case FieldId::Expect:
      return how.drop_expect;
    case FieldId::XSluiceVersion:
      return how.drop_pin;
    case FieldId::XRequestId:
      return how.drop_request_id;
    case FieldId::XSluice:
      return true;
    default:
      return false;
  }
}

bool stays_here(const Field& field, bool drop_framing) noexcept {
  if (field.hop_by_hop) return true;
  switch (field.id) {
    case FieldId::XRequestId:
    case FieldId::XSluice:
    case FieldId::XSluiceVersion:
      return true;
    case FieldId::Trailer:
    case FieldId::TransferEncoding:
      return drop_framing;
    default:
      return false;
  }
}

template <typename How>
void keep_fields(const MessageHead& head, How how, KeptFields& out) noexcept {
  out.count = 0;
  for (const Field& field : head.fields()) {
    if (!stays_here(field, how)) out.add(field.line);
  }
}

}  // namespace

void KeptFields::add(Range line) noexcept {
  if (count > 0 && pieces[count - 1].end() == line.offset) {
    pieces[count - 1].size += line.size;
  } else {
    pieces[count++] = line;
  }
}

void kept_request_fields(const RequestHead& head, const RequestForwarding& how, KeptFields& out) noexcept {
  keep_fields<const RequestForwarding&>(head, how, out);
}

void kept_response_fields(const ResponseHead& head, bool drop_framing, KeptFields& out) noexcept {
  keep_fields<bool>(head, drop_framing, out);
}

}  // namespace sluice::http
