#pragma once

#include "sluice/base/log.hpp"
#include "sluice/policy/gateway.hpp"

namespace sluice::app {

/// The policy's word for a level as the log's.
constexpr log::Level to_log_level(policy::LogLevel level) noexcept {
  switch (level) {
    case policy::LogLevel::Debug:
      return log::Level::Debug;
    case policy::LogLevel::Info:
      return log::Level::Info;
    case policy::LogLevel::Warning:
      return log::Level::Warn;
    case policy::LogLevel::Error:
      return log::Level::Error;
  }
  return log::Level::Info;
}

}  // namespace sluice::app
