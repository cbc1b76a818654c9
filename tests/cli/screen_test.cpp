#include "sluice/cli/screen.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <thread>

namespace sluice::cli {
namespace {

/// A terminal in place of this process's standard output.
class Window {
 public:
  Window(unsigned short rows, unsigned short columns) : before_(dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    if (openpty(&person_, &program_, nullptr, nullptr, nullptr) == 0) dup2(program_, STDOUT_FILENO);
    resize(rows, columns);
  }
  ~Window() {
    std::cout << std::flush;
    dup2(before_, STDOUT_FILENO);
    for (const int open : {before_, person_, program_}) close(open);
  }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  void resize(unsigned short rows, unsigned short columns) const {
    const winsize size{rows, columns, 0, 0};
    ioctl(person_, TIOCSWINSZ, &size);
  }
  /// What it gets up to these words; all of it when they do not come.
  std::string shows(const std::string& words) const {
    std::string out;
    pollfd readable{person_, POLLIN, 0};
    while (out.find(words) == std::string::npos && poll(&readable, 1, 10'000) == 1) {
      std::array<char, 4096> text{};
      const ssize_t size = read(person_, text.data(), text.size());
      if (size <= 0) break;
      out.append(text.data(), static_cast<std::size_t>(size));
    }
    return out;
  }

 private:
  int before_;
  int person_ = -1;
  int program_ = -1;
};

TEST(Screen, APictureIsWrittenOverTheOneBefore) {
  EXPECT_EQ(picture_of("one\ntwo\n", 24), "\033[H\033[Kone\n\033[Ktwo\n\033[J");
  EXPECT_EQ(picture_of("one\n", 0), "\033[H\033[Kone\n\033[J") << "a window of unknown height";
}

TEST(Screen, WhatDoesNotFitIsCounted) {
  EXPECT_EQ(picture_of("1\n2\n3\n4\n", 3),
            "\033[H\033[K1\n\033[K2\n\033[K(2 more lines; a larger window shows them)\033[J");
  EXPECT_EQ(picture_of("1\n2\n", 3), "\033[H\033[K1\n\033[K2\n\033[J") << "the cursor needs a row, too";
}

TEST(Screen, IsDrawnAgainOnlyInAWindowOfAnotherSize) {
  std::string same;
  std::string smaller;
  {
    const Window window(24, 80);
    Screen screen;
    screen.show("1\n2\n3\n4\n");
    screen.show("1\n2\n3\n4\n");
    std::cout << "so far" << std::flush;
    same = window.shows("so far");
    window.resize(3, 80);
    screen.show("1\n2\n3\n4\n");
    smaller = window.shows("2 more lines");
  }
  EXPECT_EQ(same.find("\033[K4"), same.rfind("\033[K4")) << same;
  EXPECT_NE(smaller.find("2 more lines"), std::string::npos) << smaller;
}

TEST(Screen, DoesNotWaitForTheNextLookWhenTheWindowChanges) {
  std::string smaller;
  bool goes_on = true;
  {
    const Window window(24, 80);
    Screen screen;
    screen.show("1\n2\n3\n4\n");
    const pthread_t program = pthread_self();
    std::thread person([&] {
      window.resize(3, 80);
      pthread_kill(program, SIGWINCH);
      smaller = window.shows("2 more lines");
      pthread_kill(program, SIGTERM);
    });
    goes_on = screen.wait(std::chrono::minutes(5));
    person.join();
  }
  EXPECT_NE(smaller.find("2 more lines"), std::string::npos) << smaller;
  EXPECT_FALSE(goes_on) << "it was asked to end";
}

}  // namespace
}  // namespace sluice::cli
