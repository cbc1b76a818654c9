#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/compare/compare_rules.hpp"
#include "sluice/compare/json_tree.hpp"
#include "sluice/compare/tensor_data.hpp"

namespace sluice::compare {

/// An entry of `outputs` of an Open Inference answer.
struct TensorOutput {
  static constexpr JsonTree::Place kAbsent = 0;  ///< no member stands at the root

  std::string name;
  std::uint32_t index = 0;
  JsonTree::Place datatype = kAbsent;  ///< a Text
  JsonTree::Place shape = kAbsent;     ///< a List
  JsonTree::Place data = kAbsent;
  JsonTree::Place parameters = kAbsent;  ///< an Object
  bool is_binary = false;
  bool is_cut = false;     ///< the body ends before its bytes do
  std::string_view bytes;  ///< behind the JSON

  bool has_parameters(const JsonTree& tree) const {
    return parameters != kAbsent && tree.count(parameters) > is_binary;
  }
};

/// The body of an answer, read.
struct ReadAnswer {
  const JsonTree* tree = nullptr;
  std::string_view tail;  ///< bytes behind the JSON
};

/// More outputs than that are not looked into.
inline constexpr std::size_t max_answer_outputs = 1024;

/// False when this is no answer of the Open Inference Protocol. The views are into the body.
bool read_outputs(const ReadAnswer& answer, std::vector<TensorOutput>& outputs);

/// Elements of an output; nothing when they are not what its datatype says.
std::optional<TensorData> elements_of(const JsonTree& tree, const TensorOutput& output);

/// Compares the answers of the Open Inference Protocol: outputs by name in any order, all else field by field. One
/// thread.
class TensorAnswers {
 public:
  TensorAnswers(JsonWalk& walk, DifferenceList& differences, FieldPath& path)
      : walk_(walk), differences_(differences), path_(path) {}

  /// `walk` has begun with these two trees.
  void compare(const CompareRules::Impl& rules, const ReadAnswer& live, const ReadAnswer& other);

 private:
  void outputs(WalkScope scope);
  void output(const TensorOutput& live, const TensorOutput& other, WalkScope scope);
  WalkScope output_scope(const TensorOutput& output, WalkScope outputs) const;
  void lone_output(const TensorOutput& output, WalkScope outputs, Change change);
  void parameters(const TensorOutput& live, const TensorOutput& other, WalkScope scope);
  /// Whether values of these types can be held against one another.
  bool datatypes(const TensorOutput& live, const TensorOutput& other, WalkScope scope);
  bool shapes(const TensorOutput& live, const TensorOutput& other, WalkScope scope);
  void data(const TensorOutput& live, const TensorOutput& other, WalkScope scope);
  void plain_data(const TensorOutput& live, const TensorOutput& other, WalkScope scope);
  void note(Change change, double size = 0);

  JsonWalk& walk_;
  DifferenceList& differences_;
  FieldPath& path_;
  TensorCompare tensors_;
  const CompareRules::Impl* rules_ = nullptr;
  const JsonTree* live_ = nullptr;
  const JsonTree* other_ = nullptr;
  std::vector<TensorOutput> live_outputs_;
  std::vector<TensorOutput> other_outputs_;
};

}  // namespace sluice::compare
