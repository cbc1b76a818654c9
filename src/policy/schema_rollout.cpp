// The strategies that replace one version by another, and the choice among all seven.
#include "sluice/policy/rules.hpp"
#include "sluice/policy/schema.hpp"

namespace sluice::policy {

using namespace std::chrono_literals;

const Type& type_of(Tag<Pause> /*tag*/) {
  static const Type type = [] {
    Declaration<Pause> d("Pause", "Waits; without a duration until `sluice promote`.");
    d.field("duration", &Pause::duration, "How long.").between(1s, 8760h);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Step> /*tag*/) {
  static const Type type = [] {
    Declaration<Step> d("Step", "One step of a canary; exactly one action.");
    d.field("setWeight", &Step::weight, "The candidate's share from now on, in percent.")
        .between(0, 100)
        .one_of("action")
        .selects(&Step::kind, StepKind::SetWeight);
    d.field("pause", &Step::pause, "Waits.").one_of("action").selects(&Step::kind, StepKind::Pause);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Pace> /*tag*/) {
  static const Type type =
      enumeration<Pace>("Pace", {{"Steps", "As `steps` say."}, {"Evidence", "As fast as the evidence allows."}});
  return type;
}

const Type& type_of(Tag<OnFailure> /*tag*/) {
  static const Type type = enumeration<OnFailure>("OnFailure", {{"Rollback", "All traffic goes back to stable."},
                                                                {"Hold", "Traffic stays until a person decides."}});
  return type;
}

const Type& type_of(Tag<Canary> /*tag*/) {
  static const Type type = [] {
    Declaration<Canary> d("Canary", "A stable group of units moves to the candidate step by step.");
    d.field("stable", &Canary::stable, "The version to fall back to.").format(name_format).required().starts_rollout();
    d.field("candidate", &Canary::candidate, "The version that is tried.")
        .format(name_format)
        .required()
        .starts_rollout();
    d.field("steps", &Canary::steps, "What happens one after another.").items(1, 64).starts_rollout();
    d.field("pace", &Canary::pace, "What decides when the next share comes.").starts_rollout();
    d.field("maxWeight", &Canary::max_weight, "Largest share before the promotion, in percent.").between(0.01, 50);
    d.field("audience", &Canary::audience, "Who takes part; any one match is enough; everyone when absent.")
        .items(1, 16)
        .starts_rollout();
    d.field("analysis", &Canary::analysis, "What the candidate must prove at every step.");
    d.field("harmBudget", &Canary::harm_budget, "Expected extra failed requests that the whole rollout may cost.")
        .between(1, 1'000'000'000);
    d.field("parachute", &Canary::parachute,
            "A request that the candidate fails is answered by stable; it still counts as the candidate's failure.");
    d.field("onFailure", &Canary::on_failure, "What happens when a check fails.");
    d.field("onSegmentFailure", &Canary::on_segment_failure,
            "What happens when the candidate is certainly worse in one of the route's `segments`.");
    d.field("progressDeadline", &Canary::progress_deadline, "Without progress for this long the rollout fails.")
        .between(10s, 8760h);
    d.field("keepWarm", &Canary::keep_warm, "How long stable stays ready for an undo after the promotion.")
        .between(0s, 8760h);
    d.field("webhooks", &Canary::webhooks, "Whom to ask and tell.").items(1, 16);
    d.rule(check_canary);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Replace> /*tag*/) {
  static const Type type = enumeration<Replace>(
      "Replace", {{"Endpoints", "The candidate's endpoints take the place of the stable ones."},
                  {"ModelRepository", "Each server loads the new model through its repository API."},
                  {"Webhook", "A webhook of type `rollout` replaces the instance."}});
  return type;
}

const Type& type_of(Tag<Repository> /*tag*/) {
  static const Type type = [] {
    Declaration<Repository> d("Repository", "How a server exchanges its model with the repository API of V2.");
    d.field("model", &Repository::model, "Name of the model in the repository.").format(name_format).required();
    d.field("stableParameters", &Repository::stable_parameters,
            "`parameters` of the request that loads the stable version again.")
        .items(0, 64);
    d.field("candidateParameters", &Repository::candidate_parameters,
            "`parameters` of the request that loads the candidate.")
        .items(0, 64);
    d.field("unload", &Repository::unload, "Unloads before it loads; without it the server swaps by itself.");
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Rolling> /*tag*/) {
  static const Type type = [] {
    Declaration<Rolling> d("Rolling", "Instances are replaced one by one: drain, replace, ready, warm up, admit.");
    d.field("stable", &Rolling::stable, "The version that is replaced.")
        .format(name_format)
        .required()
        .starts_rollout();
    d.field("candidate", &Rolling::candidate, "The version that replaces it.")
        .format(name_format)
        .required()
        .starts_rollout();
    d.field("maxUnavailable", &Rolling::max_unavailable, "Instances that may be out of service at the same time.");
    d.field("maxSurge", &Rolling::max_surge, "Instances that may run beyond the usual number.");
    d.field("minReady", &Rolling::min_ready, "How long an instance must be ready before the next one.")
        .between(0s, 24h);
    d.field("replace", &Rolling::replace, "How an instance is replaced.").starts_rollout();
    d.field("repository", &Rolling::repository, "With `replace: ModelRepository`: what each server loads.")
        .starts_rollout();
    d.field("replaceTimeout", &Rolling::replace_timeout,
            "Drain, replacement and readiness of one instance; longer than this the rollout fails.")
        .between(1s, 24h);
    d.field("analysis", &Rolling::analysis, "What the new instances must prove.");
    d.field("rollbackBatch", &Rolling::rollback_batch, "Share of the instances that go back at the same time.")
        .between(1_pct, 100_pct);
    d.field("parachute", &Rolling::parachute,
            "A request that the candidate fails is answered by stable; it still counts as the candidate's failure.");
    d.field("progressDeadline", &Rolling::progress_deadline, "Without progress for this long the rollout fails.")
        .between(10s, 8760h);
    d.field("webhooks", &Rolling::webhooks, "Whom to ask and tell.").items(1, 16);
    d.rule(check_rolling);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<PrePromotion> /*tag*/) {
  static const Type type = [] {
    Declaration<PrePromotion> d("PrePromotion", "What preview must prove before it gets traffic.");
    d.field("analysis", &PrePromotion::analysis, "What must hold.");
    d.field("mirror", &PrePromotion::mirror, "Share of active's requests that preview gets a copy of.")
        .between(0_pct, 100_pct);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<AutoPromote> /*tag*/) {
  static const Type type = [] {
    Declaration<AutoPromote> d("AutoPromote", "Flips without a person.");
    d.field("enabled", &AutoPromote::enabled, "Whether it does; otherwise it waits for `sluice promote`.");
    d.field("after", &AutoPromote::after, "Not sooner than this after preview became ready.").between(0s, 8760h);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<PostPromotion> /*tag*/) {
  static const Type type = [] {
    Declaration<PostPromotion> d("PostPromotion", "What must hold after the flip; otherwise it is undone.");
    d.field("analysis", &PostPromotion::analysis, "What must hold.");
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<BlueGreen> /*tag*/) {
  static const Type type = [] {
    Declaration<BlueGreen> d("BlueGreen", "All traffic flips at once from active to preview; the old one stays warm.");
    d.field("active", &BlueGreen::active, "The version that serves now.")
        .format(name_format)
        .required()
        .starts_rollout();
    d.field("preview", &BlueGreen::preview, "The version that waits.").format(name_format).required().starts_rollout();
    d.field("previewMatch", &BlueGreen::preview_match, "Requests that get preview before the flip.");
    d.field("prePromotion", &BlueGreen::pre_promotion, "What preview must prove first.");
    d.field("autoPromote", &BlueGreen::auto_promote, "Whether a person is needed.");
    d.field("postPromotion", &BlueGreen::post_promotion, "What must hold afterwards.");
    d.field("keepWarm", &BlueGreen::keep_warm, "How long the old version stays ready for an instant undo.")
        .between(0s, 8760h);
    d.field("webhooks", &BlueGreen::webhooks, "Whom to ask and tell.").items(1, 16);
    d.rule(check_blue_green);
    return d.finish();
  }();
  return type;
}

namespace {

/// The strategies that can stand alone or be a stage: one key each.
template <typename S, typename Get>
void declare_strategies(Declaration<S>& d, Get get) {
  const std::string group = "strategy";
  d.template alternative<Shadow>("shadow", get, "Copies of live requests, measured and never returned.").one_of(group);
  d.template alternative<AbTest>("abTest", get, "A random, sticky split.").one_of(group);
  d.template alternative<Bandit>("bandit", get, "Traffic follows what earns most.").one_of(group);
  d.template alternative<Canary>("canary", get, "The candidate takes over step by step.").one_of(group);
  d.template alternative<Rolling>("rolling", get, "Instances are replaced one by one.").one_of(group);
  d.template alternative<BlueGreen>("blueGreen", get, "All traffic flips at once.").one_of(group);
}

}  // namespace

const Type& type_of(Tag<StageEnd> /*tag*/) {
  static const Type type = enumeration<StageEnd>("StageEnd", {{"Passed", "The stage's strategy is satisfied."},
                                                              {"Approved", "It is, and a person also says so."}});
  return type;
}

const Type& type_of(Tag<Stage> /*tag*/) {
  static const Type type = [] {
    Declaration<Stage> d("Stage", "One strategy in a row of several; exactly one.");
    declare_strategies(d, [](Stage& stage) -> StageStrategy& { return stage.strategy; });
    d.field("until", &Stage::until, "When the next stage begins.");
    d.field("atLeast", &Stage::at_least, "And not sooner than this.").between(0s, 8760h);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Strategy> /*tag*/) {
  static const Type type = [] {
    Declaration<Strategy> d("Strategy", "Who gets which version, and how that changes; exactly one.");
    declare_strategies(d, [](Strategy& strategy) -> Strategy& { return strategy; });
    d.member<std::vector<Stage>>(
         "stages", [](Strategy & strategy) -> auto& { return strategy.emplace<Stages>().stages; },
         [](const Strategy& strategy) {
           const auto* stages = std::get_if<Stages>(&strategy);
           return stages == nullptr ? nullptr : &stages->stages;
         },
         "Several of these in a row.")
        .items(1, 8)
        .one_of("strategy");
    d.rule(check_stages);
    return d.finish();
  }();
  return type;
}

}  // namespace sluice::policy
