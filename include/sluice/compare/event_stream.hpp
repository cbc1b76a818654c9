#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/compare/json_tree.hpp"

namespace sluice::compare {

/// The data of server-sent events, one after another. Names, ids and comments are left out; the last event counts also
/// where no empty line ends it.
class ServerSentData {
 public:
  explicit ServerSentData(std::string_view body) noexcept : rest_(body) {}

  /// The next event that has data; several lines of it are joined by LF. The view is into the body, or lives until the
  /// next call. False at the end.
  bool next(std::string_view& data);

 private:
  std::string_view take_line() noexcept;

  std::string_view rest_;
  std::string joined_;
};

/// Puts the pieces of a streamed OpenAI answer together, so that it is the answer that would have come at once: texts
/// of a delta are joined, choices and tool calls found by their index, of all else the first text and the last number
/// count. Of a stream of the Responses API it is the whole response at its end.
class ChatStream {
 public:
  /// Forgets all.
  void begin();
  /// The next object of the stream.
  void add(const JsonTree& event);
  /// The whole answer as JSON text. False when the stream names too much to be one: then it is none.
  bool write(std::string& json);

 private:
  static constexpr std::size_t kMostMembers = 64;  ///< of one object
  static constexpr std::size_t kMostItems = 256;   ///< choices, or calls of one of them
  static constexpr std::size_t kMostInAll = 4096;

  /// A value that is being put together.
  struct Piece {
    enum class Kind : std::uint8_t { Json, Text, Object, List };
    Kind kind = Kind::Json;
    std::string text;  ///< Json: as it is written; Text: without quotes, escapes as written
    std::vector<std::pair<std::string, Piece>> members;  ///< by key, as written
    std::vector<std::pair<std::uint64_t, Piece>> items;  ///< by index
  };

  void merge_object(Piece& piece, const JsonTree& event, JsonTree::Place object, int depth, bool in_delta);
  void merge_member(Piece& piece, const JsonTree& event, JsonTree::Place key, int depth, bool in_delta);
  void merge_list(Piece& piece, const JsonTree& event, JsonTree::Place list, int depth, bool in_delta);
  template <typename Key>
  Piece* find_or_add(std::vector<std::pair<Key, Piece>>& all, const Key& key, std::size_t most);
  static void write_piece(const Piece& piece, std::string& json);

  Piece whole_;
  std::string response_;
  std::size_t pieces_ = 0;
  bool is_too_much_ = false;
};

/// A value as JSON text.
void write_json(const JsonTree& tree, JsonTree::Place place, std::string& json);

}  // namespace sluice::compare
