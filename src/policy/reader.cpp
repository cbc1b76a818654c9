#include "sluice/policy/reader.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <system_error>

#include "sluice/policy/document.hpp"
#include "sluice/policy/scalars.hpp"
#include "sluice/policy/schema.hpp"
#include "sluice/policy/suggest.hpp"
#include "sluice/policy/text.hpp"

namespace sluice::policy {
namespace {

/// FNV-1a: a change detector, not a signature.
class ContentHash {
 public:
  void add(std::string_view text) {
    for (const char c : text) mix(static_cast<unsigned char>(c));
    mix(0xFF);  // cannot occur in UTF-8: keeps "ab","c" and "a","bc" apart
  }
  std::string text() const {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (int shift = 60; shift >= 0; shift -= 4) out += digits[(state_ >> shift) & 15];
    return out;
  }

 private:
  void mix(unsigned char byte) { state_ = (state_ ^ byte) * 0x100000001B3ULL; }

  std::uint64_t state_ = 0xCBF29CE484222325ULL;
};

struct FieldAndCursor {
  Field field;
  Cursor at;
};

/// Puts documents together, one after another, and checks what holds between them.
class Assembler {
 public:
  explicit Assembler(PolicySet& set) : set_(set) {}

  void take(const TreeNode& root, Report& report) {
    ++documents_;
    const Cursor at(report, root);
    const Cursor kind = at.at("kind");
    if (root.kind != TreeNode::Kind::Mapping || !kind.written()) {
      at.error(Code::MissingField, "a document needs apiVersion, kind, metadata and spec");
    } else if (kind.node().text == "Gateway") {
      take_gateway(at);
    } else if (kind.node().text == "ModelRoute") {
      take_route(at);
    } else {
      const std::array<std::string, 2> kinds{"Gateway", "ModelRoute"};
      kind.error(Code::UnknownValue, in_quotes(kind.node().text) + " is none of Gateway, ModelRoute",
                 nearest(kind.node().text, kinds));
    }
  }

  std::size_t documents() const noexcept { return documents_; }

 private:
  template <typename Document>
  static Document read_document(const Cursor& at) {
    Document document;
    read_object(*type_of(Tag<Document>{}).object, at, &document);
    return document;
  }

  void take_gateway(const Cursor& at) {
    auto document = read_document<GatewayDocument>(at);
    if (gateway_seen_.line > 0) {
      at.at("kind").error(Code::SecondGateway, "a policy has one Gateway; the first is in " + gateway_seen_.file +
                                                   " on line " + std::to_string(gateway_seen_.line));
      return;
    }
    gateway_seen_ = at.at("kind").position();
    set_.gateway = std::move(document.spec);
    set_.gateway.position = gateway_seen_;
    if (!document.metadata.name.empty()) set_.gateway.name = document.metadata.name;
    const Cursor room = at.at("spec").at("limits").at("compareBytes");
    for (const ModelRoute& route : set_.routes) check_room(route, room);
  }

  void take_route(const Cursor& at) {
    auto document = read_document<ModelRouteDocument>(at);
    ModelRoute& route = document.spec;
    route.name = document.metadata.name;
    const Cursor name = at.at("metadata").at("name");
    for (const ModelRoute& other : set_.routes) {
      if (!route.name.empty() && other.name == route.name) {
        name.error(Code::DuplicateName, "route " + in_quotes(route.name) + " is already in " + other.position.file +
                                            " on line " + std::to_string(other.position.line));
      }
    }
    check_matches(route, at.at("spec"));
    if (gateway_seen_.line > 0) {
      const Cursor strategy = at.at("spec").at("strategy");
      const Cursor bytes = strategy.at("shadow").at("compare").at("bodyBytes");
      check_room(route, bytes.written() ? bytes : strategy);
    }
    route.position = name.position();
    set_.routes.push_back(std::move(route));
  }

  /// An answer that is larger than all the room for answers is never compared.
  void check_room(const ModelRoute& route, const Cursor& at) const {
    const Compare* const compare = compare_of(route);
    const Bytes room = set_.gateway.limits.compare_bytes;
    if (compare == nullptr || compare->body_bytes.count <= room.count) return;
    at.warning(Code::NoEffect, "limits.compareBytes (" + format_bytes(room) +
                                   ") is less than compare.bodyBytes of route " + in_quotes(route.name) + " (" +
                                   format_bytes(compare->body_bytes) +
                                   "): larger answers than that find no room and are not compared");
  }

