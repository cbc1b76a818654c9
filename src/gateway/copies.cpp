// Copies of a request for shadows, and what is kept of its answer so that it can be compared with theirs.
#include <algorithm>
#include <utility>

#include "sluice/gateway/exchange.hpp"
#include "sluice/gateway/outgoing_head.hpp"
#include "sluice/gateway/session.hpp"
#include "sluice/gateway/worker.hpp"

namespace sluice::gateway {

using metrics::ShadowDropReason;

/// Copies what is there for the shadows; the rest of a body is copied while it passes by. Sent when the live one is.
void Exchange::plan_mirrors(std::uint64_t versions) {
  if (versions == 0) return;
  const bool whole = request_body_.done() && body_in_buffer_ <= route_->config->mirror.body_bytes;
  const bool again = route_->copied != nullptr && whole &&
                     route_->copied->knows(request_hash({base() + request_.size, body_in_buffer_}), received_at_);
  std::uint64_t wanted = 0;
  for (std::size_t v = 0; v < route_->versions.size(); ++v) {
    if ((versions >> v & 1) == 0) continue;
    LiveVersion& shadow = route_->versions[v];
    if (const auto why = again ? ShadowDropReason::Duplicate : why_no_copy(shadow)) {
      shadow.counters->shadow_dropped[*why].add();
    } else if (worker_->mirrors().admit(*route_, shadow, received_at_)) {
      wanted |= std::uint64_t{1} << v;
    }
  }
  if (wanted == 0) return;
  begin_copies(wanted);
  begin_pairing();
}

std::optional<ShadowDropReason> Exchange::why_no_copy(LiveVersion& shadow) noexcept {
  const std::uint64_t limit = route_->config->mirror.body_bytes;
  if (request_.content_length > limit || request_body_.payload_bytes() > limit) return ShadowDropReason::BodyBytes;
  if (must_yield(shadow)) return ShadowDropReason::Overloaded;
  return std::nullopt;
}

/// Copies come last: not while a live request waits for its turn, nor while memory is short.
bool Exchange::must_yield(LiveVersion& copied_to) noexcept {
  if (worker_->memory() != MemoryState::Normal || worker_->gate().waiting() > 0) return true;
  if (route_->state->gate.waiting() > 0 || version().gate->gate().waiting() > 0) return true;
  if (copied_to.gate->gate().waiting() > 0) return true;
  for (const upstream::EndpointPool* pool : copied_to.balancer.pools()) {
    if (pool->is_crowded()) return true;
  }
  return false;
}

RequestHash Exchange::request_hash(std::string_view body) const noexcept {
  return RequestHash::of(request_.method_text.in(base()), request_.target.in(base()), body);
}

void Exchange::begin_copies(std::uint64_t versions) {
  RequestAdditions additions;
  additions.client_address = session_->client_address();
  if (made_request_id_) additions.request_id = request_id();
  additions.host = "shadow";
  additions.purpose = Purpose::Shadow;
  if (route_->config->pairs) additions.drop = route_->config->pairs->drop_headers;
  GatherList& head = first_.to_endpoint();
  head.clear();
  write_request_head(base(), request_, additions, head);
  tee_.versions = versions;
  tee_.limit = route_->config->mirror.body_bytes;
  tee_.head.clear();
  head.flatten_into(tee_.head);
  tee_.body.assign(base() + request_.size, body_in_buffer_);
}

/// Only what live itself was asked for is compared: a pin or a rule may have chosen another version.
void Exchange::begin_pairing() {
  if (worker_->pairs() == nullptr || !route_->config->pairs || choice_.version != route_->live_index()) return;
  constexpr std::size_t kIdBytes = 128;
  const bool noted = has_token_ || logs_decision_ || observes_;
  Pairing::Request request;
  request.route = route_->name_hash;
  request.window = route_->config->window;
  request.live = choice_.version;
  request.live_name = version().name_hash;
  request.segment = choice_.segment;
  request.nonce = noted ? decision_.nonce : 0;
  request.unit = noted ? decision_.unit : 0;
  request.request_id = request_id().substr(0, kIdBytes);
  request.at = noted ? decision_.time : worker_->wall_now();
  pairing_.reset(new Pairing(*worker_->pairs(), worker_->index(), *route_->config->pairs, std::move(request)));
}

void Exchange::launch_mirrors() {
  const TimePoint now = worker_->now();
  // What was admitted may have become too much, or have been copied for another client, while the body was on its way.
  if (!Mirrors::has_spare_capacity(*route_, now)) return drop_mirrors(ShadowDropReason::Busy);
  if (route_->copied != nullptr &&
      !route_->copied->claim(request_hash(tee_.body), now, route_->config->mirror.deduplicate)) {
    return drop_mirrors(ShadowDropReason::Duplicate);
  }
  const std::uint64_t versions = std::exchange(tee_.versions, 0);
  tee_.sent = true;
  for (std::size_t v = 0; v < route_->versions.size(); ++v) {
    if ((versions >> v & 1) == 0) continue;
    Copy copy{route_, &route_->versions[v], request_.method, tee_.head, tee_.body, now, pairing_, nullptr};
    if (pairing_) {
      const auto place = static_cast<traffic::VersionIndex>(v);
      copy.pair =
          pairing_->begin(compare::PairKind::Shadow, place, route_->config->plan.mirror_weight(place, choice_.segment),
                          route_->versions[v].name_hash);
    }
    worker_->mirrors().launch(live_, std::move(copy));
  }
}

void Exchange::drop_mirrors(ShadowDropReason reason) {
  const std::uint64_t versions = std::exchange(tee_.versions, 0);
  if (versions == 0) return;
  pairing_.reset();
  for (std::size_t v = 0; v < route_->versions.size(); ++v) {
    if ((versions >> v & 1) == 0) continue;
    route_->versions[v].counters->shadow_dropped[reason].add();
    worker_->mirrors().cancel_admission(*route_, route_->versions[v]);
  }
}

/// Nothing of the answer will change any more. What a retry saved, or another version, is live's failure: a copy is
/// never tried again, so live would seem the better one for its retries alone.
void Exchange::end_pairing() {
  compare::Answer& answer = pairing_->live();
  const bool rescued = !first_attempt_counts();
  if (rescued || !answer_complete_) {
    pairing_->live_keeper().drop_body();
    answer.counted = rescued || is_versions_failure();
  } else {
    answer.complete = true;
    note_latency(answer);
  }
  if (tee_.sent && !answer.failed()) send_twin();
  std::exchange(pairing_, nullptr)->live_over();
}

/// Copies are sent at once and read as they come, so live's time begins when it had the whole request. What its client
/// held up cannot be told from what the endpoint took meanwhile.
void Exchange::note_latency(compare::Answer& answer) const noexcept {
  constexpr Duration no_matter = std::chrono::milliseconds(1);
  constexpr int some = 32;
  const TimePoint begun = call_ == &first_ ? call_->sent_at() : first_.sent_at();  // before the hedge that won
  const TimePoint asked = request_sent_ ? std::max(begun, request_sent_at_) : begun;
  const Duration took = std::max(answered_at_ - asked, Duration(0));
  answer.latency = std::chrono::duration<float>(took).count();
  const bool took_slowly = waited_for_client_ > no_matter && waited_for_client_ * some > took;
  answer.held_up = took_slowly || (body_streams_ && !request_sent_);
}

/// A few requests go to live once more, when it has answered them: what differs then, differs by itself.
void Exchange::send_twin() {
  const double share = route_->config->pairs->twin_share;
  if (share <= 0) return;
  MirrorBudget& budget = *route_->mirrors;
  budget.note_in_flight(route_->live().gate->gate().in_flight());
  if (worker_->random().uniform() >= budget.twin_share(share, route_->config->window)) return;
  if (session_->draining() || must_yield(route_->live()) || !worker_->mirrors().admit_twin(*route_, finished_at_)) {
    route_->live().counters->shadow_twins[metrics::TwinResult::Skipped].add();
    return;
  }
  Copy copy{route_, &route_->live(), request_.method, tee_.head, tee_.body, finished_at_, pairing_, nullptr};
  copy.pair = pairing_->begin(compare::PairKind::Twin, route_->live_index(), 1, route_->live().name_hash);
  ++budget.first_twins;
  worker_->mirrors().launch(live_, std::move(copy));
}

}  // namespace sluice::gateway
