// The only file that knows yaml-cpp: its events become a tree with marks, bounded in size and depth.
#include "sluice/policy/document.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "sluice/policy/text.hpp"

namespace sluice::policy {
namespace {

/// Leaves the parser in the middle of a file; what was wrong has been reported.
struct Stop {};

Mark from_yaml(const YAML::Mark& mark) {
  return {mark.line, mark.column};
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, Report& report, std::vector<NodePtr>& documents)
      : text_(text), report_(report), documents_(documents) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    // yaml-cpp makes empty documents for ever out of a stray "," or "]" that it does not consume.
    if (mark.pos <= last_start_) {
      error(Code::Syntax, from_yaml(mark), "not valid YAML: this cannot stand here");
      throw Stop{};
    }
    last_start_ = mark.pos;
    frames_.clear();
    anchors_.clear();
    written_ = 0;
    largest_alias_ = 0;
  }

  void OnDocumentEnd() override {
    if (!root_) return;
    const bool too_large = root_->size > max_alias_expansion * written_;
    if (too_large) error(Code::AliasExpansion, alias_mark_, "aliases make this document more than 10 times as large");
    if (!too_large && root_->kind != TreeNode::Kind::Null) documents_.push_back(root_);
    root_ = nullptr;
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { leaf(mark, anchor, {}); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    if (tag == "!") refuse_open_quote(mark);
    TreeNode node;
    node.kind = TreeNode::Kind::Scalar;
    node.text = value;
    node.quoted = tag == "!";
    leaf(mark, anchor, std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      error(Code::BadAlias, from_yaml(mark), "this alias stands inside the block that it refers to");
      throw Stop{};
    }
    const NodePtr& node = found->second;
    if (static_cast<int>(frames_.size()) + node->height > max_depth) too_deep(mark);
    if (node->size > largest_alias_) {
      largest_alias_ = node->size;
      alias_mark_ = from_yaml(mark);
    }
    ++written_;
    attach(node, from_yaml(mark));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, anchor, TreeNode::Kind::Sequence);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, anchor, TreeNode::Kind::Mapping);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    TreeNode node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    bool drop_value = false;  ///< the key was refused; its value is read and forgotten
    std::string key;
    Mark key_mark;
    std::unordered_map<std::string, int> first_line;
  };

  void error(Code code, Mark mark, std::string message) {
    report_.add(Severity::Error, code, mark, {}, std::move(message));
  }

  [[noreturn]] void too_deep(const YAML::Mark& mark) {
    error(Code::TooDeep, from_yaml(mark), "nested more than 64 levels deep");
    throw Stop{};
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    error(Code::Tag, from_yaml(mark), "tag " + in_quotes(tag) + " has no meaning in a policy");
  }

  /// yaml-cpp takes the end of the file for the end of a quote.
  void refuse_open_quote(const YAML::Mark& mark) {
    const std::string_view rest = text_.substr(std::min(text_.size(), static_cast<std::size_t>(std::max(mark.pos, 0))));
    if (rest.empty() || (rest[0] != '"' && rest[0] != '\'')) return;
    const bool escapes = rest[0] == '"';
    for (std::size_t i = 1; i < rest.size(); ++i) {
      if (rest[i] == rest[0]) return;  // a doubled single quote closes and opens again, which is as good
      if (escapes && rest[i] == '\\') ++i;
    }
    error(Code::Syntax, from_yaml(mark), "not valid YAML: this quote is never closed");
    throw Stop{};
  }

  void leaf(const YAML::Mark& mark, YAML::anchor_t anchor, TreeNode node) {
    node.mark = from_yaml(mark);
    ++written_;
    finish(std::make_shared<const TreeNode>(std::move(node)), anchor);
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, TreeNode::Kind kind) {
    refuse_tag(mark, tag);
    if (static_cast<int>(frames_.size()) >= max_depth) too_deep(mark);
    ++written_;
    Frame& frame = frames_.emplace_back();
    frame.node.kind = kind;
    frame.node.mark = from_yaml(mark);
    frame.anchor = anchor;
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    finish(std::make_shared<const TreeNode>(std::move(frame.node)), frame.anchor);
  }

  void finish(const NodePtr& node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = node;
    attach(node, node->mark);
  }

  void attach(const NodePtr& node, Mark mark) {
    if (frames_.empty()) {
      root_ = node;
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == TreeNode::Kind::Mapping && !frame.has_key) {
      take_key(frame, *node, mark);
      return;
    }
    if (!std::exchange(frame.drop_value, false)) {
      constexpr std::size_t plenty = std::size_t{1} << 40;  // saturates: aliases of aliases grow without end
      frame.node.size = std::min(plenty, frame.node.size + node->size + (frame.has_key ? 1 : 0));
      frame.node.height = std::max(frame.node.height, node->height + 1);
      if (frame.node.kind == TreeNode::Kind::Sequence) {
        frame.node.items.push_back(node);
      } else {
        frame.node.entries.push_back({std::move(frame.key), frame.key_mark, node});
      }
    }
    frame.has_key = false;
  }

  void take_key(Frame& frame, const TreeNode& node, Mark mark) {
    frame.has_key = true;
    frame.key_mark = mark;
    frame.drop_value = true;
    if (node.kind != TreeNode::Kind::Scalar) {
      error(Code::BadKey, mark, "a key must be a word");
    } else if (node.text == "<<" && !node.quoted) {
      error(Code::MergeKey, mark, "merge keys are not supported; write the fields out");
    } else if (const auto [first, fresh] = frame.first_line.try_emplace(node.text, mark.line + 1); !fresh) {
      error(Code::DuplicateKey, mark,
            "key " + in_quotes(node.text) + " is already used on line " + std::to_string(first->second));
    } else {
      frame.key = node.text;
      frame.drop_value = false;
    }
  }

  std::string_view text_;
  Report& report_;
  std::vector<NodePtr>& documents_;
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, NodePtr> anchors_;
  NodePtr root_;
  int last_start_ = -1;
  std::size_t written_ = 0;
  std::size_t largest_alias_ = 0;
  Mark alias_mark_;
};

/// Says in which line and column a byte offset is.
Mark mark_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return {static_cast<int>(std::count(before.begin(), before.end(), '\n')), static_cast<int>(offset - line_start)};
}

}  // namespace

const Entry* TreeNode::find(std::string_view key) const noexcept {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

std::vector<NodePtr> parse_documents(std::string_view text, Report& report) {
  std::vector<NodePtr> documents;
  const auto refuse = [&](Code code, Mark mark, std::string message) {
    report.add(Severity::Error, code, mark, {}, std::move(message));
  };
  if (text.size() > max_file_bytes) {
    refuse(Code::FileTooLarge, {}, "the file is larger than 1 MiB");
    return documents;
  }
  if (const auto bad = first_bad_byte(text)) {
    refuse(Code::NotText, mark_of(text, *bad), "this is not UTF-8 text: an invalid byte or a control character");
    return documents;
  }
  TreeBuilder builder(text, report, documents);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder) && !report.full()) {
    }
  } catch (const Stop&) {
    // Reported where it was found.
  } catch (const YAML::Exception& e) {
    const bool alias = e.msg.find("anchor") != std::string::npos;
    refuse(alias ? Code::BadAlias : Code::Syntax, from_yaml(e.mark),
           alias ? "this alias refers to an anchor that was not defined before" : "not valid YAML: " + e.msg);
  }
  return documents;
}

}  // namespace sluice::policy
