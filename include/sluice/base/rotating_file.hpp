#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sluice/base/result.hpp"

namespace sluice {

/// A file that never grows beyond bounds: when it is full it becomes `name.1.ext`, that one `name.2.ext`, and the
/// oldest goes. Not thread-safe; a write may wait for the disk.
class RotatingFile {
 public:
  struct Limits {
    std::uint64_t bytes = 64u << 20;  ///< of one file, from 1 on
    std::size_t files = 4;            ///< in all, the one that is written included; at least 1
  };

  /// Goes on behind what is there. Fails with one sentence when the file cannot be opened.
  static Result<RotatingFile> open(const std::string& path, Limits limits);
  RotatingFile(RotatingFile&&) noexcept;
  RotatingFile& operator=(RotatingFile&&) noexcept;
  ~RotatingFile();

  /// Whole lines, each with its end; a new file begins with a new call. Fails when the disk does: the text is lost.
  Result<void> write(std::string_view lines);

 private:
  class Impl;
  explicit RotatingFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
