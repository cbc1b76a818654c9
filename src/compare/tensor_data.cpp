#include "sluice/compare/tensor_data.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <system_error>

#include "sluice/base/bfloat16.hpp"

namespace sluice::compare {

namespace {

static_assert(std::endian::native == std::endian::little, "binary tensors are read as they come");

constexpr Datatype kDatatypes[] = {
    {"FP32", ElementKind::Float, 4, fp32},     {"FP64", ElementKind::Float, 8, fp64},
    {"FP16", ElementKind::Float, 2, fp16},     {"BF16", ElementKind::Float, 2, bf16},
    {"INT8", ElementKind::Integer, 1, fp64},   {"INT16", ElementKind::Integer, 2, fp64},
    {"INT32", ElementKind::Integer, 4, fp64},  {"INT64", ElementKind::Integer, 8, fp64, true},
    {"UINT8", ElementKind::Integer, 1, fp64},  {"UINT16", ElementKind::Integer, 2, fp64},
    {"UINT32", ElementKind::Integer, 4, fp64}, {"UINT64", ElementKind::Integer, 8, fp64, true},
    {"BOOL", ElementKind::Boolean, 1, fp64},   {"BYTES", ElementKind::Bytes, 4, fp64},
};

template <typename T>
void read_elements(const char* from, std::size_t count, double* values) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    T element{};
    std::memcpy(&element, from + i * sizeof element, sizeof element);
    values[i] = static_cast<double>(element);
  }
}

template <float (*Widen)(std::uint16_t)>
void read_halves(const char* from, std::size_t count, double* values) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, from + i * sizeof bits, sizeof bits);
    values[i] = static_cast<double>(Widen(bits));
  }
}

float widen_float16(std::uint16_t bits) {
  return from_float16(bits);
}

float widen_bfloat16(std::uint16_t bits) {
  return from_bfloat16(bits);
}

void read_floats(const Datatype& type, const char* from, std::size_t count, double* values) noexcept {
  if (type.bytes == 8) return read_elements<double>(from, count, values);
  if (type.bytes == 4) return read_elements<float>(from, count, values);
  if (type.precision.fraction_bits == fp16.fraction_bits) return read_halves<widen_float16>(from, count, values);
  read_halves<widen_bfloat16>(from, count, values);
}

void read_integers(const Datatype& type, const char* from, std::size_t count, double* values) noexcept {
  const bool is_signed = type.name.front() == 'I';
  switch (type.bytes) {
    case 1:
      return is_signed ? read_elements<std::int8_t>(from, count, values)
                       : read_elements<std::uint8_t>(from, count, values);
    case 2:
      return is_signed ? read_elements<std::int16_t>(from, count, values)
                       : read_elements<std::uint16_t>(from, count, values);
    case 4:
      return is_signed ? read_elements<std::int32_t>(from, count, values)
                       : read_elements<std::uint32_t>(from, count, values);
    default:
      return is_signed ? read_elements<std::int64_t>(from, count, values)
                       : read_elements<std::uint64_t>(from, count, values);
  }
}

/// Whether a word of the tree may be an element of this type.
bool fits_type(JsonKind kind, ElementKind type) noexcept {
  switch (type) {
    case ElementKind::Float:
      return kind == JsonKind::Number || kind == JsonKind::Exact || kind == JsonKind::Null;
    case ElementKind::Integer:
      return kind == JsonKind::Number || kind == JsonKind::Exact;
    case ElementKind::Boolean:
      return kind == JsonKind::True || kind == JsonKind::False || kind == JsonKind::Number;
    case ElementKind::Bytes:
      return kind == JsonKind::Text;
  }
  return false;
}

template <typename T>
bool read_whole(std::string_view token, T& whole) noexcept {
  const auto [end, problem] = std::from_chars(token.data(), token.data() + token.size(), whole);
  return problem == std::errc{} && end == token.data() + token.size();
}

/// The 64 bits of a whole number; of one that is none, or that 64 bits do not hold, of its double.
std::uint64_t bits_of_whole(const JsonTree& tree, JsonTree::Place place) noexcept {
  if (tree.kind(place) == JsonKind::Exact) {
    std::int64_t with_sign = 0;
    std::uint64_t without_sign = 0;
    if (read_whole(tree.token(place), with_sign)) return static_cast<std::uint64_t>(with_sign);
    if (read_whole(tree.token(place), without_sign)) return without_sign;
  }
  const double value = tree.rounded(place);
  if (value == std::floor(value) && value >= -0x1p63 && value < 0x1p64) {
    return value < 0 ? static_cast<std::uint64_t>(static_cast<std::int64_t>(value)) : static_cast<std::uint64_t>(value);
  }
  return std::bit_cast<std::uint64_t>(value);
}

