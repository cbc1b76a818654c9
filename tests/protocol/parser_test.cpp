#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>

#include "protocol/case_file.hpp"
#include "sluice/http/chunked.hpp"
#include "sluice/http/head.hpp"

// Runs the corpus against the parsers alone, in the order in which a connection uses them.

namespace sluice::test {
namespace {

using namespace sluice::http;

/// What the parsers make of one client's bytes.
struct Verdict {
  std::size_t requests = 0;  ///< whole ones
  Refusal refusal;
  bool closes = false;
  Method last_method = Method::Other;
};

/// A connection without I/O: bytes go in as they come.
class Reader {
 public:
  void feed(std::string_view bytes) {
    pending_ += bytes;
    while (!verdict.closes && step()) {
    }
  }
  Verdict verdict;

 private:
  /// One head, one piece of body; false when more bytes are needed.
  bool step() {
    if (remaining_ > 0) return take_length();
    if (in_chunks_) return take_chunks();
    if (!in_head_) pending_.erase(0, leading_empty_lines(pending_));
    const std::string exact = pending_;  // its own allocation, so that ASan sees a read past the end
    const ParseStatus status = parser_.parse(exact, head_);
    in_head_ = status == ParseStatus::NeedMore && pending_.size() > 1;
    if (status == ParseStatus::Refused) refuse(parser_.refusal());
    if (status != ParseStatus::Done) return false;
    verdict.last_method = head_.method;
    pending_.erase(0, head_.size);
    remaining_ = head_.framing == Framing::Length ? head_.content_length : 0;
    in_chunks_ = head_.framing == Framing::Chunked;
    scanner_.reset();
    if (head_.framing == Framing::None) end_message();
    return true;
  }

  bool take_length() {
    const auto size = std::min<std::uint64_t>(remaining_, pending_.size());
    pending_.erase(0, size);
    remaining_ -= size;
    if (remaining_ == 0) end_message();
    return remaining_ == 0;
  }

  bool take_chunks() {
    if (pending_.empty()) return false;
    pending_.erase(0, scanner_.next(pending_).consumed);
    if (scanner_.failed()) refuse(scanner_.refusal());
    if (scanner_.done()) end_message();
    return !scanner_.failed();
  }

  void end_message() {
    in_chunks_ = false;
    ++verdict.requests;
    verdict.closes = !head_.keep_alive;
  }

  void refuse(const Refusal& why) {
    verdict.refusal = why;
    verdict.closes = true;
  }

  RequestHeadParser parser_;
  RequestHead head_;
  ChunkScanner scanner_;
  std::string pending_;
  std::uint64_t remaining_ = 0;
  bool in_chunks_ = false;
  bool in_head_ = false;
};

/// The verdict on the upstream's answer: a refusal, or none.
Refusal judge_answer(const ProtocolCase& rule, Method method) {
  ResponseHeadParser parser;
  ResponseHead head;
  std::string_view rest = rule.answer;
  while (!rest.empty()) {
    const std::string exact(rest);
    const ParseStatus status = parser.parse(exact, method, head);
    if (status == ParseStatus::Refused) return parser.refusal();
    if (status == ParseStatus::NeedMore || head.status >= 200) return {};
    rest.remove_prefix(head.size);
  }
  return {};
}

void expect_verdict(const ProtocolCase& rule, const Verdict& verdict) {
  const Refusal answer = verdict.refusal ? Refusal{} : judge_answer(rule, verdict.last_method);
  const Refusal& refusal = verdict.refusal ? verdict.refusal : answer;
  EXPECT_EQ(refusal.reason, rule.error);
  if (refusal) {
    EXPECT_EQ(refusal.status, rule.status);
  }
  EXPECT_EQ(verdict.requests, rule.upstream_requests);
  if (!rule.answer_closes && !answer) {
    EXPECT_EQ(verdict.closes, rule.closes);
  }
}

class Parser : public testing::TestWithParam<ProtocolCase> {};

TEST_P(Parser, GivesTheSameVerdictHoweverTheBytesArrive) {
  const ProtocolCase& rule = GetParam();
  if (rule.only_gateway) GTEST_SKIP() << "not a rule of the parsers";
  {
    SCOPED_TRACE("in one piece");
    Reader reader;
    reader.feed(rule.client);
    expect_verdict(rule, reader.verdict);
  }
  {
    SCOPED_TRACE("byte by byte");
    Reader reader;
    for (const char byte : rule.client) reader.feed({&byte, 1});
    expect_verdict(rule, reader.verdict);
  }
  std::mt19937 random(static_cast<unsigned>(std::hash<std::string>{}(rule.name)));
  for (int round = 0; round < 10; ++round) {
    SCOPED_TRACE("cut at random places");
    Reader reader;
    std::size_t begin = 0;
    for (const std::size_t cut : random_cuts(rule.client.size(), random)) {
      reader.feed(std::string_view(rule.client).substr(begin, cut - begin));
      begin = cut;
    }
    reader.feed(std::string_view(rule.client).substr(begin));
    expect_verdict(rule, reader.verdict);
  }
}

std::string test_name(const testing::TestParamInfo<ProtocolCase>& info) {
  std::string name = info.param.name;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Protocol, Parser, testing::ValuesIn(protocol_cases()), test_name);

TEST(Corpus, IsAsLargeAsPromised) {
  EXPECT_GE(protocol_cases().size(), 150u);
}

}  // namespace
}  // namespace sluice::test
