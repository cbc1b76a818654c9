#include "database.hpp"

#include <system_error>
#include <utility>

namespace sluice::state {

namespace {

constexpr int kBusyMilliseconds = 2000;

Trouble trouble(sqlite3* handle, int code) {
  Trouble out{code & 0xff, handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code)};
  const int system = handle != nullptr ? sqlite3_system_errno(handle) : 0;
  const bool of_the_system = out.code == SQLITE_IOERR || out.code == SQLITE_FULL || out.code == SQLITE_CANTOPEN;
  if (of_the_system && system != 0) out.text += " (" + std::generic_category().message(system) + ")";
  return out;
}

Trouble no_row() {
  return {SQLITE_CORRUPT, "an answer without a row"};
}

}  // namespace

Attempt<bool> Statement::step() {
  int code = std::exchange(bind_error_, SQLITE_OK);
  if (code == SQLITE_OK) code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  Trouble found = trouble(sqlite3_db_handle(handle_.get()), code);
  reset();
  return fail(std::move(found));
}

Attempt<void> Statement::run() {
  while (true) {
    const Attempt<bool> row = step();
    if (!row) return fail(row.error());
    if (!*row) return {};
  }
}

std::string Statement::text(int column) {
  const auto* const data = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
  const int size = sqlite3_column_bytes(handle_.get(), column);
  return data == nullptr ? std::string() : std::string(data, static_cast<std::size_t>(size));
}

Attempt<Database> Database::open(const std::string& path, Mode mode) {
  sqlite3* handle = nullptr;
  const int flags = (mode == Mode::ReadWrite ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  Database database(handle);
  if (code != SQLITE_OK) return fail(trouble(handle, code));
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  return database;
}

Attempt<void> Database::run(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(trouble(handle_.get(), code));
  return {};
}

Attempt<Statement> Database::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return fail(trouble(handle_.get(), code));
  return Statement(statement);
}

Attempt<std::int64_t> Database::number(const char* sql) {
  Attempt<Statement> statement = prepare(sql);
  if (!statement) return fail(statement.error());
  const Attempt<bool> row = statement->step();
  if (!row) return fail(row.error());
  if (!*row) return fail(no_row());
  return statement->number(0);
}

Attempt<std::string> Database::text(const char* sql) {
  Attempt<Statement> statement = prepare(sql);
  if (!statement) return fail(statement.error());
  const Attempt<bool> row = statement->step();
  if (!row) return fail(row.error());
  if (!*row) return fail(no_row());
  return statement->text(0);
}

bool Database::has_moved() noexcept {
  int moved = 0;
  sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

}  // namespace sluice::state
