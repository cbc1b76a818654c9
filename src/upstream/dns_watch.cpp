#include "sluice/upstream/dns_watch.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/dispatch.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "sluice/base/log.hpp"
#include "sluice/upstream/dns_record.hpp"
#include "sluice/upstream/name_service.hpp"

namespace sluice::upstream {

namespace {

double in_seconds(Duration span) {
  return std::max(0.0, std::chrono::duration<double>(span).count());
}

void tell(const std::string& host, const DnsStep& step, std::size_t addresses_before) {
  const DnsRecord& record = step.record;
  if (step.failing) {
    log::warn("cannot look up a name",
              {{"host", host}, {"error", record.last_error}, {"addresses_kept", record.addresses.size()}});
  }
  if (step.recovered) log::info("a name can be looked up again", {{"host", host}});
  if (!step.changed) return;
  log::info("addresses of a name changed",
            {{"host", host}, {"before", addresses_before}, {"now", record.addresses.size()}});
  if (step.left_out > 0) {
    log::warn("a name has too many addresses", {{"host", host}, {"left_out", step.left_out}});
  }
}

}  // namespace

/// The names are behind a mutex, for any thread; the wheel and all changes belong to the loop's.
class DnsWatch::Impl : public std::enable_shared_from_this<Impl>, private http::DeadlineWheel::Hook {
 public:
  Impl(WorkerContext& loop, NameService& names, std::function<void(const std::string&)> on_change)
      : loop_(loop), names_(names), on_change_(std::move(on_change)) {}

  void watch(const std::vector<std::string>& hosts);
  std::vector<std::string> addresses(const std::string& host) const;
  bool wait_first(std::chrono::milliseconds bound) const;
  void end_waits();
  std::vector<DnsReport> report() const;
  void stop();
  void forget_deadline();
  bool is_quiet() const noexcept { return stopped() && !http::DeadlineWheel::is_set(*this); }

 private:
  struct Watched {
    DnsRecord record;
    bool asking = false;
  };

  void on_deadline(TimePoint) override { ask_who_is_due(); }
  void count_names();
  void ask_who_is_due();
  void take(const std::string& host, const NameAnswer& answer);
  bool stopped() const {
    const std::lock_guard lock(mutex_);
    return stopped_;
  }

  WorkerContext& loop_;
  NameService& names_;
  const std::function<void(const std::string&)> on_change_;
  mutable std::mutex mutex_;
  mutable std::condition_variable asked_;
  std::map<std::string, Watched> watched_;
  std::vector<std::string> order_;
  bool stopped_ = false;
  bool waits_ended_ = false;
};

void DnsWatch::Impl::watch(const std::vector<std::string>& hosts) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    std::map<std::string, Watched> next;
    order_.clear();
    for (const std::string& host : hosts) {
      if (next.contains(host)) continue;
      order_.push_back(host);
      auto known = watched_.extract(host);
      if (known) {
        next.insert(std::move(known));
      } else {
        next.try_emplace(host);
      }
    }
    watched_ = std::move(next);
    asked_.notify_all();
  }
  boost::asio::dispatch(loop_.io, [self = shared_from_this()] { self->ask_who_is_due(); });
}

void DnsWatch::Impl::ask_who_is_due() {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  const TimePoint now = loop_.clock.now();
  std::optional<TimePoint> first;
  for (auto& [host, name] : watched_) {
    if (name.asking) continue;
    if (name.record.due > now) {
      first = std::min(first.value_or(name.record.due), name.record.due);
      continue;
    }
    name.asking = true;
    names_.lookup(host,
                  [self = shared_from_this(), host = host](const NameAnswer& answer) { self->take(host, answer); });
  }
  count_names();
  if (first) {
    loop_.wheel.set(*this, *first);
  } else {
    http::DeadlineWheel::cancel(*this);
  }
}

