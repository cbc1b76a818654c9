#include "sluice/upstream/request_recorder.hpp"

namespace sluice::upstream {

void RequestRecorder::offer(std::string_view head, std::string_view body) {
  if (kept_ == 0 || !wants(body.size())) return;
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return;
  if (ring_.size() < kept_) ring_.emplace_back();
  ring_[next_].assign(head).append(body);
  next_ = (next_ + 1) % kept_;
}

std::size_t RequestRecorder::size() const {
  const std::lock_guard lock(mutex_);
  return ring_.size();
}

std::vector<std::string> RequestRecorder::requests() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  const std::size_t oldest = ring_.size() < kept_ ? 0 : next_;
  for (std::size_t i = 0; i < ring_.size(); ++i) out.push_back(ring_[(oldest + i) % ring_.size()]);
  return out;
}

}  // namespace sluice::upstream
