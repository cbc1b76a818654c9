#include "sluice/policy/rules.hpp"
#include "sluice/policy/schema.hpp"

namespace sluice::policy {

using namespace std::chrono_literals;

const Type& type_of(Tag<ShadowCandidate> /*tag*/) {
  static const Type type = [] {
    Declaration<ShadowCandidate> d("ShadowCandidate", "A version that gets copies.");
    d.field("version", &ShadowCandidate::version, "Which version.").format(name_format).required().starts_rollout();
    d.field("percent", &ShadowCandidate::percent, "Share of the live requests that are copied, in percent.")
        .between(0, 100);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Oversample> /*tag*/) {
  static const Type type = [] {
    Declaration<Oversample> d("Oversample", "A segment that is copied more often, because it is rare.");
    d.field("segment", &Oversample::segment, "One of the route's `segments`.").format(name_format).required();
    d.field("percent", &Oversample::percent,
            "Share of its requests that are copied, in percent, instead of the candidates'; not less than theirs.")
        .between(0.001, 100);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<ShadowSelection> /*tag*/) {
  static const Type type = [] {
    Declaration<ShadowSelection> d(
        "ShadowSelection", "Which requests are copied. A change begins to count anew, as one of `compare` does.");
    d.field("matches", &ShadowSelection::matches, "Only such requests; any one match is enough; all when absent.")
        .items(1, 16);
    d.field("oversample", &ShadowSelection::oversample,
            "Segments that are copied more often; every estimate weights them back.")
        .items(1, 8);
    d.field("deduplicate", &ShadowSelection::deduplicate,
            "A request with the path and body of one that was copied is not copied again within this time; it is when "
            "absent.")
        .between(1s, 24h);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<ShadowIdle> /*tag*/) {
  static const Type type = [] {
    Declaration<ShadowIdle> d("ShadowIdle", "When the live version has capacity to spare; both must hold.");
    d.field("requestsInFlight", &ShadowIdle::requests_in_flight,
            "It answers fewer requests than this at the moment, on the whole gateway.")
        .between(1, 100'000);
    d.field("latency", &ShadowIdle::latency, "And its recent mean latency is at most this; any will do when absent.")
        .between(1ms, 10min);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<ShadowBudget> /*tag*/) {
  static const Type type = [] {
    Declaration<ShadowBudget> d("ShadowBudget",
                                "What copying may cost; a copy that does not fit is dropped and counted.");
    d.field("requestsInFlight", &ShadowBudget::requests_in_flight, "Copies being answered at the same time.")
        .between(1, 100'000);
    d.field("requestsPerSecond", &ShadowBudget::requests_per_second,
            "Copies per second, all candidates together; unlimited when absent.")
        .between(0.001, 1e6);
    d.field("bodyBytes", &ShadowBudget::body_bytes, "Requests with a larger body are not copied.")
        .between(Bytes{0}, Bytes{1ULL << 30});
    d.field("requests", &ShadowBudget::requests, "Copies in all, then the shadow stops; unlimited when absent.")
        .between(1, 1'000'000'000'000);
    d.field("bytes", &ShadowBudget::bytes, "Bytes of copies and of their answers in all, likewise.")
        .between(1_KiB, Bytes{1ULL << 50});
    d.field("backendTime", &ShadowBudget::backend_time, "Sum of the times that candidates took to answer, likewise.")
        .between(1s, 87600h);
    d.field("duration", &ShadowBudget::duration,
            "Time since the shadow began, whether within its `schedule` or not, likewise.")
        .between(1s, 8760h);
    d.field("idleOnly", &ShadowBudget::idle_only,
            "Copies only while the live version has capacity to spare; one under way ends when it has none left.");
    d.field("idle", &ShadowBudget::idle, "What that means; only with `idleOnly: true`.");
    d.rule(check_shadow_budget);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Agreement> /*tag*/) {
  static const Type type = enumeration<Agreement>(
      "Agreement", {{"Values", "Every number lies within the tolerance."},
                    {"ArgMax", "In every row (the last axis) the largest number stands at the same place."},
                    {"TopK", "In every row enough of the largest numbers stand at the same places."}});
  return type;
}

const Type& type_of(Tag<TensorRule> /*tag*/) {
  static const Type type = [] {
    Declaration<TensorRule> d("TensorRule", "How one output tensor is compared; what is absent is as for all.");
    d.field("name", &TensorRule::name, "Name of the output.").format(any_text_format).required();
    d.field("by", &TensorRule::by, "What has to agree.");
    d.field("top", &TensorRule::top, "So many of the largest numbers; only with TopK.").between(1, 1000);
    d.field("overlap", &TensorRule::overlap, "Share of them that must be the same; only with TopK.")
        .between(1_pct, 100_pct);
    d.field("tolerance", &TensorRule::tolerance, "As in `compare`; only with Values.").between(0, 1);
    d.field("absoluteTolerance", &TensorRule::absolute_tolerance, "As in `compare`; only with Values.").at_least(0);
    d.field("ulps", &TensorRule::ulps, "As in `compare`; only with Values.").between(0, 1'000'000'000);
    d.rule(check_tensor_rule);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<KeepPairs> /*tag*/) {
  static const Type type = [] {
    Declaration<KeepPairs> d("KeepPairs",
                             "Keeps the pairs that differ most, in memory, for `sluice disagreements`. Answers are "
                             "clients' data: without this none is kept.");
    d.field("pairs", &KeepPairs::pairs, "Of each candidate.").between(1, 200);
    d.field("bytes", &KeepPairs::bytes, "Of each of the two bodies; the rest is cut off.").between(64_B, 64_KiB);
    d.field("redact", &KeepPairs::redact,
            "JSON pointers whose values are never kept; `*` stands for any index or name.")
        .format(json_pointer_format)
        .items(1, 64);
    d.field("expireAfter", &KeepPairs::expire_after, "Then a pair is gone.").between(1s, 720h);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Compare> /*tag*/) {
  static const Type type = [] {
    Declaration<Compare> d("Compare",
                           "How the answer of a candidate is compared with the live one; two numbers agree when one of "
                           "the tolerances says so. A change begins to count anew.");
    d.field("pointers", &Compare::pointers,
            "JSON pointers to what must agree, `*` for any index or name; the whole body when absent.")
        .format(json_pointer_format)
        .items(1, 64);
    d.field("ignore", &Compare::ignore, "JSON pointers to what may differ, likewise.")
        .format(json_pointer_format)
        .items(1, 64);
    d.field("unordered", &Compare::unordered, "JSON pointers to arrays whose order does not matter, likewise.")
        .format(json_pointer_format)
        .items(1, 64);
    d.field("tolerance", &Compare::tolerance, "Relative difference of two numbers that still counts as equal.")
        .between(0, 1);
    d.field("absoluteTolerance", &Compare::absolute_tolerance, "Absolute difference that does.").at_least(0);
    d.field("ulps", &Compare::ulps,
            "Representable numbers of the tensor's type (of JSON: FP64) that may lie between them.")
        .between(0, 1'000'000'000);
    d.field("tensors", &Compare::tensors, "Outputs that are compared otherwise, with `protocol: OpenInference`.")
        .items(1, 64);
    d.field("editRatio", &Compare::edit_ratio, "Share of a text that may differ, 0 to 1, with `protocol: OpenAI`.")
        .between(0, 1);
    d.field("bodyBytes", &Compare::body_bytes, "Larger answers are compared by status alone.").between(1_KiB, 16_MiB);
    d.field("noise", &Compare::noise,
            "Share of the copied requests that the live version answers twice, in idle moments, to learn what differs "
            "by itself; more of the first ones, so that it is soon known. `0%`: whatever differs counts.")
        .between(0_pct, 10_pct);
    d.field("dropHeaders", &Compare::drop_headers, "Header fields that copies do not carry: credentials, cookies.")
        .format(header_name_format)
        .items(1, 32);
    d.field("keep", &Compare::keep, "Keeps the pairs that differ most, for people to look at; none when absent.");
    d.completing_rule(complete_compare);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<RouteMirror> /*tag*/) {
  static const Type type = [] {
    Declaration<RouteMirror> d("RouteMirror",
                               "Copies beside a canary, an abTest, a bandit or a rolling update: part of what stable "
                               "(the control, the first arm) answers also goes to each other version in play, and the "
                               "answers are compared, which `disagreement` needs.");
    d.field("percent", &RouteMirror::percent,
            "Of the requests that stable answers. 0: only where the strategy itself copies (blueGreen).")
        .between(0, 100);
    d.field("compare", &RouteMirror::compare, "How answers are compared; by status and latency when absent.");
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<ShadowStop> /*tag*/) {
  static const Type type =
      enumeration<ShadowStop>("ShadowStop", {{"Never", "It goes on until the policy changes."},
                                             {"Conclusive", "It ends when the comparison is decided either way."}});
  return type;
}

const Type& type_of(Tag<Weekday> /*tag*/) {
  static const Type type = enumeration<Weekday>("Weekday", {{"Monday", ""},
                                                            {"Tuesday", ""},
                                                            {"Wednesday", ""},
                                                            {"Thursday", ""},
                                                            {"Friday", ""},
                                                            {"Saturday", ""},
                                                            {"Sunday", ""}});
  return type;
}

const Type& type_of(Tag<ShadowHours> /*tag*/) {
  static const Type type = [] {
    Declaration<ShadowHours> d("ShadowHours", "Hours of the day, in UTC, in which copies are made.");
    d.field("days", &ShadowHours::days, "On which they begin; every day when absent.").items(1, 7);
    d.field("from", &ShadowHours::from, "When they begin.");
    d.field("until", &ShadowHours::until, "When they end; before or at `from`: on the next day.");
    d.rule(check_shadow_hours);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Shadow> /*tag*/) {
  static const Type type = [] {
    Declaration<Shadow> d("Shadow",
                          "`live` answers every request; candidates get copies, and their answers are never returned.");
    d.field("live", &Shadow::live, "The version that answers.").format(name_format).required().starts_rollout();
    d.field("candidates", &Shadow::candidates, "Versions that get copies.").items(1, 15).required().starts_rollout();
    d.field("select", &Shadow::select, "Which requests are copied.");
    d.field("budget", &Shadow::budget, "What copying may cost.");
    d.field("compare", &Shadow::compare, "How answers are compared; by status and latency when absent.");
    d.field("schedule", &Shadow::schedule, "When copies are made, in UTC; any one is enough; always when absent.")
        .items(1, 32);
    d.field("analysis", &Shadow::analysis,
            "What the copies' answers must prove; `versusStable` compares with those of `live`.");
    d.field("stopWhen", &Shadow::stop_when, "When the shadow has seen enough.");
    d.rule(check_shadow);
    return d.finish();
  }();
  return type;
}

}  // namespace sluice::policy