std::optional<std::uint64_t> count_lengths(std::string_view bytes) noexcept {
  std::uint64_t count = 0;
  while (!bytes.empty()) {
    std::uint32_t size = 0;
    if (bytes.size() < sizeof size) return std::nullopt;
    std::memcpy(&size, bytes.data(), sizeof size);
    bytes.remove_prefix(sizeof size);
    if (bytes.size() < size) return std::nullopt;
    bytes.remove_prefix(size);
    ++count;
  }
  return count;
}

}  // namespace

const Datatype* find_datatype(std::string_view name) noexcept {
  const auto* const found =
      std::find_if(std::begin(kDatatypes), std::end(kDatatypes), [&](const Datatype& one) { return one.name == name; });
  return found == std::end(kDatatypes) ? nullptr : found;
}

std::optional<TensorData> TensorData::from_json(const JsonTree& tree, JsonTree::Place data, const Datatype& type) {
  TensorData made;
  made.type_ = &type;
  made.tree_ = &tree;
  made.place_ = data;
  const JsonTree::Place end = tree.next(data);
  for (JsonTree::Place at = data; at < end;) {
    if (type.kind != ElementKind::Bytes && JsonTree::is_number(*tree.words(at))) {
      ++made.count_;
      ++at;
      continue;
    }
    const JsonKind kind = tree.kind(at);
    if (kind == JsonKind::List) {
      at = JsonTree::first(at);
      continue;
    }
    if (!fits_type(kind, type.kind)) return std::nullopt;
    ++made.count_;
    at = tree.next(at);
  }
  return made;
}

std::optional<TensorData> TensorData::from_bytes(std::string_view bytes, const Datatype& type) {
  TensorData made;
  made.type_ = &type;
  made.bytes_ = bytes;
  if (type.kind == ElementKind::Bytes) {
    const auto count = count_lengths(bytes);
    if (!count) return std::nullopt;
    made.count_ = *count;
    return made;
  }
  if (bytes.size() % type.bytes != 0) return std::nullopt;
  made.count_ = bytes.size() / type.bytes;
  return made;
}

void TensorData::skip_heads() noexcept {
  while (tree_->kind(place_) == JsonKind::List) place_ = JsonTree::first(place_);
}

void TensorData::read_json(Block& block, std::size_t most) noexcept {
  for (std::size_t i = 0; i < most; ++i) {
    const std::uint64_t word = *tree_->words(place_);
    if (JsonTree::is_number(word)) {
      block.values[i] = std::bit_cast<double>(word);
      if (type_->is_wide) block.exact[i] = bits_of_whole(*tree_, place_);
      ++place_;
      continue;
    }
    skip_heads();
    switch (tree_->kind(place_)) {
      case JsonKind::Null:
        block.values[i] = std::numeric_limits<double>::quiet_NaN();
        break;
      case JsonKind::True:
      case JsonKind::False:
        block.values[i] = tree_->kind(place_) == JsonKind::True ? 1 : 0;
        break;
      default:
        block.values[i] = tree_->rounded(place_);
        break;
    }
    if (type_->is_wide) block.exact[i] = bits_of_whole(*tree_, place_);
    place_ = tree_->next(place_);
  }
}

bool TensorData::is_same_as(const TensorData& other) const noexcept {
  if (type_ != other.type_) return false;
  if (is_json() || other.is_json()) return tree_ == other.tree_ && place_ == other.place_;
  return bytes_ == other.bytes_;
}

std::size_t TensorData::read(Block& block, std::size_t most) noexcept {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>({most, kBlock, count_ - at_}));
  if (tree_ != nullptr) {
    read_json(block, count);
  } else {
    const char* const from = bytes_.data() + offset_;
    if (type_->kind == ElementKind::Float) {
      read_floats(*type_, from, count, block.values.data());
    } else if (type_->kind == ElementKind::Integer) {
      read_integers(*type_, from, count, block.values.data());
      if (type_->is_wide) std::memcpy(block.exact.data(), from, count * sizeof(std::uint64_t));
    } else {
      for (std::size_t i = 0; i < count; ++i) block.values[i] = from[i] != 0 ? 1 : 0;
    }
    offset_ += count * type_->bytes;
  }
  at_ += count;
  return count;
}

bool TensorData::read_bytes(std::string_view& element, std::string& scratch) {
  if (at_ == count_) return false;
  ++at_;
  if (tree_ != nullptr) {
    skip_heads();
    element = tree_->text(place_, scratch);
    place_ = tree_->next(place_);
    return true;
  }
  std::uint32_t size = 0;
  std::memcpy(&size, bytes_.data() + offset_, sizeof size);
  element = bytes_.substr(offset_ + sizeof size, size);
  offset_ += sizeof size + size;
  return true;
}

}  // namespace sluice::compare
