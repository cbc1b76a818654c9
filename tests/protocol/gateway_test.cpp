#include <gtest/gtest.h>

#include <array>
#include <mutex>
#include <random>
#include <string>

#include "protocol/case_file.hpp"
#include "support/fake_upstream.hpp"
#include "support/policy_text.hpp"
#include "support/raw_client.hpp"
#include "support/sluice_process.hpp"

// Runs the corpus through a real gateway in front of a scripted upstream: one process for all of it, as in production,
// so that what one case leaves behind would spoil the next.

namespace sluice::test {
namespace {

constexpr std::string_view kAfterwards = "GET /afterwards HTTP/1.1\r\nHost: model.test\r\n\r\n";

template <std::size_t N>
bool is_any_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [&](auto known) { return same_ignoring_case(known, name); });
}

/// The message as text, values trimmed, without the fields that the gateway adds to every one.
template <std::size_t N>
std::string normal_form(const HttpMessage& message, const std::array<std::string_view, N>& added) {
  std::string text = message.start_line + "\r\n";
  for (const auto& [name, value] : message.fields) {
    if (!is_any_of(added, name)) text.append(name).append(": ").append(value).append("\r\n");
  }
  return text + "\r\n" + message.body;
}

constexpr std::array<std::string_view, 3> kAddedToRequests = {"via", "x-forwarded-for", "x-request-id"};
constexpr std::array<std::string_view, 4> kAddedToResponses = {"via", "date", "x-request-id", "x-sluice-version"};

class Gateway : public testing::Test {
 protected:
  enum class Feed { Whole, ByteByByte, CutAtRandom };

  void run_corpus(Feed feed) {
    for (const ProtocolCase& rule : protocol_cases()) {
      SCOPED_TRACE(rule.name);
      set_answer(rule);
      const std::size_t before = whole_requests();
      try {
        run(rule, feed, before);
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    }
    EXPECT_EQ(upstream_.script_errors(), std::vector<std::string>{});
  }

 private:
  void run(const ProtocolCase& rule, Feed feed, std::size_t before) {
    RawClient client(sluice_.port());
    send(client, rule.client, feed);
    const bool to_head = rule.client.starts_with("HEAD ");
    const bool is_refused = !rule.error.empty() && rule.status != 502;
    HttpMessage response;
    for (std::size_t i = 0; i < rule.upstream_requests + (is_refused ? 1 : 0); ++i) {
      response = client.read_response(to_head);
    }
    EXPECT_EQ(response.status(), rule.status);
    if (is_refused) {
      EXPECT_EQ(response.field("x-sluice-error"), rule.error);
    }
    if (rule.client_sees) {
      EXPECT_EQ(normal_form(response, kAddedToResponses), *rule.client_sees);
    }
    if (rule.closes) {
      EXPECT_TRUE(client.is_closed_by_peer());
    } else {
      // Only a gateway that knows where the message ended answers the next one as such.
      EXPECT_EQ(client.exchange(kAfterwards).status(), 200);
    }
    expect_upstream_saw(rule, before, rule.closes ? 0 : 1);
  }

  void expect_upstream_saw(const ProtocolCase& rule, std::size_t before, std::size_t afterwards) {
    EXPECT_EQ(whole_requests(), before + rule.upstream_requests + afterwards);
    if (rule.upstream_requests == 0 && !rule.upstream_may_see_a_part) {
      EXPECT_EQ(begun_requests(), begun_before_ + afterwards) << "a refused request must not reach the upstream";
    }
    if (rule.upstream_sees) {
      const auto requests = upstream_.requests();
      ASSERT_GE(requests.size(), 1 + afterwards);
      EXPECT_EQ(normal_form(requests[requests.size() - 1 - afterwards], kAddedToRequests), *rule.upstream_sees);
    }
  }

  void send(RawClient& client, std::string_view bytes, Feed feed) {
    if (feed == Feed::Whole) {
      client.send(bytes);
    } else if (feed == Feed::ByteByByte && bytes.size() < 4096) {
      client.send_byte_by_byte(bytes);
    } else {
      client.send_cut_at(bytes, random_cuts(bytes.size(), random_));
    }
  }

  void set_answer(const ProtocolCase& rule) {
    begun_before_ = begun_requests();
    const std::lock_guard lock(mutex_);
    answer_ = rule.answer;
    answer_closes_ = rule.answer_closes;
  }

  void serve(Conversation& gateway) {
    for (;;) {
      const HttpMessage request = gateway.read_request();
      if (request.target() == "/afterwards") {
        gateway.answer(200, "afterwards");
        continue;
      }
      std::unique_lock lock(mutex_);
      const std::string answer = answer_;
      const bool closes = answer_closes_;
      lock.unlock();
      gateway.send(answer);
      if (closes) return;
    }
  }

  /// Requests of which at least the head arrived. Those that may arrive in part all go to /partial and are left out:
  /// when the upstream notices that the rest will not come is its own time.
  std::size_t begun_requests() const {
    std::size_t count = 0;
    for (const HttpMessage& request : upstream_.requests()) count += request.target() == "/partial" ? 0 : 1;
    return count;
  }

  std::size_t whole_requests() const {
    std::size_t count = 0;
    for (const HttpMessage& request : upstream_.requests()) count += request.complete ? 1 : 0;
    return count;
  }

  std::mutex mutex_;
  std::string answer_;
  bool answer_closes_ = false;
  std::size_t begun_before_ = 0;
  std::mt19937 random_{20240229};
  FakeUpstream upstream_{[this](Conversation& gateway) { serve(gateway); }};
  SluiceProcess sluice_{policy_for(upstream_)};
};

TEST_F(Gateway, HoldsEveryRuleWhenBytesComeTogether) {
  run_corpus(Feed::Whole);
}

TEST_F(Gateway, HoldsEveryRuleWhenBytesComeOneByOne) {
  run_corpus(Feed::ByteByByte);
}

TEST_F(Gateway, HoldsEveryRuleWhenBytesAreCutAtRandomPlaces) {
  run_corpus(Feed::CutAtRandom);
}

}  // namespace
}  // namespace sluice::test
