#include "sluice/compare/event_stream.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace sluice::compare {

namespace {

/// Texts of a delta that come whole, and again in every piece where a server likes that.
constexpr std::array<std::string_view, 4> kWholeTexts = {"role", "id", "type", "name"};

/// Values deeper than this are taken as they come.
constexpr int kDeepestPiece = 8;

void append_number(double number, std::string& json) {
  if (std::isnan(number)) {
    json += "NaN";
    return;
  }
  if (std::isinf(number)) {
    json += number < 0 ? "-Infinity" : "Infinity";
    return;
  }
  char text[32];
  const auto [end, problem] = std::to_chars(std::begin(text), std::end(text), number);
  json.append(text, end);
}

bool ends_response(std::string_view type) noexcept {
  return type == "response.completed" || type == "response.incomplete" || type == "response.failed";
}

}  // namespace

std::string_view ServerSentData::take_line() noexcept {
  const std::size_t end = std::min(rest_.find_first_of("\r\n"), rest_.size());
  const std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end);
  const std::size_t ending = rest_.starts_with("\r\n") ? 2 : rest_.empty() ? 0 : 1;
  rest_.remove_prefix(ending);
  return line;
}

bool ServerSentData::next(std::string_view& data) {
  constexpr std::string_view name = "data";
  bool has_data = false;
  while (!rest_.empty()) {
    std::string_view line = take_line();
    if (line.empty()) {
      if (has_data) return true;
      continue;
    }
    if (!line.starts_with(name) || (line.size() > name.size() && line[name.size()] != ':')) continue;
    line.remove_prefix(std::min(name.size() + 1, line.size()));
    if (line.starts_with(' ')) line.remove_prefix(1);
    if (!has_data) {
      data = line;
    } else {
      if (data.data() != joined_.data()) joined_.assign(data);
      joined_ += '\n';
      joined_ += line;
      data = joined_;
    }
    has_data = true;
  }
  return has_data;
}

void write_json(const JsonTree& tree, JsonTree::Place place, std::string& json) {
  switch (tree.kind(place)) {
    case JsonKind::Null:
      json += "null";
      return;
    case JsonKind::True:
      json += "true";
      return;
    case JsonKind::False:
      json += "false";
      return;
    case JsonKind::Number:
      append_number(tree.number(place), json);
      return;
    case JsonKind::Exact:
      json += tree.token(place);
      return;
    case JsonKind::Text:
      json += '"';
      json += tree.raw(place);
      json += '"';
      return;
    case JsonKind::List:
    case JsonKind::Object:
      break;
  }
  const bool is_list = tree.kind(place) == JsonKind::List;
  json += is_list ? '[' : '{';
  for (JsonTree::Place at = JsonTree::first(place); at < tree.end(place); at = tree.next(at)) {
    if (at != JsonTree::first(place)) json += ',';
    if (!is_list) {
      write_json(tree, at, json);
      json += ':';
      at += 2;
    }
    write_json(tree, at, json);
  }
  json += is_list ? ']' : '}';
}

void ChatStream::begin() {
  whole_ = Piece{};
  whole_.kind = Piece::Kind::Object;
  response_.clear();
  pieces_ = 0;
  is_too_much_ = false;
}

template <typename Key>
ChatStream::Piece* ChatStream::find_or_add(std::vector<std::pair<Key, Piece>>& all, const Key& key, std::size_t most) {
  for (auto& [known, piece] : all) {
    if (known == key) return &piece;
  }
  if (all.size() >= most || pieces_ >= kMostInAll) {
    is_too_much_ = true;
    return nullptr;
  }
  ++pieces_;
  all.emplace_back(key, Piece{});
  return &all.back().second;
}

void ChatStream::add(const JsonTree& event) {
  if (is_too_much_ || event.kind(event.root()) != JsonKind::Object) return;
  JsonTree::Place type = 0;
  JsonTree::Place response = 0;
  if (event.find(event.root(), "type", type) && event.kind(type) == JsonKind::Text && ends_response(event.raw(type)) &&
      event.find(event.root(), "response", response)) {
    response_.clear();
    write_json(event, response, response_);
    return;
  }
  merge_object(whole_, event, event.root(), 0, false);
}

