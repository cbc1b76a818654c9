#pragma once

#include <signal.h>

#include <cstddef>
#include <string>

#include "sluice/base/clock.hpp"

namespace sluice::cli {

/// What makes the terminal show this text instead of what stood there, line by line, so that nothing flickers. Lines
/// that do not fit into so many rows are left out, and the last row says so; 0: any number fits.
std::string picture_of(const std::string& text, std::size_t rows);

/// Standard output while something is watched on a terminal: one picture over the other, and afterwards everything as
/// it was, with the last picture below. While it lives, Ctrl-C and SIGTERM end the watch instead of the program. One at
/// a time.
class Screen {
 public:
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  /// Shows it, unless it is there already in a window of this size.
  void show(const std::string& text);
  /// Shows it again when the window gets another size meanwhile. False: somebody wants it to end.
  bool wait(Duration time);

 private:
  struct Size {
    unsigned rows = 0;  ///< 0: not known
    unsigned columns = 0;
    friend bool operator==(const Size&, const Size&) = default;
  };
  static Size size_of_window();

  std::string shown_;
  Size size_;             ///< in which it is shown
  sigset_t before_ = {};  ///< the signals that were blocked
};

}  // namespace sluice::cli
