#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace sluice::test {

/// A fresh directory, removed with everything in it at the end of the test.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

  /// Writes the whole file at once: readers see the old text or the new one, never a part. Gives its path.
  std::filesystem::path write(std::string_view name, std::string_view text) const;

 private:
  std::filesystem::path path_;
};

/// The whole file as text; empty when there is none.
std::string read_file(const std::filesystem::path& path);

/// Replaces `path` by a rename, as editors and deployment tools do.
void replace_file(const std::filesystem::path& path, std::string_view text);

}  // namespace sluice::test
