#include "sluice/app/errand_runner.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "sluice/base/log.hpp"
#include "sluice/rollout/prometheus_answer.hpp"

namespace sluice::app {

namespace {

using strategy::Errand;
using strategy::ErrandAnswer;
using strategy::Query;
using strategy::QueryAnswer;
using State = ErrandAnswer::State;

constexpr Duration kFirstPause = std::chrono::seconds(1);
constexpr Duration kLongestPause = std::chrono::seconds(30);
// Fewer than the fetcher lets wait. Values have places of their own, however many webhooks hang.
constexpr std::size_t kErrandsUnderWay = 448;
constexpr std::size_t kUnderWay = 512;
constexpr std::size_t kShownBytes = 160;

/// What a server says about itself, short and on one line.
std::string shown(const std::string& body) {
  std::string text = body.substr(0, kShownBytes);
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  const std::size_t begin = text.find_first_not_of(' ');
  const std::size_t end = text.find_last_not_of(' ');
  return begin == std::string::npos ? std::string() : text.substr(begin, end - begin + 1);
}

/// A request under way. The ticket tells its answer from that of an earlier one.
struct Call {
  std::uint64_t ticket = 0;  ///< 0: none
  std::uint64_t fetch = 0;
};

struct Job {
  Errand errand;
  ErrandAnswer answer{};
  Call call{};
  TimePoint due{};
  bool is_settled = false;
};

struct Asked {
  Query query;
  QueryAnswer answer{};
  Call call{};
  TimePoint due{};
};

/// Where the fetcher's thread puts what came.
struct Inbox {
  std::mutex mutex;
  std::map<std::uint64_t, http::FetchAnswer> answers;  // by ticket
};

}  // namespace

class ErrandRunner::Impl {
 public:
  Impl(http::Fetcher& fetcher, const Clock& clock, Options options)
      : fetcher_(fetcher), clock_(clock), options_(options) {}

  ~Impl() {
    for (auto& [key, job] : kept_) end(job.call);
    for (auto& [key, asked] : asked_) end(asked.call);
    for (Job& job : sent_) end(job.call);
  }

  void keep(const std::vector<Errand>& errands, const std::vector<Query>& queries);
  void send(const Errand& errand);
  void take_answers();

  const std::map<std::string, Job>& kept() const noexcept { return kept_; }
  const std::map<std::string, Asked>& asked() const noexcept { return asked_; }

 private:
  void keep_errands(const std::vector<Errand>& errands);
  void keep_queries(const std::vector<Query>& queries);
  void take(Job& job, const http::FetchAnswer& came) const;
  void take(Asked& asked, const http::FetchAnswer& came) const;
  void begin_if_due(Job& job);
  void begin_if_due(Asked& asked);
  void sweep_sent();
  void begin(Call& call, http::FetchRequest request, std::size_t most);
  void end(Call& call);

