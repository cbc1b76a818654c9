#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sluice/base/result.hpp"

/// SQLite with owners for what it hands out, and errors as values. Knows nothing of what is stored.
namespace sluice::state {

/// What SQLite had against it.
struct Trouble {
  int code = 0;      ///< primary result code
  std::string text;  ///< with the system's word where it has one: "disk I/O error (File too large)"

  bool is_damage() const noexcept { return code == SQLITE_CORRUPT || code == SQLITE_NOTADB; }
  /// Another try may go better, once somebody else is done or has made room.
  bool is_passing() const noexcept {
    return code == SQLITE_BUSY || code == SQLITE_LOCKED || code == SQLITE_FULL || code == SQLITE_IOERR;
  }
};

template <typename T>
using Attempt = Result<T, Trouble>;

/// A prepared statement. One thread at a time.
class Statement {
 public:
  Statement& bind(int index, std::int64_t number) noexcept {
    return note(sqlite3_bind_int64(handle_.get(), index, number));
  }
  Statement& bind_real(int index, double number) noexcept {
    return note(sqlite3_bind_double(handle_.get(), index, number));
  }
  /// Borrows the text until the statement has run to its end.
  Statement& bind(int index, std::string_view text) noexcept {
    const char* const data = text.empty() ? "" : text.data();
    return note(sqlite3_bind_text64(handle_.get(), index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
  }

  /// True: there is a row to look at. False, or an error: the statement is ready to be bound and run again.
  Attempt<bool> step();
  /// Runs to the end; rows do not matter.
  Attempt<void> run();
  /// Leaves the rows that were not looked at.
  void reset() noexcept { sqlite3_reset(handle_.get()); }

  std::int64_t number(int column) noexcept { return sqlite3_column_int64(handle_.get(), column); }
  double real(int column) noexcept { return sqlite3_column_double(handle_.get(), column); }
  std::string text(int column);

 private:
  friend class Database;
  explicit Statement(sqlite3_stmt* handle) : handle_(handle, sqlite3_finalize) {}
  Statement& note(int code) noexcept {
    if (code != SQLITE_OK) bind_error_ = code;
    return *this;
  }

  std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> handle_;
  int bind_error_ = SQLITE_OK;
};

/// A connection. One thread at a time; statements go before it does.
class Database {
 public:
  enum class Mode : std::uint8_t { ReadWrite, ReadOnly };
  /// The file must be there.
  static Attempt<Database> open(const std::string& path, Mode mode);

  /// One or more statements without parameters.
  Attempt<void> run(const char* sql);
  Attempt<Statement> prepare(const char* sql);
  /// The first column of the first row; an error when there is no row.
  Attempt<std::int64_t> number(const char* sql);
  Attempt<std::string> text(const char* sql);

  bool is_read_only() noexcept { return sqlite3_db_readonly(handle_.get(), "main") != 0; }
  /// The file was taken away or replaced: what is written goes nowhere.
  bool has_moved() noexcept;
  /// Rows that the last statement put in, changed or took out.
  std::int64_t changes() noexcept { return sqlite3_changes64(handle_.get()); }
  bool in_transaction() noexcept { return sqlite3_get_autocommit(handle_.get()) == 0; }

 private:
  explicit Database(sqlite3* handle) : handle_(handle, sqlite3_close) {}

  std::unique_ptr<sqlite3, int (*)(sqlite3*)> handle_;
};

}  // namespace sluice::state
