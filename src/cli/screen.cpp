#include "sluice/cli/screen.hpp"

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>
#include <iostream>

namespace sluice::cli {

namespace {

/// A page of its own, without a cursor; what is too long is cut rather than wrapped.
constexpr const char* kBegin = "\033[?1049h\033[?25l\033[?7l\033[2J";
constexpr const char* kEnd = "\033[?7h\033[?25h\033[?1049l";

volatile std::sig_atomic_t asked_to_end = 0;

void note_end(int /*signal*/) {
  asked_to_end = 1;
}

std::size_t rows_of_terminal() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

}  // namespace

std::string picture_of(const std::string& text, std::size_t rows) {
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  const std::size_t shown = rows == 0 || lines < rows ? lines : rows - 1;
  std::string out = "\033[H";
  std::size_t at = 0;
  for (std::size_t i = 0; i < shown; ++i) {
    const std::size_t end = text.find('\n', at);
    // At the end of a line that is as wide as the terminal, erasing would take its last letter.
    out += "\033[K" + text.substr(at, end - at) + "\n";
    at = end + 1;
  }
  if (shown < lines) out += "\033[K(" + std::to_string(lines - shown) + " more lines; a larger window shows them)";
  return out + "\033[J";
}

Screen::Screen() {
  asked_to_end = 0;
  struct sigaction action {};
  action.sa_handler = note_end;  // without SA_RESTART: a pause ends at once
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::cout << kBegin << std::flush;
}

Screen::~Screen() {
  std::cout << kEnd << shown_ << std::flush;
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void Screen::show(const std::string& text) {
  if (text == shown_) return;
  shown_ = text;
  std::cout << picture_of(text, rows_of_terminal()) << std::flush;
}

bool Screen::wait(Duration time) const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  const timespec pause{static_cast<std::time_t>(seconds.count()), static_cast<long>((time - seconds).count())};
  if (asked_to_end == 0) nanosleep(&pause, nullptr);
  return asked_to_end == 0;
}

}  // namespace sluice::cli
