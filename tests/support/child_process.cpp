#include "support/child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace sluice::test {
namespace {

void redirect(const char* path, int flags, int target) {
  const int file = ::open(path, flags, 0600);
  if (file < 0 || ::dup2(file, target) < 0) _exit(126);
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> arguments, const std::string& standard_input) {
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const auto in = dir_.write("stdin", standard_input).string();
  const auto out = dir_.write("stdout", "").string();
  const auto err = dir_.write("stderr", "").string();
  const pid_t parent = getpid();

  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
  if (pid_ == 0) {
    // Only async-signal-safe calls from here to exec: the test has other threads.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(125);
    ::signal(SIGPIPE, SIG_DFL);
    redirect(in.c_str(), O_RDONLY, STDIN_FILENO);
    redirect(out.c_str(), O_WRONLY | O_APPEND, STDOUT_FILENO);
    redirect(err.c_str(), O_WRONLY | O_APPEND, STDERR_FILENO);
    execvp(argv[0], argv.data());
    _exit(127);
  }
}

ChildProcess::~ChildProcess() {
  if (!is_running()) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void ChildProcess::signal(int number) const {
  if (!ended_) ::kill(pid_, number);
}

bool ChildProcess::is_running() {
  if (ended_) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
  ended_ = WIFSIGNALED(status) ? ExitStatus{-1, WTERMSIG(status)} : ExitStatus{WEXITSTATUS(status), 0};
  return false;
}

ExitStatus ChildProcess::wait(std::chrono::milliseconds patience) {
  if (!eventually([this] { return !is_running(); }, patience)) throw TimedOut("the process does not end");
  return *ended_;
}

bool ChildProcess::says(std::string_view text, std::chrono::milliseconds patience) {
  const auto said = [&] { return out().find(text) != std::string::npos || err().find(text) != std::string::npos; };
  eventually([&] { return said() || !is_running(); }, patience);
  return said();
}

std::uint64_t ChildProcess::status_field(std::string_view name) const {
  std::istringstream status(read_file("/proc/" + std::to_string(pid_) + "/status"));
  for (std::string key, rest; status >> key && std::getline(status, rest);) {
    if (key == name) return std::stoull(rest) * 1024;
  }
  return 0;
}

void ChildProcess::forget_high_water() const {
  const auto path = "/proc/" + std::to_string(pid_) + "/clear_refs";
  if (!(std::ofstream(path) << 5 << std::flush)) throw std::runtime_error("cannot reset the high water mark");
}

std::size_t ChildProcess::open_files() const {
  const std::filesystem::directory_iterator files("/proc/" + std::to_string(pid_) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

std::size_t ChildProcess::threads() const {
  const std::filesystem::directory_iterator tasks("/proc/" + std::to_string(pid_) + "/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

Finished run(std::vector<std::string> arguments, const std::string& standard_input,
             std::chrono::milliseconds patience) {
  ChildProcess process(std::move(arguments), standard_input);
  const auto exit = process.wait(patience);
  return {exit, process.out(), process.err()};
}

std::string sluice_binary() {
  const char* given = std::getenv("SLUICE_BINARY");
  return given != nullptr ? given : std::string(SLUICE_BINARY_DIR) + "/sluice";
}

}  // namespace sluice::test
