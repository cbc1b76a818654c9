#include "sluice/compare/tensor_answer.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::compare {

namespace {

using Place = JsonTree::Place;

std::string_view text_or_nothing(const JsonTree& tree, Place place, std::string& scratch) {
  return place == TensorOutput::kAbsent ? std::string_view{} : tree.text(place, scratch);
}

std::vector<double> shape_of(const JsonTree& tree, const TensorOutput& output) {
  std::vector<double> shape;
  if (output.shape == TensorOutput::kAbsent) return shape;
  constexpr std::size_t most = 64;
  for (Place at = JsonTree::first(output.shape); at < tree.end(output.shape) && shape.size() < most;
       at = tree.next(at)) {
    const JsonKind kind = tree.kind(at);
    shape.push_back(kind == JsonKind::Number || kind == JsonKind::Exact ? tree.rounded(at) : -1);
  }
  return shape;
}

/// Length of the last axis; all of it, where shape and elements do not fit.
std::uint64_t row_of(const std::vector<double>& shape, std::uint64_t count) {
  double product = 1;
  for (const double axis : shape) product *= axis;
  if (shape.empty()) return count;
  const auto all = static_cast<double>(count);
  if (product != all || !(shape.back() >= 1) || !(shape.back() <= all)) return count;
  return static_cast<std::uint64_t>(shape.back());
}

/// A size in bytes; nothing where the member is not there.
std::optional<double> binary_size(const JsonTree& tree, Place parameters) {
  Place size = 0;
  if (!tree.find(parameters, "binary_data_size", size)) return std::nullopt;
  return tree.kind(size) == JsonKind::Number ? tree.number(size) : -1;
}

void read_output_member(const JsonTree& tree, std::string_view key, Place value, TensorOutput& output,
                        std::string& scratch) {
  const JsonKind kind = tree.kind(value);
  if (key == "name" && kind == JsonKind::Text) {
    output.name = tree.text(value, scratch);
  } else if (key == "datatype" && kind == JsonKind::Text) {
    output.datatype = value;
  } else if (key == "shape" && kind == JsonKind::List) {
    output.shape = value;
  } else if (key == "data") {
    output.data = value;
  } else if (key == "parameters" && kind == JsonKind::Object) {
    output.parameters = value;
  }
}

bool has_order(const TensorOutput& a, const TensorOutput& b) noexcept {
  return a.name != b.name ? a.name < b.name : a.index < b.index;
}

}  // namespace

bool read_outputs(const ReadAnswer& answer, std::vector<TensorOutput>& outputs) {
  outputs.clear();
  const JsonTree& tree = *answer.tree;
  Place list = 0;
  if (tree.kind(tree.root()) != JsonKind::Object || !tree.find(tree.root(), "outputs", list)) return false;
  if (tree.kind(list) != JsonKind::List || tree.count(list) > max_answer_outputs) return false;
  std::string key_scratch;
  std::string scratch;
  std::size_t offset = 0;
  for (Place at = JsonTree::first(list); at < tree.end(list); at = tree.next(at)) {
    if (tree.kind(at) != JsonKind::Object) return false;
    TensorOutput output;
    output.index = static_cast<std::uint32_t>(outputs.size());
    for (Place key = JsonTree::first(at); key < tree.end(at); key = tree.next(key + 2)) {
      read_output_member(tree, tree.text(key, key_scratch), key + 2, output, scratch);
    }
    const auto size = output.parameters == TensorOutput::kAbsent ? std::nullopt : binary_size(tree, output.parameters);
    output.is_binary = size.has_value();
    // Its bytes are behind those of the outputs before it.
    if (size && !(*size >= 0 && *size <= static_cast<double>(answer.tail.size() - offset))) {
      output.is_cut = true;
      offset = answer.tail.size();
    } else if (size) {
      output.bytes = answer.tail.substr(offset, static_cast<std::size_t>(*size));
      offset += output.bytes.size();
    }
    outputs.push_back(std::move(output));
  }
  return true;
}

std::optional<TensorData> elements_of(const JsonTree& tree, const TensorOutput& output) {
  std::string scratch;
  const Datatype* const type = find_datatype(text_or_nothing(tree, output.datatype, scratch));
  if (type == nullptr || output.is_cut) return std::nullopt;
  if (output.is_binary) return TensorData::from_bytes(output.bytes, *type);
  if (output.data == TensorOutput::kAbsent) return std::nullopt;
  return TensorData::from_json(tree, output.data, *type);
}

void TensorAnswers::note(Change change, double size) {
  differences_.note(path_.text(), change, size, 1, gravity_of(change));
}

void TensorAnswers::compare(const CompareRules::Impl& rules, const ReadAnswer& live, const ReadAnswer& other) {
  rules_ = &rules;
  live_ = live.tree;
  other_ = other.tree;
  const bool is_live_read = read_outputs(live, live_outputs_);
  const bool is_other_read = read_outputs(other, other_outputs_);
  if (is_live_read && is_other_read) {
    const WalkScope scope = walk_.down(walk_.root(), "outputs");
    walk_.skip_member("outputs");
    walk_.compare(live_->root(), other_->root(), walk_.root());
    walk_.skip_member({});
    outputs(scope);
  } else if (is_live_read != is_other_read) {
    note(Change::Unread);
  } else {
    walk_.compare(live_->root(), other_->root(), walk_.root());
    if (live.tail != other.tail) note(Change::Value);
  }
}

