#pragma once

#include <string>

#include "database.hpp"
#include "sluice/base/error.hpp"

/// The file itself: whose it is, and that there is a sound one to begin with.
namespace sluice::state {

/// Says to other processes that this one uses a file, through a lock on `PATH.lock` that ends with the process,
/// however it ends. The lock's file stays: taking it away would let two processes lock two files of one name.
class FileClaim {
 public:
  FileClaim() = default;
  FileClaim(FileClaim&& other) noexcept;
  FileClaim& operator=(FileClaim&&) = delete;
  ~FileClaim();

  static Result<FileClaim> take(const std::string& path);

 private:
  int descriptor_ = -1;
};

struct OpenedFile {
  std::string path;  ///< absolute, links followed
  Database database;
  std::string alarm;  ///< what was set aside, and why
};

/// The one who calls has claimed `path`. Checks and upgrades what is there; sets it aside when it is damaged, with its
/// companions, as `PATH.corrupt-TIME`; makes a new file when there is none.
Result<OpenedFile> open_state_file(const std::string& path, const std::string& shown);

/// Absolute and with links followed, so that one file has one claim. Fails when its directory is not there.
Result<std::string> resolve_state_path(const std::string& path);

/// "cannot keep state in ./sluice.db: REASON".
Error state_error(const std::string& shown, const std::string& reason, bool retryable = false);

}  // namespace sluice::state
