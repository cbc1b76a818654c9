#include "sluice/app/policy_watcher.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <deque>
#include <utility>

#include "sluice/base/log.hpp"
#include "sluice/base/stable_hash.hpp"

namespace sluice::app {

namespace fs = std::filesystem;

namespace {

constexpr std::uint32_t kInterest = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_CLOSE_WRITE |
                                    IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr int kMostLinks = 40;  // what the kernel follows before it says ELOOP
constexpr int kReadsInARow = 64;

using Points = std::map<fs::path, std::set<std::string>>;

void add_name(Points& points, const fs::path& directory, const std::string& name) {
  const auto [place, fresh] = points.try_emplace(directory);
  if (fresh || !place->second.empty()) place->second.insert(name);  // an empty set already means every name
}

/// Follows a path component by component, as the kernel does, and notes every link and the last name.
fs::path follow(const fs::path& path, Points& points) {
  std::deque<fs::path> rest(path.begin(), path.end());
  std::erase(rest, fs::path());  // what a trailing slash leaves
  fs::path reached;
  for (int links = 0; !rest.empty();) {
    const fs::path part = std::move(rest.front());
    rest.pop_front();
    if (part == ".") continue;
    const fs::path next = part == ".." ? reached.parent_path() : reached / part;
    std::error_code error;
    if (part != ".." && fs::is_symlink(next, error) && ++links <= kMostLinks) {
      add_name(points, reached, part.string());
      const fs::path target = fs::read_symlink(next, error);
      rest.insert(rest.begin(), target.begin(), target.end());
      std::erase(rest, fs::path());
      if (target.is_absolute()) reached.clear();
      continue;
    }
    if (rest.empty() && reached != next && !reached.empty()) add_name(points, reached, part.string());
    reached = next;
  }
  return reached;
}

}  // namespace

std::map<fs::path, std::set<std::string>> watch_points(const fs::path& path) {
  Points points;
  std::error_code error;
  const fs::path end = follow(fs::absolute(path, error), points);
  if (!fs::is_directory(end, error)) return points;
  points[end].clear();
  for (fs::directory_iterator entry(end, error), last; !error && entry != last; entry.increment(error)) {
    std::error_code ignored;
    const std::string name = entry->path().filename().string();
    if (!name.starts_with('.') && entry->is_symlink(ignored)) follow(entry->path(), points);
  }
  return points;
}

std::uint64_t fingerprint(const std::vector<policy::Source>& sources) noexcept {
  std::uint64_t hash = sources.size();
  for (const policy::Source& source : sources) hash = stable_hash(stable_hash(hash, source.name), source.text);
  return hash;
}

PolicyWatcher::PolicyWatcher(fs::path path, const std::vector<policy::Source>& in_force, Callbacks callbacks,
                             ChangeDetector::Timing timing)
    : path_(std::move(path)),
      callbacks_(std::move(callbacks)),
      detector_(timing, fingerprint(in_force), static_cast<std::uint64_t>(getpid()), std::chrono::steady_clock::now()),
      inotify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (inotify_ < 0) log::warn("no inotify; a changed policy is seen by polling", {{"path", path_.string()}});
  watch_everything();
  // Whatever happened between the caller's reading and the first watch would make no event.
  detector_.touched(std::chrono::steady_clock::now());
  thread_ = std::thread([this] { run(); });
}

PolicyWatcher::~PolicyWatcher() {
  stopping_.store(true);
  eventfd_write(wake_, 1);
  thread_.join();
  if (inotify_ >= 0) close(inotify_);
  if (wake_ >= 0) close(wake_);
}

std::uint64_t PolicyWatcher::trigger() noexcept {
  const std::uint64_t demand = demands_.fetch_add(1) + 1;
  eventfd_write(wake_, 1);
  return demand;
}

void PolicyWatcher::run() {
  pthread_setname_np(pthread_self(), "sluice-policy");
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (!stopping_.load()) {
    wait_until(detector_.next_look());
    if (stopping_.load()) return;
    const TimePoint now = std::chrono::steady_clock::now();
    if (const std::uint64_t demands = demands_.load(); demands != heard_) {
      heard_ = demands;
      detector_.demanded(now);
    }
    drain_inotify();
    if (detector_.next_look() <= std::chrono::steady_clock::now()) look();
  }
}

void PolicyWatcher::wait_until(TimePoint when) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - std::chrono::steady_clock::now()).count();
  std::array<pollfd, 2> events{{{wake_, POLLIN, 0}, {inotify_, POLLIN, 0}}};  // a negative descriptor is ignored
  poll(events.data(), events.size(), static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
  eventfd_t count = 0;
  eventfd_read(wake_, &count);
}

bool PolicyWatcher::concerns_us(int watch, std::uint32_t mask, const std::string& name) {
  if ((mask & IN_Q_OVERFLOW) != 0) return true;
  const auto watched = names_.find(watch);
  if (watched == names_.end()) return false;  // a late event of a directory that matters no more
  const bool concerns = name.empty() || watched->second.empty() || watched->second.count(name) != 0;
  if ((mask & IN_IGNORED) != 0) names_.erase(watched);
  return concerns;
}

void PolicyWatcher::drain_inotify() {
  alignas(inotify_event) std::array<char, 16384> buffer;
  bool relevant = false;
  // A bound, because whoever writes a log into the same directory may be as fast as we read; the next round goes on.
  ssize_t bytes = 0;
  for (int reads = 0;
       inotify_ >= 0 && reads < kReadsInARow && (bytes = read(inotify_, buffer.data(), buffer.size())) > 0; ++reads) {
    for (const char* at = buffer.data(); at < buffer.data() + bytes;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      at += sizeof(inotify_event) + event->len;
      relevant = concerns_us(event->wd, event->mask, event->len == 0 ? "" : event->name) || relevant;
    }
  }
  if (relevant) detector_.touched(std::chrono::steady_clock::now());
}

void PolicyWatcher::look() {
  watch_everything();  // first, so that what changes while we read is seen next time
  Result<std::vector<policy::Source>> loaded = policy::load_sources(path_);
  const auto seen = loaded ? std::optional(fingerprint(*loaded)) : std::nullopt;
  const std::uint64_t demand = std::exchange(answered_, heard_) == heard_ ? 0 : heard_;
  if (detector_.looked(seen, std::chrono::steady_clock::now()) == ChangeDetector::Verdict::Nothing) return;
  if (loaded) {
    callbacks_.on_change({std::move(loaded).value(), demand});
  } else {
    callbacks_.on_unreadable(loaded.error(), demand);
  }
}

/// Links lead elsewhere after every swap, so the set is made anew; a watch that exists already keeps its number.
void PolicyWatcher::watch_everything() {
  if (inotify_ < 0) return;
  std::map<int, std::set<std::string>> names;
  for (auto& [directory, wanted] : watch_points(path_)) {
    const int watch = inotify_add_watch(inotify_, directory.c_str(), kInterest);
    if (watch < 0) {
      static constinit log::Site site(1);
      log::debug(site, "cannot watch a directory; polling covers it", {{"directory", directory.string()}});
      continue;
    }
    const auto [place, fresh] = names.try_emplace(watch, wanted);
    if (fresh) continue;  // otherwise two paths lead to one directory
    if (wanted.empty()) {
      place->second.clear();
    } else if (!place->second.empty()) {
      place->second.insert(wanted.begin(), wanted.end());
    }
  }
  for (const auto& [watch, old] : names_) {
    if (names.count(watch) == 0) inotify_rm_watch(inotify_, watch);
  }
  names_ = std::move(names);
}

}  // namespace sluice::app
