#include "sluice/cli/screen.hpp"

#include <poll.h>
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

/// That a pause is over is all that it is for.
void note_resize(int /*signal*/) {}

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

// Signals are let in during a pause alone, so that none comes just before it and is slept over.
Screen::Screen() {
  asked_to_end = 0;
  sigset_t ours{};
  sigemptyset(&ours);
  for (const int signal : {SIGINT, SIGTERM, SIGWINCH}) sigaddset(&ours, signal);
  pthread_sigmask(SIG_BLOCK, &ours, &before_);
  struct sigaction action {};
  action.sa_handler = note_end;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = note_resize;
  sigaction(SIGWINCH, &action, nullptr);
  std::cout << kBegin << std::flush;
}

Screen::~Screen() {
  std::cout << kEnd << shown_ << std::flush;
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (const int signal : {SIGINT, SIGTERM, SIGWINCH}) sigaction(signal, &action, nullptr);
}

Screen::Size Screen::size_of_window() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? Size{size.ws_row, size.ws_col} : Size{};
}

void Screen::show(const std::string& text) {
  const Size size = size_of_window();
  if (text == shown_ && size == size_) return;
  shown_ = text;
  size_ = size;
  std::cout << picture_of(text, size.rows) << std::flush;
}

bool Screen::wait(Duration time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (asked_to_end == 0) {
    show(shown_);
    const Duration left = end - std::chrono::steady_clock::now();
    if (left <= Duration::zero()) break;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec pause{static_cast<std::time_t>(seconds.count()), static_cast<long>((left - seconds).count())};
    ppoll(nullptr, 0, &pause, &before_);
  }
  return asked_to_end == 0;
}

}  // namespace sluice::cli