  http::Fetcher& fetcher_;
  const Clock& clock_;
  const Options options_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::uint64_t last_ticket_ = 0;
  std::size_t under_way_ = 0;
  std::map<std::string, Job> kept_;     // by key
  std::map<std::string, Asked> asked_;  // by key
  std::deque<Job> sent_;                // oldest first
};

// --- what is wished ---

void ErrandRunner::Impl::keep(const std::vector<Errand>& errands, const std::vector<Query>& queries) {
  take_answers();
  keep_errands(errands);
  keep_queries(queries);
  for (Job& job : sent_) begin_if_due(job);
}

void ErrandRunner::Impl::keep_errands(const std::vector<Errand>& errands) {
  std::map<std::string, Job> kept;
  for (const Errand& errand : errands) {
    if (auto known = kept_.extract(errand.key); !known.empty()) {
      known.mapped().errand = errand;
      kept.insert(std::move(known));
    } else {
      kept.try_emplace(errand.key, Job{errand});
    }
  }
  for (auto& [key, forgotten] : kept_) end(forgotten.call);
  kept_ = std::move(kept);
  for (auto& [key, job] : kept_) begin_if_due(job);
}

void ErrandRunner::Impl::keep_queries(const std::vector<Query>& queries) {
  std::map<std::string, Asked> asked;
  for (const Query& query : queries) {
    auto known = asked_.extract(query.key);
    const bool is_same =
        !known.empty() && known.mapped().query.promql == query.promql && known.mapped().query.address == query.address;
    if (is_same) {
      known.mapped().query = query;
      asked.insert(std::move(known));
      continue;
    }
    if (!known.empty()) end(known.mapped().call);
    asked.try_emplace(query.key, Asked{query});
  }
  for (auto& [key, forgotten] : asked_) end(forgotten.call);
  asked_ = std::move(asked);
  for (auto& [key, one] : asked_) begin_if_due(one);
}

void ErrandRunner::Impl::send(const Errand& errand) {
  static constinit log::Site site;
  sent_.push_back(Job{errand});
  sent_.back().errand.again.reset();
  begin_if_due(sent_.back());
  if (sent_.size() <= options_.sent) return;
  log::warn(site, "too many webhooks wait to be sent; the oldest is dropped", {{"webhook", sent_.front().errand.key}});
  end(sent_.front().call);
  sent_.pop_front();
}

// --- requests ---

void ErrandRunner::Impl::begin_if_due(Job& job) {
  if (job.is_settled || job.call.ticket != 0 || clock_.now() < job.due) return;
  http::FetchRequest request;
  request.method = job.errand.method;
  request.url = job.errand.url;
  request.body = job.errand.body;
  request.timeout = job.errand.timeout;
  begin(job.call, std::move(request), kErrandsUnderWay);
  if (job.call.ticket != 0) ++job.answer.tries;
}

void ErrandRunner::Impl::begin_if_due(Asked& asked) {
  if (asked.call.ticket != 0 || clock_.now() < asked.due) return;
  http::FetchRequest request;
  request.url = rollout::prometheus_url(asked.query.address, asked.query.promql);
  request.timeout = asked.query.timeout;
  begin(asked.call, std::move(request), kUnderWay);
  if (asked.call.ticket != 0) asked.due = clock_.now() + asked.query.interval;
}

/// Begins nothing while too many are under way: the next tick comes soon.
void ErrandRunner::Impl::begin(Call& call, http::FetchRequest request, std::size_t most) {
  if (under_way_ >= most) return;
  ++under_way_;
  call.ticket = ++last_ticket_;
  call.fetch = fetcher_.start(std::move(request), [inbox = inbox_, ticket = call.ticket](http::FetchAnswer answer) {
    const std::lock_guard lock(inbox->mutex);
    inbox->answers.emplace(ticket, std::move(answer));
  });
}

void ErrandRunner::Impl::end(Call& call) {
  if (call.ticket == 0) return;
  fetcher_.cancel(call.fetch);
  call = {};
  --under_way_;
}

// --- answers ---

void ErrandRunner::Impl::take_answers() {
  std::map<std::uint64_t, http::FetchAnswer> came;
  {
    const std::lock_guard lock(inbox_->mutex);
    came.swap(inbox_->answers);
  }
  if (came.empty()) return;
  const auto hand_out = [&](auto& wishes_for) {
    const auto answer = came.find(wishes_for.call.ticket);
    if (answer == came.end()) return;
    wishes_for.call = {};
    --under_way_;
    take(wishes_for, answer->second);
  };
  for (auto& [key, job] : kept_) hand_out(job);
  for (auto& [key, asked] : asked_) hand_out(asked);
  for (Job& job : sent_) hand_out(job);
  sweep_sent();
}

void ErrandRunner::Impl::take(Job& job, const http::FetchAnswer& came) const {
  const bool is_answered = came.problem.empty();
  const bool has_succeeded = is_answered && came.status >= 200 && came.status <= 299;
  job.answer.status = came.status;
  job.answer.detail = came.problem;
  if (is_answered) {
    job.answer.detail = "answered " + std::to_string(came.status);
    if (const std::string said = shown(came.body); !has_succeeded && !said.empty()) job.answer.detail += ": " + said;
  }
  const State outcome = has_succeeded ? State::Succeeded : is_answered ? State::Refused : State::Failed;
  if (!has_succeeded && job.errand.again) {
    job.answer.state = outcome;
    job.due = clock_.now() + *job.errand.again;
  } else if (!has_succeeded && job.answer.tries <= job.errand.retries) {
    const auto doublings = std::min<std::uint32_t>(job.answer.tries - 1, 5);
    job.due = clock_.now() + std::min(kFirstPause * (1 << doublings), kLongestPause);
  } else {
    job.answer.state = outcome;
    job.is_settled = true;
  }
}

void ErrandRunner::Impl::take(Asked& asked, const http::FetchAnswer& came) const {
  if (came.problem.empty()) {
    asked.answer = rollout::read_prometheus(came.status, came.body, clock_.wall_now());
    return;
  }
  asked.answer = {};
  asked.answer.state = QueryAnswer::State::Failed;
  asked.answer.detail = came.problem;
  asked.answer.at = clock_.wall_now();
}

void ErrandRunner::Impl::sweep_sent() {
  static constinit log::Site site;
  std::erase_if(sent_, [](const Job& job) {
    if (job.is_settled && job.answer.state != State::Succeeded) {
      log::warn(site, "a webhook was not delivered",
                {{"webhook", job.errand.key}, {"tries", job.answer.tries}, {"error", job.answer.detail}});
    }
    return job.is_settled;
  });
}

// --- the port ---

ErrandRunner::ErrandRunner(http::Fetcher& fetcher, const Clock& clock) : ErrandRunner(fetcher, clock, Options{}) {}

ErrandRunner::ErrandRunner(http::Fetcher& fetcher, const Clock& clock, Options options)
    : impl_(std::make_unique<Impl>(fetcher, clock, options)) {}

ErrandRunner::~ErrandRunner() = default;

void ErrandRunner::keep(const std::vector<Errand>& errands, const std::vector<Query>& queries) {
  impl_->keep(errands, queries);
}

void ErrandRunner::send(const Errand& errand) {
  impl_->take_answers();
  impl_->send(errand);
}

std::map<std::string, ErrandAnswer> ErrandRunner::answers() {
  impl_->take_answers();
  std::map<std::string, ErrandAnswer> out;
  for (const auto& [key, job] : impl_->kept()) out.emplace(key, job.answer);
  return out;
}

std::map<std::string, QueryAnswer> ErrandRunner::values() {
  impl_->take_answers();
  std::map<std::string, QueryAnswer> out;
  for (const auto& [key, asked] : impl_->asked()) out.emplace(key, asked.answer);
  return out;
}

}  // namespace sluice::app
