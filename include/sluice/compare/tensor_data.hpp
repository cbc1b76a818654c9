#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sluice/compare/json_tree.hpp"
#include "sluice/compare/number_compare.hpp"

namespace sluice::compare {

enum class ElementKind : std::uint8_t { Float, Integer, Boolean, Bytes };

/// A datatype of the Open Inference Protocol.
struct Datatype {
  std::string_view name;
  ElementKind kind = ElementKind::Float;
  std::uint8_t bytes = 0;  ///< of one element in the binary extension; of BYTES: of the length before it
  Precision precision;     ///< of a Float
  bool is_wide = false;    ///< whole numbers that a double does not hold exactly

  bool is_numeric() const noexcept { return kind == ElementKind::Float || kind == ElementKind::Integer; }
};

/// Nothing for a name that the protocol does not have.
const Datatype* find_datatype(std::string_view name) noexcept;

/// The elements of one output, from JSON (nested or flat) or from the bytes behind it, read one block after another.
class TensorData {
 public:
  static constexpr std::size_t kBlock = 1024;
  struct Block {
    std::array<double, kBlock> values;
    std::array<std::uint64_t, kBlock> exact;  ///< of a wide type: its bits as 64-bit integer
  };

  /// Nothing when the values are not of the datatype. `null` in a list of floats is NaN: many servers write it so.
  static std::optional<TensorData> from_json(const JsonTree& tree, JsonTree::Place data, const Datatype& type);
  /// Nothing when the bytes do not divide into elements.
  static std::optional<TensorData> from_bytes(std::string_view bytes, const Datatype& type);

  const Datatype& type() const noexcept { return *type_; }
  std::uint64_t count() const noexcept { return count_; }
  /// They come as JSON, not as bytes behind it.
  bool is_json() const noexcept { return tree_ != nullptr; }
  /// Nothing can differ: the same bytes, or the very same place of one tree.
  bool is_same_as(const TensorData& other) const noexcept;

  /// The next elements, at most `most`, itself at most kBlock; how many there were. Not of BYTES.
  std::size_t read(Block& block, std::size_t most) noexcept;
  /// The next element of BYTES; false behind the last one. The view is into the body or into `scratch`.
  bool read_bytes(std::string_view& element, std::string& scratch);

 private:
  TensorData() = default;
  void read_json(Block& block, std::size_t most) noexcept;
  /// Over the heads of nested lists to the next element.
  void skip_heads() noexcept;

  const Datatype* type_ = nullptr;
  std::uint64_t count_ = 0;
  std::uint64_t at_ = 0;
  const JsonTree* tree_ = nullptr;
  JsonTree::Place place_ = 0;
  std::string_view bytes_;
  std::size_t offset_ = 0;
};

}  // namespace sluice::compare
