#include "sluice/outcomes/token.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>

#include "sluice/base/bfloat16.hpp"
#include "sluice/base/random.hpp"

namespace sluice::outcomes {
namespace {

using namespace std::chrono_literals;

TokenKey counting_key(std::uint8_t id) {
  TokenKey key{id, {}};
  for (std::size_t i = 0; i < key.secret.size(); ++i) key.secret[i] = static_cast<std::uint8_t>(i);
  return key;
}

TokenKey filled_key(std::uint8_t id, std::uint8_t byte) {
  TokenKey key{id, {}};
  key.secret.fill(byte);
  return key;
}

std::string token_text(const Decision& decision, const TokenKeys& keys) {
  std::array<char, most_token_size> text{};
  return {text.data(), write_token(decision, keys, text)};
}

Decision usual_decision() {
  Decision decision;
  decision.route = 0x0123456789abcdef;
  decision.version = 0xfedcba9876543210;
  decision.unit = 0x1122334455667788;
  decision.window = 42;
  decision.nonce = 0xdeadbeefcafef00d;
  decision.generation = 7;
  decision.propensity = 0.25F;
  decision.time = WallTime(1767225600123ms);
  return decision;
}

Decision random_decision(Random& random) {
  Decision decision;
  decision.route = random.next();
  decision.version = random.next();
  decision.unit = random.next();
  decision.window = random.next();
  decision.nonce = random.next();
  decision.generation = static_cast<std::uint32_t>(random.next());
  decision.propensity = static_cast<float>(1 - random.uniform());
  decision.split = random.below(2) == 1;
  decision.time = WallTime(std::chrono::milliseconds(random.below(4'000'000'000'000)));
  decision.segment = static_cast<std::uint8_t>(random.below(most_token_segment + 1));
  decision.context.size = static_cast<std::uint8_t>(random.below(2) == 0 ? 0 : random.below(stats::most_features + 1));
  for (std::size_t i = 0; i < decision.context.size; ++i) {
    decision.context.value[i] = round_to_bfloat16(static_cast<float>(random.uniform() * 2000 - 1000));
  }
  return decision;
}

TokenProblem problem_of(std::string_view text, const TokenKeys& keys) {
  const auto read = read_token(text, keys);
  if (!read) return read.error();
  ADD_FAILURE() << "\"" << text << "\" was believed";
  return TokenProblem{};
}

// Made with another implementation of HMAC-SHA-256 and base64url (Python's hmac and base64).
TEST(Token, IsTheOneThatAnIndependentHmacGives) {
  const TokenKeys keys(counting_key(7));
  const std::string_view usual =
      "EQGbdtqoewEjRWeJq83v_ty6mHZUMhARIjNEVWZ3iAAAAAAAAAAq3q2-78r-8A0AAAAHPoAAAAc8w0NDzxzywnVk9BBhB05a";
  EXPECT_EQ(token_text(usual_decision(), keys), usual);
  EXPECT_EQ(*read_token(usual, keys), usual_decision());
}

stats::Context context_of(std::size_t features) {
  stats::Context context;
  context.size = static_cast<std::uint8_t>(features);
  for (std::size_t i = 0; i < features; ++i) {
    context.value[i] = 0.5F * static_cast<float>(i + 1) * (i % 2 == 0 ? 1.0F : -1.0F);
  }
  return context;
}

TEST(Token, OfASegmentOrAContextIsTheIndependentOneToo) {
  const TokenKeys keys(counting_key(7));
  const std::string start = "GbdtqoewEjRWeJq83v_ty6mHZUMhARIjNEVWZ3iAAAAAAAAAAq3q2-78r-8A0AAAAHPoAAA";
  auto decision = usual_decision();
  const auto expect = [&](std::string_view first, std::string_view last) {
    const std::string text = token_text(decision, keys);
    EXPECT_EQ(text, std::string(first) + start + std::string(last));
    EXPECT_EQ(*read_token(text, keys), decision);
  };
  decision.segment = 3;
  expect("Fw", "AetwQUH4Hi5PiGqx0IMGDGO");
  decision.segment = 8;
  expect("MQ", "AevFXmq7tKnEZ4d0QSZw6lH");
  decision.segment = 1;
  decision.context = context_of(1);
  expect("Uw", "AE_AAc_3PxxhETm-v__j8tpAxkq");
  decision.context = context_of(2);
  expect("Uw", "AI_AL-AAAedXsk1L5f_j9prWhTFyV7M");
  decision.context = context_of(3);
  expect("Uw", "AM_AL-AP8AAAAdtubiyuKq-ajQmT5LqDF4b");
  decision.context = context_of(16);
  expect("Uw", "BA_AL-AP8DAAEAgwEBAYMCAQJDAoECwwMBA0MDgQPDBAAefwFANUBXVNzdxBtCCrYw_");
}

TEST(Token, IsAsLongAsItsContextAsks) {
  const TokenKeys keys(counting_key(7));
  auto decision = usual_decision();
  decision.segment = 8;
  EXPECT_EQ(token_text(decision, keys).size(), token_size) << "a segment finds room";
  std::size_t before = token_size;
  for (std::size_t features = 1; features <= stats::most_features; ++features) {
    decision.context = context_of(features);
    const std::size_t size = token_text(decision, keys).size();
    EXPECT_GE(size, before);
    EXPECT_LE(size, most_token_size);
    before = size;
  }
  EXPECT_EQ(before, most_token_size);
}

TEST(Token, RoundsFeaturesAndTellsASegmentItCannotHoldAsNone) {
  const TokenKeys keys(counting_key(7));
  auto decision = usual_decision();
  decision.segment = most_token_segment + 1;
  decision.context = context_of(2);
  decision.context.value[0] = 257.01F;
  const auto read = read_token(token_text(decision, keys), keys);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->segment, 0);
  EXPECT_EQ(read->context.value[0], 258);
}

TEST(Token, OfTheSmallestAndTheLargestValuesIsTheIndependentOneToo) {
  Decision nothing;
  nothing.split = false;
  EXPECT_EQ(token_text(nothing, TokenKeys(filled_key(0, 0xa5))),
            "EAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP4AAAABBDNBISstqjRV8wL5I3Q4V");
  constexpr auto all = std::numeric_limits<std::uint64_t>::max();
  Decision everything;
  everything.route = everything.version = everything.unit = everything.window = everything.nonce = all;
  everything.generation = 0xffffffff;
  everything.propensity = 1e-7F;
  everything.time = WallTime::max();
  const std::string largest = token_text(everything, TokenKeys(filled_key(255, 0xa5)));
  EXPECT_EQ(largest.substr(10, 58), std::string(58, '_'));
  const auto read = read_token(largest, TokenKeys(filled_key(255, 0xa5)));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->version, all);
  EXPECT_EQ(read->propensity, 1e-7F);
}