/// Of every name, what is known now: after every change, under the mutex.
void DnsWatch::Impl::count_names() {
  std::array<std::int64_t, metrics::kNameStates> counts{};
  for (const auto& [host, name] : watched_) {
    const DnsRecord& record = name.record;
    const auto state = record.addresses.empty() ? metrics::NameState::Unknown
                       : record.stale           ? metrics::NameState::Stale
                                                : metrics::NameState::Known;
    ++counts[static_cast<std::size_t>(state)];
  }
  for (std::size_t i = 0; i < counts.size(); ++i) names_.counters().names[i].set(counts[i]);
}

void DnsWatch::Impl::take(const std::string& host, const NameAnswer& answer) {
  DnsStep step;
  std::size_t before = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto at = watched_.find(host);
    if (stopped_ || at == watched_.end()) return;
    at->second.asking = false;
    before = at->second.record.addresses.size();
    step = advance(at->second.record, answer, loop_.clock.now());
    at->second.record = step.record;
    asked_.notify_all();
  }
  ask_who_is_due();
  tell(host, step, before);
  if (step.changed && on_change_) on_change_(host);
}

std::vector<std::string> DnsWatch::Impl::addresses(const std::string& host) const {
  std::vector<std::string> out;
  const std::lock_guard lock(mutex_);
  const auto at = watched_.find(host);
  if (at == watched_.end()) return out;
  for (const auto& address : at->second.record.addresses) out.push_back(address.to_string());
  return out;
}

bool DnsWatch::Impl::wait_first(std::chrono::milliseconds bound) const {
  std::unique_lock lock(mutex_);
  const auto all = [this](auto fact) { return std::all_of(watched_.begin(), watched_.end(), fact); };
  asked_.wait_for(lock, bound,
                  [&] { return waits_ended_ || all([](const auto& of) { return of.second.record.asked; }); });
  return all([](const auto& of) { return !of.second.record.addresses.empty(); });
}

void DnsWatch::Impl::end_waits() {
  const std::lock_guard lock(mutex_);
  waits_ended_ = true;
  asked_.notify_all();
}

std::vector<DnsReport> DnsWatch::Impl::report() const {
  std::vector<DnsReport> out;
  const std::lock_guard lock(mutex_);
  const TimePoint now = loop_.clock.now();
  for (const std::string& host : order_) {
    const DnsRecord& record = watched_.at(host).record;
    DnsReport& report = out.emplace_back();
    report.host = host;
    for (const auto& address : record.addresses) report.addresses.push_back(address.to_string());
    report.stale = record.stale;
    if (record.stale) report.stale_seconds = in_seconds(now - record.expires);
    if (!record.addresses.empty()) report.expires_seconds = in_seconds(record.expires - now);
    report.next_look_up_seconds = in_seconds(record.due - now);
    report.failures = record.failures;
    report.last_error = record.last_error;
  }
  return out;
}

void DnsWatch::Impl::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = waits_ended_ = true;
    asked_.notify_all();
  }
  boost::asio::dispatch(loop_.io, [self = shared_from_this()] { self->forget_deadline(); });
}

void DnsWatch::Impl::forget_deadline() {
  http::DeadlineWheel::cancel(*this);
}

DnsWatch::DnsWatch(WorkerContext& loop, NameService& names, std::function<void(const std::string& host)> on_change)
    : impl_(std::make_shared<Impl>(loop, names, std::move(on_change))) {}

DnsWatch::~DnsWatch() {
  impl_->stop();
  impl_->forget_deadline();
}

void DnsWatch::watch(const std::vector<std::string>& hosts) {
  impl_->watch(hosts);
}

std::vector<std::string> DnsWatch::addresses(const std::string& host) const {
  return impl_->addresses(host);
}

bool DnsWatch::wait_first(std::chrono::milliseconds bound) const {
  return impl_->wait_first(bound);
}

void DnsWatch::end_waits() {
  impl_->end_waits();
}

std::vector<DnsReport> DnsWatch::report() const {
  return impl_->report();
}

void DnsWatch::stop() {
  impl_->stop();
}

bool DnsWatch::is_quiet() const noexcept {
  return impl_->is_quiet();
}

}  // namespace sluice::upstream
