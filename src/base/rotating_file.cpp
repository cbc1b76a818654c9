#include "sluice/base/rotating_file.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>

#include <algorithm>

namespace sluice {

class RotatingFile::Impl {
 public:
  Impl(const std::string& path, Limits limits)
      : sink_(path, std::max<std::size_t>(limits.bytes, 1), std::max<std::size_t>(limits.files, 1) - 1) {
    sink_.set_formatter(
        std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc, std::string()));
  }

  void write(std::string_view lines) {
    sink_.log(spdlog::details::log_msg({}, spdlog::level::info, spdlog::string_view_t(lines.data(), lines.size())));
    sink_.flush();
  }

 private:
  spdlog::sinks::rotating_file_sink_st sink_;
};

RotatingFile::RotatingFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RotatingFile::RotatingFile(RotatingFile&&) noexcept = default;
RotatingFile& RotatingFile::operator=(RotatingFile&&) noexcept = default;
RotatingFile::~RotatingFile() = default;

Result<RotatingFile> RotatingFile::open(const std::string& path, Limits limits) {
  try {
    return RotatingFile(std::make_unique<Impl>(path, limits));
  } catch (const spdlog::spdlog_ex& problem) {
    return fail(Error::internal(problem.what()));
  }
}

Result<void> RotatingFile::write(std::string_view lines) {
  try {
    impl_->write(lines);
    return {};
  } catch (const spdlog::spdlog_ex& problem) {
    return fail(Error::internal(problem.what()));
  }
}

}  // namespace sluice
