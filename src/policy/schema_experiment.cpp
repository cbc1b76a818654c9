// The strategies that find the better one: abTest, bandit.
#include "sluice/policy/rules.hpp"
#include "sluice/policy/schema.hpp"

namespace sluice::policy {

using namespace std::chrono_literals;

const Type& type_of(Tag<Variant> /*tag*/) {
  static const Type type = [] {
    Declaration<Variant> d("Variant", "A version and its part of the traffic.");
    d.field("version", &Variant::version, "Which version.").format(name_format).required().starts_rollout();
    d.field("weight", &Variant::weight, "Its part, relative to the sum of all weights.").between(0, 1'000'000);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<OnWinner> /*tag*/) {
  static const Type type = enumeration<OnWinner>(
      "OnWinner", {{"Hold", "Says so and leaves the traffic as it is."}, {"Promote", "Gives the winner all traffic."}});
  return type;
}

const Type& type_of(Tag<AbTest> /*tag*/) {
  static const Type type = [] {
    Declaration<AbTest> d("AbTest", "A random, sticky split between variants that finds the better one.");
    d.field("variants", &AbTest::variants, "Who is compared.").items(1, 16).required().starts_rollout();
    d.field("control", &AbTest::control,
            "The variant to beat, which also gets everyone outside the audience; the first when absent.")
        .format(name_format)
        .starts_rollout();
    d.field("audience", &AbTest::audience, "Who takes part; any one match is enough; everyone when absent.")
        .items(1, 16)
        .starts_rollout();
    d.field("primaryMetric", &AbTest::primary_metric,
            "What decides: a built-in metric or an outcome; without it nothing is decided.")
        .format(name_format);
    d.field("guardrails", &AbTest::guardrails, "What no variant may break.").items(1, 32);
    d.field("minimumEffect", &AbTest::minimum_effect, "Smallest relative improvement that is worth having.")
        .between(0_pct, 99_pct);
    d.field("confidence", &AbTest::confidence,
            "Certainty that nobody is called better or worse who is not, in the whole test, however often it is looked "
            "at.")
        .between(50_pct, 99.999_pct);
    d.field("maxDuration", &AbTest::max_duration, "Then the test ends, decided or not.").between(1min, 8760h);
    d.field("onWinner", &AbTest::on_winner, "What happens when one is better.");
    d.field("eliminateLosers", &AbTest::eliminate_losers, "Takes a variant that is clearly worse out early.");
    d.field("parachute", &AbTest::parachute,
            "A request that another variant fails is answered by the control; it still counts as that variant's "
            "failure.");
    d.rule(check_ab_test);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<BanditAlgorithm> /*tag*/) {
  static const Type type = enumeration<BanditAlgorithm>(
      "BanditAlgorithm", {{"ThompsonSampling", "Shares are the probability of being best."},
                          {"TopTwoThompson", "Finds the best of three or more sooner, earns a little less meanwhile."},
                          {"KLUCB", "Optimism with tight bounds for rates."},
                          {"UCB1", "Optimism with simple bounds."},
                          {"EpsilonGreedy", "Mostly the best so far, sometimes any."},
                          {"LinearThompson", "Learns which arm suits which request, from `context`."}});
  return type;
}

const Type& type_of(Tag<ContextType> /*tag*/) {
  static const Type type = enumeration<ContextType>(
      "ContextType",
      {{"Number", "The value is a number."}, {"Category", "The value is one of `values`, or any text."}});
  return type;
}

const Type& type_of(Tag<ContextFeature> /*tag*/) {
  static const Type type = [] {
    Declaration<ContextFeature> d("ContextFeature",
                                  "One thing about a request that LinearThompson may learn from; exactly one source.");
    d.field("header", &ContextFeature::name, "The value of this request header.")
        .format(header_name_format)
        .one_of("source")
        .selects(&ContextFeature::source, ContextSource::Header);
    d.field("cookie", &ContextFeature::name, "The value of this cookie.")
        .format(header_name_format)
        .one_of("source")
        .selects(&ContextFeature::source, ContextSource::Cookie);
    d.field("queryParam", &ContextFeature::name, "The value of this query parameter.")
        .one_of("source")
        .selects(&ContextFeature::source, ContextSource::QueryParam);
    d.field("jsonPointer", &ContextFeature::name, "A value in the JSON body.")
        .format(json_pointer_format)
        .one_of("source")
        .selects(&ContextFeature::source, ContextSource::JsonPointer);
    d.field("type", &ContextFeature::type, "What kind of value it is.");
    d.field(
         "values", &ContextFeature::values,
         "The known categories, a feature each; any other counts as none of them. Without them categories are hashed "
         "into at most 8 features.")
        .items(1, 16);
    d.rule(check_context_feature);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<BanditStop> /*tag*/) {
  static const Type type = [] {
    Declaration<BanditStop> d("BanditStop", "When the best arm is certain enough to end; both must hold.");
    d.field("probabilityBest", &BanditStop::probability_best, "Probability that the best arm is the best.")
        .between(50_pct, 99.999_pct);
    d.field("valueRemaining", &BanditStop::value_remaining, "What could still be gained, relative to the best arm.")
        .between(0_pct, 100_pct);
    d.field("certified", &BanditStop::certified,
            "And only once the leader is certified: an e-value bounds the chance that another arm is as good.");
    d.field("minDuration", &BanditStop::min_duration,
            "Not before: a full cycle of what the traffic does; the reward's `attributionWindow` at least.")
        .between(0s, 8760h);
    d.field("maxDuration", &BanditStop::max_duration,
            "Then it ends without a winner and the shares stay as they are; never when absent.")
        .between(1min, 8760h);
    d.rule(check_bandit_stop);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Bandit> /*tag*/) {
  static const Type type = [] {
    Declaration<Bandit> d("Bandit", "Traffic follows what earns most, while it goes on learning.");
    d.field("arms", &Bandit::arms, "Versions to choose from.")
        .format(name_format)
        .items(2, 16)
        .required()
        .starts_rollout();
    d.field("reward", &Bandit::reward, "The outcome that is earned; success and latency when absent.")
        .format(name_format)
        .starts_rollout();
    d.field("algorithm", &Bandit::algorithm, "How the shares follow the evidence.").starts_rollout();
    d.field("minimumShare", &Bandit::minimum_share, "No arm falls below this.").between(0_pct, 50_pct);
    d.field("updateInterval", &Bandit::update_interval, "How often the shares are computed anew.").between(100ms, 1h);
    d.field("halfLife", &Bandit::half_life, "After this, old rewards count half; never when absent.")
        .between(1min, 8760h);
    d.field("context", &Bandit::context, "What LinearThompson may learn from: 16 features in all.")
        .items(1, 16)
        .starts_rollout();
    d.field("guardrails", &Bandit::guardrails, "What no arm may break.").items(1, 32);
    d.field("stopWhen", &Bandit::stop_when, "When the bandit has learned enough; never when absent.");
    d.field("parachute", &Bandit::parachute,
            "A request that another arm fails is answered by the first; it still counts as that arm's failure.");
    d.rule(check_bandit);
    return d.finish();
  }();
  return type;
}

}  // namespace sluice::policy
