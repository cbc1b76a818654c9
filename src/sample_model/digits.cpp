#include "sample_model/digits.hpp"

#include <zlib.h>

#include <charconv>
#include <memory>

namespace sluice::sample_model {
namespace {

constexpr std::size_t max_file = 16u << 20;

/// Takes one number and the separator behind it; false when there is no number from 0 to `max`.
bool take_number(std::string_view& line, int max, bool last, std::uint8_t& out) {
  int value = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc() || value < 0 || value > max) return false;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  if (last != line.empty()) return false;
  if (!last) {
    if (line.front() != ',') return false;
    line.remove_prefix(1);
  }
  out = static_cast<std::uint8_t>(value);
  return true;
}

bool parse_row(std::string_view line, Digit& digit) {
  for (auto& pixel : digit.pixels) {
    if (!take_number(line, full_ink, false, pixel)) return false;
  }
  return take_number(line, digit_count - 1, true, digit.label);
}

struct CloseGz {
  void operator()(gzFile file) const noexcept { gzclose(file); }
};

}  // namespace

Result<std::vector<Digit>> parse_digits(std::string_view csv) {
  std::vector<Digit> digits;
  for (std::size_t row = 1; !csv.empty(); ++row) {
    const auto end = csv.find('\n');
    auto line = csv.substr(0, end);
    csv.remove_prefix(end == std::string_view::npos ? csv.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    if (!parse_row(line, digits.emplace_back())) {
      return fail(Error::internal("line " + std::to_string(row) + ": expected 64 pixels from 0 to 16 and a digit"));
    }
  }
  if (digits.empty()) return fail(Error::internal("no digits in it"));
  return digits;
}

Result<std::vector<Digit>> load_digits(const std::string& path) {
  // zlib reads plain files through the same calls.
  const std::unique_ptr<gzFile_s, CloseGz> file(gzopen(path.c_str(), "rb"));
  if (!file) return fail(Error::internal("cannot open " + path));
  std::string text;
  std::array<char, 16384> piece{};
  for (;;) {
    const int count = gzread(file.get(), piece.data(), piece.size());
    if (count < 0) return fail(Error::internal("cannot read " + path + ": damaged"));
    if (count == 0) break;
    text.append(piece.data(), static_cast<std::size_t>(count));
    if (text.size() > max_file) return fail(Error::internal("cannot read " + path + ": more than 16 MiB"));
  }
  int state = Z_OK;
  gzerror(file.get(), &state);
  if (state != Z_OK && state != Z_STREAM_END) return fail(Error::internal("cannot read " + path + ": cut short"));
  auto digits = parse_digits(text);
  if (!digits) return fail(Error::internal(path + ": " + digits.error().message));
  return digits;
}

Halves split_digits(const std::vector<Digit>& digits) {
  Halves halves;
  for (std::size_t row = 0; row < digits.size(); ++row) {
    (row % 2 == 0 ? halves.train : halves.ask).push_back(digits[row]);
  }
  return halves;
}

}  // namespace sluice::sample_model