void ChatStream::merge_object(Piece& piece, const JsonTree& event, JsonTree::Place object, int depth, bool in_delta) {
  for (JsonTree::Place key = JsonTree::first(object); key < event.end(object) && !is_too_much_;
       key = event.next(key + 2)) {
    if (event.kind(key + 2) != JsonKind::Null) merge_member(piece, event, key, depth, in_delta);
  }
}

void ChatStream::merge_member(Piece& piece, const JsonTree& event, JsonTree::Place key, int depth, bool in_delta) {
  const std::string name(event.raw(key));
  const JsonTree::Place value = key + 2;
  // That is how pieces find together; an answer that comes at once does not have it.
  if (in_delta && name == "index") return;
  Piece* const member = find_or_add(piece.members, name, kMostMembers);
  if (member == nullptr) return;
  const bool is_new = member->kind == Piece::Kind::Json && member->text.empty();
  const JsonKind kind = event.kind(value);
  if (kind == JsonKind::Text) {
    const bool is_whole = std::find(kWholeTexts.begin(), kWholeTexts.end(), name) != kWholeTexts.end();
    // Of the older protocol the text stands in the choice itself.
    const bool is_joined = (in_delta && !is_whole) || (depth == 1 && name == "text");
    if (is_new) member->kind = Piece::Kind::Text;
    if (member->kind == Piece::Kind::Text && (is_new || is_joined)) member->text += event.raw(value);
  } else if (kind == JsonKind::Object && depth < kDeepestPiece) {
    if (is_new) member->kind = Piece::Kind::Object;
    if (member->kind == Piece::Kind::Object) {
      merge_object(*member, event, value, depth + 1, in_delta || name == "delta");
    }
  } else if (kind == JsonKind::List && depth < kDeepestPiece) {
    merge_list(*member, event, value, depth, in_delta);
  } else if (member->kind == Piece::Kind::Json) {
    member->text.clear();
    write_json(event, value, member->text);
  }
}

void ChatStream::merge_list(Piece& piece, const JsonTree& event, JsonTree::Place list, int depth, bool in_delta) {
  for (JsonTree::Place at = JsonTree::first(list); at < event.end(list); at = event.next(at)) {
    JsonTree::Place index = 0;
    if (event.kind(at) != JsonKind::Object || !event.find(at, "index", index) ||
        event.kind(index) != JsonKind::Number || !(event.number(index) >= 0 && event.number(index) < 1e9)) {
      continue;
    }
    if (piece.kind == Piece::Kind::Json) piece.kind = Piece::Kind::List;
    if (piece.kind != Piece::Kind::List) return;
    Piece* const item = find_or_add(piece.items, static_cast<std::uint64_t>(event.number(index)), kMostItems);
    if (item == nullptr) return;
    item->kind = Piece::Kind::Object;
    merge_object(*item, event, at, depth + 1, in_delta);
  }
}

void ChatStream::write_piece(const Piece& piece, std::string& json) {
  switch (piece.kind) {
    case Piece::Kind::Json:
      json += piece.text.empty() ? "null" : piece.text;
      return;
    case Piece::Kind::Text:
      json += '"';
      json += piece.text;
      json += '"';
      return;
    case Piece::Kind::Object: {
      char before = '{';
      for (const auto& [key, value] : piece.members) {
        json += before;
        json += '"';
        json += key == "delta" ? "message" : key;
        json += "\":";
        write_piece(value, json);
        before = ',';
      }
      json += before == '{' ? "{}" : "}";
      return;
    }
    case Piece::Kind::List: {
      std::vector<const std::pair<std::uint64_t, Piece>*> in_order;
      for (const auto& item : piece.items) in_order.push_back(&item);
      std::sort(in_order.begin(), in_order.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
      char before = '[';
      for (const auto* item : in_order) {
        json += before;
        write_piece(item->second, json);
        before = ',';
      }
      json += before == '[' ? "[]" : "]";
      return;
    }
  }
}

bool ChatStream::write(std::string& json) {
  json.clear();
  if (is_too_much_) return false;
  if (!response_.empty()) {
    json = response_;
    return true;
  }
  for (auto& [key, value] : whole_.members) {
    constexpr std::string_view of_pieces = ".chunk";
    if (key == "object" && value.text.ends_with(of_pieces)) value.text.resize(value.text.size() - of_pieces.size());
  }
  write_piece(whole_, json);
  return true;
}

}  // namespace sluice::compare
