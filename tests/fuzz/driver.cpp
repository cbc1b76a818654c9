// Stands in for libFuzzer where the compiler has none: replays every file of the given folders, then mutates them,
// always in the same way. An input that crashes is left in fuzz-crash-input of the working directory.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace {

constexpr std::size_t largest_input = 1 << 16;

const std::string* current = nullptr;

/// Only system calls: this may run with the heap in ruins.
void save_current() {
  if (current == nullptr) return;
  const int file = open("fuzz-crash-input", O_CREAT | O_TRUNC | O_WRONLY, 0644);
  if (file >= 0 && write(file, current->data(), current->size()) < 0) _exit(2);
  current = nullptr;
}

void on_crash(int signal) {
  save_current();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void save_on_crash() {
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(signal, on_crash);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(save_current);
}

void run(const std::string& input) {
  current = &input;
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  current = nullptr;
}

std::vector<std::string> load(const std::vector<std::string>& folders) {
  std::vector<std::filesystem::path> files;
  for (const std::string& folder : folders) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file() && entry.file_size() <= largest_input) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> inputs;
  for (const auto& path : files) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  if (inputs.empty()) inputs.emplace_back();
  return inputs;
}

class Mutator {
 public:
  Mutator(const std::vector<std::string>& corpus, std::uint64_t seed) : corpus_(corpus), random_(seed) {}

  std::string next() {
    std::string input = any();
    for (std::uint64_t edits = 1 + below(8); edits > 0; --edits) edit(input);
    input.resize(std::min(input.size(), largest_input));
    return input;
  }

 private:
  std::uint64_t below(std::uint64_t end) { return end == 0 ? 0 : random_() % end; }
  const std::string& any() { return corpus_[below(corpus_.size())]; }
  std::size_t place(const std::string& input) { return below(input.size() + 1); }

  /// A piece of any input, so that words of the format meet in new places.
  std::string piece() {
    const std::string& from = any();
    return from.substr(place(from), below(64));
  }

  void edit(std::string& input) {
    using namespace std::literals;  // sv, because the first of them is a NUL
    static constexpr std::string_view special = "\0\t\n\r \"'#%&*,-:;<>?[]{|}~\x7f\x80\xc0\xff"sv;
    const std::size_t at = place(input);
    switch (below(7)) {
      case 0:
        input.insert(at, 1, special[below(special.size())]);
        break;
      case 1:
        input.insert(at, piece());
        break;
      case 2:
        input.erase(at, below(32));
        break;
      case 3:
        input.insert(at, input.substr(at, below(64)));
        break;
      case 4:
        input.insert(at, std::string(below(200), special[below(special.size())]));
        break;
      case 5:
        input.resize(at);
        break;
      default:
        if (at < input.size()) input[at] = static_cast<char>(below(256));
    }
  }

  const std::vector<std::string>& corpus_;
  std::mt19937_64 random_;
};

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t runs = 1000;
  std::uint64_t seed = 1;
  std::vector<std::string> folders;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if ((argument == "--runs" || argument == "--seed") && i + 1 < argc) {
      (argument == "--runs" ? runs : seed) = std::strtoull(argv[++i], nullptr, 10);
    } else {
      folders.emplace_back(argument);
    }
  }
  const std::vector<std::string> corpus = load(folders);
  save_on_crash();
  for (const std::string& input : corpus) run(input);
  Mutator mutator(corpus, seed);
  for (std::uint64_t i = 0; i < runs; ++i) run(mutator.next());
  std::printf("%zu inputs replayed, %llu mutated\n", corpus.size(), static_cast<unsigned long long>(runs));
  return 0;
}