TEST(Token, IsSignedByAnHmacOverEverythingBeforeTheKeysNumber) {
  Random random(1);
  for (int i = 0; i < 200; ++i) {
    TokenKey key{static_cast<std::uint8_t>(random.next()), {}};
    for (auto& byte : key.secret) byte = static_cast<std::uint8_t>(random.next());
    std::string text = token_text(random_decision(random), TokenKeys(key));
    for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
    std::array<unsigned char, 105> binary{};
    const std::size_t size = text.size() / 4 * 3;
    ASSERT_EQ(EVP_DecodeBlock(binary.data(), reinterpret_cast<const unsigned char*>(text.data()),
                              static_cast<int>(text.size())),
              static_cast<int>(size));
    unsigned char tag[32];
    unsigned tag_size = 0;
    HMAC(EVP_sha256(), key.secret.data(), 32, binary.data(), size - 17, tag, &tag_size);
    EXPECT_EQ(binary[size - 17], key.id);
    EXPECT_TRUE(std::equal(tag, tag + 16, binary.data() + size - 16));
  }
}

TEST(Token, SaysWhatWasDecidedWhateverThatWas) {
  const TokenKeys keys(counting_key(1));
  Random random(2);
  for (int i = 0; i < 2000; ++i) {
    const Decision decision = random_decision(random);
    const std::string text = token_text(decision, keys);
    const auto read = read_token(text, keys);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(*read, decision);
  }
}

TEST(Token, HasOnlyCharactersThatNeedNoEscapeAnywhere) {
  const TokenKeys keys(counting_key(1));
  Random random(3);
  std::set<char> seen;
  for (int i = 0; i < 200; ++i) {
    for (const char c : token_text(random_decision(random), keys)) seen.insert(c);
  }
  EXPECT_EQ(std::string(seen.begin(), seen.end()), "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");
}

TEST(Token, CutsItsTimeToMillisecondsOfItsRange) {
  const TokenKeys keys(counting_key(1));
  Decision decision = usual_decision();
  decision.time += 999us;
  EXPECT_EQ(read_token(token_text(decision, keys), keys)->time, usual_decision().time);
  decision.time = WallTime(-5s);
  EXPECT_EQ(read_token(token_text(decision, keys), keys)->time, WallTime{});
  decision.time = WallTime::max();
  EXPECT_EQ(read_token(token_text(decision, keys), keys)->time,
            std::chrono::time_point_cast<std::chrono::milliseconds>(WallTime::max()));
}

TEST(Token, IsRefusedWithAnySingleBitFlipped) {
  const TokenKeys keys(counting_key(7), std::array{filled_key(6, 1), filled_key(5, 2)});
  for (const std::size_t features : {0, 5, 16}) {
    auto decision = usual_decision();
    decision.context = context_of(features);
    const std::string text = token_text(decision, keys);
    std::size_t forged = 0;
    for (std::size_t i = 0; i < text.size() * 8; ++i) {
      std::string flipped = text;
      flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ (1 << (i % 8)));
      forged += problem_of(flipped, keys) == TokenProblem::Forged ? 1 : 0;
    }
    EXPECT_GT(forged, 300u) << "most of them are well formed";
  }
}