void TensorAnswers::outputs(WalkScope scope) {
  std::sort(live_outputs_.begin(), live_outputs_.end(), has_order);
  std::sort(other_outputs_.begin(), other_outputs_.end(), has_order);
  const std::size_t mark = path_.push("outputs");
  auto mine = live_outputs_.begin();
  auto theirs = other_outputs_.begin();
  while (mine != live_outputs_.end() || theirs != other_outputs_.end()) {
    const bool is_mine_alone =
        theirs == other_outputs_.end() || (mine != live_outputs_.end() && mine->name < theirs->name);
    if (is_mine_alone) {
      lone_output(*mine++, scope, Change::Missing);
    } else if (mine == live_outputs_.end() || theirs->name < mine->name) {
      lone_output(*theirs++, scope, Change::Added);
    } else {
      output(*mine++, *theirs++, scope);
    }
  }
  path_.pop(mark);
}

WalkScope TensorAnswers::output_scope(const TensorOutput& output, WalkScope outputs) const {
  const FieldRules& fields = rules_->fields;
  if (fields.names(outputs, output.name)) return WalkScope(fields.down(outputs, output.name));
  return WalkScope(fields.down_index(outputs, output.index));
}

void TensorAnswers::lone_output(const TensorOutput& output, WalkScope outputs, Change change) {
  const std::size_t mark = path_.push(output.name);
  walk_.note_one_sided(output_scope(output, outputs), change);
  path_.pop(mark);
}

void TensorAnswers::output(const TensorOutput& live, const TensorOutput& other, WalkScope outputs) {
  const WalkScope scope = output_scope(live, outputs);
  if (!rules_->fields.matters(scope)) return;
  const std::size_t mark = path_.push(live.name);
  parameters(live, other, walk_.down(scope, "parameters"));
  const bool have_like_types = datatypes(live, other, walk_.down(scope, "datatype"));
  const bool have_one_shape = shapes(live, other, walk_.down(scope, "shape"));
  if (have_like_types && have_one_shape) data(live, other, walk_.down(scope, "data"));
  path_.pop(mark);
}

void TensorAnswers::parameters(const TensorOutput& live, const TensorOutput& other, WalkScope scope) {
  const bool mine = live.has_parameters(*live_);
  const bool theirs = other.has_parameters(*other_);
  if (!mine && !theirs) return;
  const std::size_t mark = path_.push("parameters");
  if (mine && theirs) {
    walk_.compare(live.parameters, other.parameters, scope);
  } else {
    walk_.note_one_sided(scope, mine ? Change::Missing : Change::Added);
  }
  path_.pop(mark);
}

bool TensorAnswers::datatypes(const TensorOutput& live, const TensorOutput& other, WalkScope scope) {
  std::string live_scratch;
  std::string other_scratch;
  const std::string_view mine = text_or_nothing(*live_, live.datatype, live_scratch);
  const std::string_view theirs = text_or_nothing(*other_, other.datatype, other_scratch);
  if (mine == theirs) return true;
  if (rules_->fields.matters(scope)) {
    const std::size_t mark = path_.push("datatype");
    note(Change::Type);
    path_.pop(mark);
  }
  const Datatype* const my_type = find_datatype(mine);
  const Datatype* const their_type = find_datatype(theirs);
  return my_type != nullptr && their_type != nullptr && my_type->kind != ElementKind::Bytes &&
         their_type->kind != ElementKind::Bytes;
}

bool TensorAnswers::shapes(const TensorOutput& live, const TensorOutput& other, WalkScope scope) {
  if (shape_of(*live_, live) == shape_of(*other_, other)) return true;
  if (!rules_->fields.matters(scope)) return true;
  const std::size_t mark = path_.push("shape");
  note(Change::Shape);
  path_.pop(mark);
  return false;
}

void TensorAnswers::data(const TensorOutput& live, const TensorOutput& other, WalkScope scope) {
  if (!rules_->fields.matters(scope)) return;
  const auto mine = elements_of(*live_, live);
  const auto theirs = elements_of(*other_, other);
  if (!mine && !theirs) {
    plain_data(live, other, scope);
    return;
  }
  if (!mine || !theirs) {
    note(Change::Unread);
    return;
  }
  if (mine->count() != theirs->count()) {
    const std::uint64_t more = std::max(mine->count(), theirs->count());
    note(Change::Shape, static_cast<double>(more - std::min(mine->count(), theirs->count())));
    return;
  }
  const OutputRules& rules = rules_->output(live.name);
  const bool is_float = mine->type().kind == ElementKind::Float && theirs->type().kind == ElementKind::Float;
  const bool is_whole = mine->type().kind == theirs->type().kind && !is_float;
  tensors_.compare(*mine, *theirs, row_of(shape_of(*live_, live), mine->count()),
                   is_whole ? rules.integers : rules.floats, path_.text(), differences_);
}

void TensorAnswers::plain_data(const TensorOutput& live, const TensorOutput& other, WalkScope scope) {
  const bool mine = live.data != TensorOutput::kAbsent;
  const bool theirs = other.data != TensorOutput::kAbsent;
  if (mine && theirs) {
    walk_.compare(live.data, other.data, scope);
  } else if (mine != theirs || live.is_cut != other.is_cut) {
    note(Change::Unread);
  } else if (live.bytes != other.bytes) {
    note(Change::Value);
  }
}

}  // namespace sluice::compare
