#include "state_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "schema.hpp"

namespace sluice::state {

namespace fs = std::filesystem;

namespace {

constexpr std::array kCompanions = {"", "-wal", "-shm", "-journal"};

std::string reason_of(int system_error) {
  return std::generic_category().message(system_error);
}

bool is_there(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error) || (error && error != std::errc::no_such_file_or_directory);
}

/// A new name is durable only once its directory is.
void sync_directory_of(const std::string& path) {
  const int directory = ::open(fs::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return;
  ::fsync(directory);
  ::close(directory);
}

/// "20261122T185503Z".
std::string stamp() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc)};
}

/// Moves the file and its companions; gives the new name.
Result<std::string> set_aside(const std::string& path) {
  const std::string wished = path + ".corrupt-" + stamp();
  std::string target = wished;
  for (int i = 2; is_there(target) || is_there(target + "-wal"); ++i) target = wished + "-" + std::to_string(i);
  for (const char* const companion : kCompanions) {
    std::error_code error;
    fs::rename(path + companion, target + companion, error);
    if (error && error != std::errc::no_such_file_or_directory) {
      return fail(Error::internal("it is damaged and cannot be set aside: " + error.message()));
    }
  }
  sync_directory_of(path);
  return target;
}

SchemaVerdict judge_open(const Trouble& trouble) {
  return {trouble.is_damage() ? SchemaVerdict::Kind::Damaged : SchemaVerdict::Kind::Failed, trouble.text};
}

/// A file is made under another name and appears whole: an empty one is always somebody's accident.
Result<void> make_fresh(const std::string& path) {
  const std::string draft = path + ".new";
  std::error_code ignored;
  for (const char* const companion : kCompanions) fs::remove(draft + companion, ignored);
  // Only its owner reads it: keys are kept in it.
  const int file = ::open(draft.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) return fail(Error::internal(reason_of(errno)));
  ::close(file);
  {
    Attempt<Database> database = Database::open(draft, Database::Mode::ReadWrite);
    if (!database) return fail(Error::internal(database.error().text));
    if (const SchemaVerdict verdict = prepare_schema(*database); verdict.kind != SchemaVerdict::Kind::Ready) {
      return fail(Error::internal(verdict.reason));
    }
  }
  std::error_code error;
  fs::rename(draft, path, error);
  if (error) return fail(Error::internal(error.message()));
  sync_directory_of(path);
  return {};
}

struct Inspected {
  std::optional<Database> database;  ///< when it is ready
  SchemaVerdict verdict;
};

Inspected inspect(const std::string& path) {
  using Kind = SchemaVerdict::Kind;
  std::error_code error;
  const auto status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) return {{}, {Kind::Failed, "it is not a file"}};
  if (!fs::exists(status)) return {{}, {Kind::Damaged, "the file is gone and its write-ahead log is not"}};
  if (fs::file_size(path, error) == 0) return {{}, {Kind::Damaged, "the file is empty"}};
  Attempt<Database> database = Database::open(path, Database::Mode::ReadWrite);
  if (!database) return {{}, judge_open(database.error())};
  if (database->is_read_only()) return {{}, {Kind::Failed, "the file is read-only"}};
  SchemaVerdict verdict = prepare_schema(*database);
  if (verdict.kind != Kind::Ready) return {{}, std::move(verdict)};
  // The log is kept small, and neither a file's own words nor odd cells are trusted.
  const Attempt<void> set = database->run(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=4194304;"
      "PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF");
  if (!set) return {{}, judge_open(set.error())};
  return {std::move(*database), {}};
}

}  // namespace

FileClaim::FileClaim(FileClaim&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileClaim::~FileClaim() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<FileClaim> FileClaim::take(const std::string& path) {
  FileClaim claim;
  claim.descriptor_ = ::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (claim.descriptor_ < 0) return fail(Error::internal("its lock " + path + ".lock: " + reason_of(errno)));
  if (::flock(claim.descriptor_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail(Error::internal("its lock: " + reason_of(errno)));
    std::array<char, 16> pid{};
    const ssize_t size = ::pread(claim.descriptor_, pid.data(), pid.size(), 0);
    const std::string who =
        size > 0 ? " (process " + std::string(pid.data(), static_cast<std::size_t>(size)) + ")" : "";
    return fail(Error::internal("another process uses it" + who));
  }
  // For people only; a lock that says nothing locks as well.
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(claim.descriptor_, 0) == 0)
    static_cast<void>(!::pwrite(claim.descriptor_, pid.data(), pid.size(), 0));
  return claim;
}

Result<std::string> resolve_state_path(const std::string& path) {
  std::error_code error;
  const fs::path full = fs::weakly_canonical(fs::absolute(path, error), error);
  if (error) return fail(Error::internal(error.message()));
  if (!fs::is_directory(full.parent_path(), error)) {
    return fail(Error::internal("there is no directory " + full.parent_path().string()));
  }
  return full.string();
}

Error state_error(const std::string& shown, const std::string& reason, bool retryable) {
  return {"cannot keep state in " + shown + ": " + reason, Origin::Internal, retryable};
}

Result<OpenedFile> open_state_file(const std::string& path, const std::string& shown) {
  using Kind = SchemaVerdict::Kind;
  std::string alarm;
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (!is_there(path) && !is_there(path + "-wal")) {
      if (const Result<void> made = make_fresh(path); !made) return fail(state_error(shown, made.error().message));
    }
    Inspected found = inspect(path);
    if (found.verdict.kind == Kind::Ready) return OpenedFile{path, std::move(*found.database), std::move(alarm)};
    if (found.verdict.kind != Kind::Damaged) return fail(state_error(shown, found.verdict.reason));
    const Result<std::string> aside = set_aside(path);
    if (!aside) return fail(state_error(shown, aside.error().message));
    alarm = "the state in " + shown + " was damaged (" + found.verdict.reason + "); it was set aside as " + *aside +
            ", and what it held is not used";
  }
  return fail(state_error(shown, "a new file is damaged at once (" + alarm + ")"));
}

}  // namespace sluice::state