TEST(Token, IsRefusedWithAnyBitOfItsBytesFlipped) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const TokenKeys keys(counting_key(7), std::array{filled_key(6, 1)});
  const std::string text = token_text(usual_decision(), keys);
  for (std::size_t i = 0; i < text.size() * 6; ++i) {
    std::string flipped = text;
    flipped[i / 6] = digits[digits.find(text[i / 6]) ^ (std::size_t{1} << (5 - i % 6))];
    TokenProblem expected = TokenProblem::Forged;
    if (i == 0 || i == 1 || i == 3) expected = TokenProblem::Malformed;  // the format, or a context that is not there
    // The key's number; with its last bit flipped it is that of the other key.
    if (i / 8 == 55 && i % 8 != 7) expected = TokenProblem::UnknownKey;
    EXPECT_EQ(problem_of(flipped, keys), expected) << "bit " << i;
  }
}

TEST(Token, OfAnotherLengthIsMalformed) {
  const TokenKeys keys(counting_key(1));
  const std::string text = token_text(usual_decision(), keys);
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(problem_of(std::string_view(text).substr(0, size), keys), TokenProblem::Malformed);
  }
  for (std::size_t more = 1; more < 60; ++more) {
    EXPECT_EQ(problem_of(text + std::string(more, 'A'), keys), TokenProblem::Malformed);
  }
  EXPECT_EQ(problem_of(text + text, keys), TokenProblem::Malformed);
  EXPECT_EQ(problem_of(std::string(100'000, 'A'), keys), TokenProblem::Malformed);
}

TEST(Token, WithAContextOfAnotherLengthThanItSaysIsMalformed) {
  const TokenKeys keys(counting_key(1));
  auto decision = usual_decision();
  decision.context = context_of(16);
  const std::string longest = token_text(decision, keys);
  for (std::size_t size = 0; size < longest.size(); ++size) {
    EXPECT_EQ(problem_of(std::string_view(longest).substr(0, size), keys), TokenProblem::Malformed) << size;
  }
  EXPECT_EQ(problem_of(longest + "AAAA", keys), TokenProblem::Malformed);
  // The number of features is in the characters behind the 55 bytes of every token.
  for (const std::string_view count : {"AA", "BE", "A4", "__"}) {
    std::string changed = longest;
    changed.replace(73, 2, count);
    EXPECT_EQ(problem_of(changed, keys), TokenProblem::Malformed) << count;
  }
}

TEST(Token, WithACharacterThatIsNoneOfBase64urlIsMalformed) {
  const TokenKeys keys(counting_key(1));
  const std::string text = token_text(usual_decision(), keys);
  for (const std::string_view bad : {"=", "+", "/", " ", "\n", ".", "\0", "\xff"}) {
    std::string changed = text;
    changed[50] = bad.empty() ? '\0' : bad[0];
    EXPECT_EQ(problem_of(changed, keys), TokenProblem::Malformed) << static_cast<int>(changed[50]);
  }
  std::string unicode;
  while (unicode.size() < token_size) unicode += "\u00e9";
  EXPECT_EQ(problem_of(unicode, keys), TokenProblem::Malformed);
}

TEST(Token, OfAKeyThatIsNotBelievedIsOfAnUnknownKey) {
  const std::string text = token_text(usual_decision(), TokenKeys(counting_key(1)));
  EXPECT_EQ(problem_of(text, TokenKeys(counting_key(2))), TokenProblem::UnknownKey);
}

TEST(Token, OfAnotherSecretUnderTheSameNumberIsForged) {
  const std::string text = token_text(usual_decision(), TokenKeys(counting_key(1)));
  EXPECT_EQ(problem_of(text, TokenKeys(filled_key(1, 9))), TokenProblem::Forged);
}

TEST(TokenKeys, BelieveTheOldOneWhileANewOneSigns) {
  const TokenKeys before(counting_key(1));
  const TokenKeys between(filled_key(2, 9), std::array{counting_key(1)});
  const TokenKeys after(filled_key(2, 9));
  const std::string old = token_text(usual_decision(), before);
  const std::string fresh = token_text(usual_decision(), between);
  EXPECT_NE(old, fresh);
  EXPECT_EQ(between.signing_id(), 2);
  EXPECT_TRUE(between.knows(1));
  EXPECT_TRUE(read_token(old, between));
  EXPECT_TRUE(read_token(fresh, between));
  EXPECT_TRUE(read_token(fresh, after));
  EXPECT_FALSE(after.knows(1));
  EXPECT_EQ(problem_of(old, after), TokenProblem::UnknownKey);
}

TEST(TokenKeys, LetTheSigningKeyGoBeforeAnotherOneOfItsNumber) {
  const TokenKeys keys(counting_key(1), std::array{filled_key(1, 9)});
  EXPECT_TRUE(read_token(token_text(usual_decision(), TokenKeys(counting_key(1))), keys));
}

TEST(TokenProblem, HasAName) {
  EXPECT_EQ(to_string(TokenProblem::Malformed), "malformed");
  EXPECT_EQ(to_string(TokenProblem::UnknownKey), "unknown_key");
  EXPECT_EQ(to_string(TokenProblem::Forged), "forged");
}

}  // namespace
}  // namespace sluice::outcomes
