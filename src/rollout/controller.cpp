#include "sluice/rollout/controller.hpp"

#include "controller_impl.hpp"

namespace sluice::rollout {

Controller::Controller(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}

Controller::~Controller() = default;

Result<void> Controller::restore(WallTime now) {
  return impl_->restore(now);
}

Result<Controller::Prepared> Controller::prepare(std::vector<policy::ModelRoute> routes, std::uint64_t generation,
                                                 WallTime now) const {
  return impl_->prepare(std::move(routes), generation, now);
}

Result<void> Controller::adopt(Prepared prepared, WallTime now) {
  return impl_->adopt(std::move(prepared), now);
}

void Controller::tick(WallTime now) {
  impl_->tick(now);
}

Result<RolloutView, Controller::Refusal> Controller::command(const std::string& route, const strategy::Command& command,
                                                             WallTime now) {
  return impl_->command(route, command, now);
}

std::vector<RolloutView> Controller::views(WallTime now) const {
  return impl_->views(now);
}

bool Controller::store_is_up() const noexcept {
  return impl_->keeper().is_up();
}

std::string Controller::store_problem() const {
  return impl_->keeper().problem();
}

const std::vector<std::string>& Controller::damage() const noexcept {
  return impl_->damage();
}

}  // namespace sluice::rollout
