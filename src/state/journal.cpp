#include <openssl/evp.h>

#include <array>
#include <chrono>

#include "sluice/state/store.hpp"

namespace sluice::state {

namespace {

/// The length goes first, so that text cannot be moved from one field to the next without a trace.
void add(std::string& text, std::string_view field) {
  text += std::to_string(field.size());
  text += ':';
  text += field;
}

std::string sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(std::size_t{size} * 2);
  for (unsigned i = 0; i < size; ++i) {
    out += kDigits[digest[i] >> 4];
    out += kDigits[digest[i] & 15];
  }
  return out;
}

}  // namespace

std::string chain(const std::string& previous, const JournalEntry& entry) {
  const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(entry.time.time_since_epoch());
  std::string text;
  add(text, previous);
  add(text, std::to_string(entry.sequence));
  add(text, std::to_string(time.count()));
  add(text, entry.route);
  add(text, entry.rollout);
  add(text, entry.actor);
  add(text, entry.kind);
  add(text, entry.text);
  return sha256(text);
}

std::size_t first_break(const std::vector<JournalEntry>& entries) {
  for (std::size_t i = 1; i < entries.size(); ++i) {
    if (entries[i].hash != chain(entries[i - 1].hash, entries[i])) return i;
  }
  return entries.size();
}

}  // namespace sluice::state