  void check_matches(const ModelRoute& route, const Cursor& spec) const {
    static const std::vector<Match> everything(1);
    const auto effective = [](const ModelRoute& r) -> const std::vector<Match>& {
      return r.matches.empty() ? everything : r.matches;
    };
    if (spec.at("matches").written() && route.matches.empty()) return;  // could not be read
    const std::vector<Match>& mine = effective(route);
    for (std::size_t i = 0; i < mine.size(); ++i) {
      for (const ModelRoute& other : set_.routes) {
        const std::vector<Match>& theirs = effective(other);
        if (std::find(theirs.begin(), theirs.end(), mine[i]) != theirs.end()) {
          const Cursor list = spec.at("matches");
          (list.written() ? list.at(i) : spec)
              .error(Code::DuplicateMatch, "route " + in_quotes(other.name) + " already has the same match");
          break;
        }
      }
    }
  }

  PolicySet& set_;
  Position gateway_seen_;
  std::size_t documents_ = 0;
};

Result<std::string> load_text(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(max_file_bytes + 1, '\0');
  if (!file || !file.read(text.data(), static_cast<std::streamsize>(text.size())).eof()) {
    const std::string why = errno == 0 ? "" : ": " + std::generic_category().message(errno);
    if (!file.is_open() || file.gcount() == 0) return fail(Error::internal(path.string() + ": cannot be read" + why));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

bool is_policy_file(const std::filesystem::directory_entry& entry) {
  const std::filesystem::path name = entry.path().filename();
  std::error_code ignored;
  return !name.string().starts_with('.') && (name.extension() == ".yaml" || name.extension() == ".yml") &&
         entry.is_regular_file(ignored);
}

Problem file_problem(std::string file, Code code, std::string message) {
  Problem problem;
  problem.code = info(code).id;
  problem.position.file = std::move(file);
  problem.message = std::move(message);
  return problem;
}

}  // namespace

bool Reading::ok() const noexcept {
  return std::none_of(problems.begin(), problems.end(), [](const Problem& p) { return p.severity == Severity::Error; });
}

Reading read(std::span<const Source> sources) {
  Reading out;
  ContentHash hash;
  Assembler assembler(out.set);
  for (const Source& source : sources) {
    hash.add(source.name);
    hash.add(source.text);
    std::string_view text = source.text;
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    Report report(source.name, text);
    for (const NodePtr& document : parse_documents(text, report)) assembler.take(*document, report);
    out.problems.insert(out.problems.end(), report.problems().begin(), report.problems().end());
    out.set.inactive.insert(out.set.inactive.end(), report.inactive().begin(), report.inactive().end());
  }
  if (assembler.documents() == 0 && out.problems.empty()) {
    out.problems.push_back(file_problem(sources.empty() ? "policy" : sources.front().name, Code::Empty,
                                        "there is no policy document here"));
  }
  out.set.content_hash = hash.text();
  sort_problems(out.problems);
  sort_problems(out.set.inactive);
  return out;
}

std::vector<Problem> inactive_features(const PolicySet& set) {
  return set.inactive;
}

Result<std::vector<Source>> load_sources(const std::filesystem::path& path) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  if (std::filesystem::is_directory(path, error)) {
    for (std::filesystem::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
      if (is_policy_file(*it)) files.push_back(it->path());
    }
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(path);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return fail(Error::internal(path.string() + ": " + error.message()));
  }
  std::vector<Source> sources;
  for (const auto& file : files) {
    auto text = load_text(file);
    if (!text) return fail(text.error());
    sources.push_back({file.string(), std::move(*text)});
  }
  return sources;
}

Reading read_path(const std::filesystem::path& path) {
  const auto sources = load_sources(path);
  if (!sources) {
    Reading out;
    std::string message = sources.error().message;
    out.problems.push_back(file_problem(path.string(), Code::UnreadableFile, std::move(message)));
    return out;
  }
  Reading out = read(*sources);
  if (sources->empty()) out.problems.front().position.file = path.string();
  return out;
}

}  // namespace sluice::policy
