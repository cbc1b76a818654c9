#include "sluice/gateway/pairing.hpp"

#include <gtest/gtest.h>

#include "pair_fixture.hpp"

namespace sluice::gateway {
namespace {

using compare::PairKind;

/// A pairing with copies that a test ends by hand.
class PairingTest : public testing::Test {
 protected:
  PairingTest() {
    Pairing::Request request;
    request.route = 3;
    request.window = 4;
    request.live = 1;
    request.segment = 2;
    request.nonce = 99;
    request.request_id = "abc";
    pairing.reset(new Pairing(box, 0, rules, std::move(request)));
  }
  PairBox box;
  PairRules rules;
  boost::intrusive_ptr<Pairing> pairing;
};

TEST_F(PairingTest, EachCopyIsOnePairWhateverEndsFirst) {
  auto early = pairing->begin(PairKind::Shadow, 0, 0.5F);
  auto late = pairing->begin(PairKind::Shadow, 2, 1);
  auto twin = pairing->begin(PairKind::Twin, 1, 1);
  early->other_answer.status = 201;
  pairing->over(std::move(early));
  EXPECT_EQ(box.count(), 0u) << "the client has no answer yet";
  pairing->live().status = 200;
  pairing->live().complete = true;
  pairing->live_over();
  EXPECT_EQ(box.count(), 1u);
  pairing->over(std::move(late));
  pairing->over(std::move(twin));
  pairing.reset();
  const auto taken = box.take();
  ASSERT_EQ(taken.size(), 3u);
  EXPECT_EQ(taken[0]->other, 0u);
  EXPECT_EQ(taken[0]->weight, 0.5F);
  EXPECT_EQ(taken[0]->other_answer.status, 201);
  EXPECT_EQ(taken[1]->other, 2u);
  EXPECT_EQ(taken[2]->kind, PairKind::Twin);
  for (const auto& pair : taken) {
    EXPECT_EQ(pair->route, 3u);
    EXPECT_EQ(pair->window, 4u);
    EXPECT_EQ(pair->live, 1u);
    EXPECT_EQ(pair->segment, 2);
    EXPECT_EQ(pair->nonce, 99u);
    EXPECT_EQ(pair->request_id, "abc");
    ASSERT_TRUE(pair->live_answer);
    EXPECT_EQ(pair->live_answer->status, 200);
    EXPECT_TRUE(pair->live_answer->complete);
    EXPECT_EQ(pair->live_answer, taken[0]->live_answer) << "kept once";
  }
}

TEST_F(PairingTest, ACopyMayOutliveTheRequest) {
  auto pair = pairing->begin(PairKind::Shadow, 0, 1);
  boost::intrusive_ptr<Pairing> of_the_copy = pairing;
  pairing->live_over();
  pairing.reset();
  of_the_copy->over(std::move(pair));
  EXPECT_EQ(box.count(), 1u);
}

TEST_F(PairingTest, ARequestThatIsGoneWithoutAWordLeavesAnAnswerThatDoesNotCount) {
  pairing->over(pairing->begin(PairKind::Shadow, 0, 1));
  pairing.reset();
  const auto taken = box.take();
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_FALSE(taken[0]->live_answer->counted);
  EXPECT_FALSE(taken[0]->live_answer->complete);
}

TEST_F(PairingTest, BodiesOfAnswersThatDoNotCountDoNotWait) {
  auto pair = pairing->begin(PairKind::Shadow, 0, 1);
  for (compare::Answer* const answer : {&pairing->live(), &pair->other_answer}) {
    answer->counted = false;
    answer->body = "half of it";
    ASSERT_TRUE(answer->memory.grow(box.memory(), 10));
  }
  pairing->live_over();
  pairing->over(std::move(pair));
  EXPECT_EQ(box.memory().used(), 0u);
  const auto taken = box.take();
  EXPECT_EQ(taken.at(0)->live_answer->body + taken.at(0)->other_answer.body, "");
}

}  // namespace
}  // namespace sluice::gateway
