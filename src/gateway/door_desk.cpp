#include "sluice/gateway/door_desk.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace sluice::gateway {

std::shared_ptr<DoorVisit> DoorDesk::hand_in(outcomes::Post post) {
  auto visit = std::make_shared<DoorVisit>();
  door_->submit(std::move(post),
                [line = line_, visit](outcomes::Answer answer) { bring(*line, visit, std::move(answer)); });
  return visit;
}

void DoorDesk::bring(Line& line, std::shared_ptr<DoorVisit> visit, outcomes::Answer answer) {
  // Held while posting, so that the loop is still there.
  const std::lock_guard lock(line.mutex);
  if (line.loop == nullptr) return;
  boost::asio::post(*line.loop, [visit = std::move(visit), answer = std::move(answer)]() mutable {
    visit->answer = std::move(answer);
    visit->answered = true;
    if (visit->waiter) std::exchange(visit->waiter, nullptr).resume();
  });
}

void DoorDesk::close() noexcept {
  const std::lock_guard lock(line_->mutex);
  line_->loop = nullptr;
}

}  // namespace sluice::gateway
