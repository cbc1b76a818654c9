// What one decision costs: the route, then the version. It must not grow with the number of versions, and hardly with
// the number of routes. Run: build/bench/bin/traffic_bench

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "sluice/traffic/choose.hpp"
#include "sluice/traffic/route_table.hpp"

namespace sluice::traffic {
namespace {

// A head of ordinary size, searched as a gateway does: field by field.
struct Fields {
  std::vector<std::pair<std::string, std::string>> all{
      {"host", "models.example.org"}, {"user-agent", "bench/1"}, {"content-type", "application/json"},
      {"content-length", "250"},      {"accept", "*/*"},         {"x-user-id", ""}};

  static std::string_view find(const void* fields, std::string_view name) {
    for (const auto& [known, value] : static_cast<const Fields*>(fields)->all) {
      if (known == name) return value;
    }
    return {};
  }
};

const std::string small_body =
    R"({"id":"42","user":"user-0000123456","inputs":[{"name":"x","shape":[1,16],"datatype":"FP32","data":[)"
    R"(0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1.0,1.1,1.2,1.3,1.4,1.5,1.6]}]})";

struct Asker {
  Fields fields;
  RequestView view;

  Asker() {
    fields.all.back().second = "user-0000123456";
    view.method = "POST";
    view.path = "/v2/models/fraud/infer";
    view.query = "debug=0&user=user-0000123456";
    view.client_address = "10.0.0.1";
    view.body = small_body;
    view.fields = &fields;
    view.find_field = &Fields::find;
  }

  /// Another unit each time, so that no branch predictor learns where a user belongs.
  void next() {
    auto& user = fields.all.back().second;
    for (std::size_t i = user.size() - 1; ++user[i] > '9'; --i) user[i] = '0';
  }
};

TrafficPlan plan_of(int versions, std::optional<Field> unit, bool mirror = false) {
  PlanSpec spec;
  spec.route = "fraud";
  std::vector<Weight> split;
  for (int v = 0; v < versions; ++v) {
    spec.versions.push_back("v" + std::to_string(v));
    split.push_back({static_cast<VersionIndex>(v), 1.0 + v});
  }
  spec.unit = std::move(unit);
  if (mirror) {
    spec.otherwise = Target::version(0);
    spec.mirrors = {{1, 0.1}};
  } else {
    spec.splits = {split};
    spec.otherwise = Target::split(0);
  }
  return *TrafficPlan::build(std::move(spec));
}

void decide(benchmark::State& state, const TrafficPlan& plan) {
  Asker asker;
  Random random(1);
  for (auto _ : state) {
    asker.next();
    benchmark::DoNotOptimize(choose(plan, asker.view, random));
  }
}

void random_split(benchmark::State& state) {
  decide(state, plan_of(static_cast<int>(state.range(0)), std::nullopt));
}
BENCHMARK(random_split)->Arg(1)->Arg(2)->Arg(16)->Arg(64);

void sticky_by_header(benchmark::State& state) {
  decide(state, plan_of(static_cast<int>(state.range(0)), Field::header("x-user-id")));
}
BENCHMARK(sticky_by_header)->Arg(1)->Arg(2)->Arg(16)->Arg(64);

void sticky_by_query_param(benchmark::State& state) {
  decide(state, plan_of(2, Field::query_param("user")));
}
BENCHMARK(sticky_by_query_param);

void sticky_by_json_pointer(benchmark::State& state) {
  decide(state, plan_of(2, *Field::json_pointer("/user")));
}
BENCHMARK(sticky_by_json_pointer);

void mirror_of_a_tenth(benchmark::State& state) {
  decide(state, plan_of(2, std::nullopt, true));
}
BENCHMARK(mirror_of_a_tenth);

stats::ScoringBank bench_bank(std::size_t arms, std::size_t features) {
  Random random(3);
  std::vector<stats::LinearMoments> moments(arms, stats::LinearMoments(features));
  std::vector<float> context(features);
  for (int i = 0; i < 4000; ++i) {
    for (float& value : context) value = static_cast<float>(random.uniform());
    moments[random.below(arms)].add(context, random.uniform());
  }
  const auto prior = stats::pooled_linear_prior(moments);
  std::vector<stats::LinearPosterior> posteriors;
  for (const auto& arm : moments) posteriors.push_back(linear_posterior(arm, prior));
  return stats::ScoringBank(posteriors, 0.01, {}, random);
}

TrafficPlan learning_plan(std::size_t arms, std::vector<ContextField> fields) {
  PlanSpec spec = plan_of(static_cast<int>(arms), Field::header("x-user-id")).spec();
  Learned learned;
  learned.bank = bench_bank(arms, features_of(fields));
  learned.fields = std::move(fields);
  for (std::size_t arm = 0; arm < arms; ++arm) learned.arms.push_back(static_cast<VersionIndex>(arm));
  spec.learned = std::make_shared<const Learned>(std::move(learned));
  return *TrafficPlan::build(std::move(spec));
}

// The second number is that of features: a number in a header, the others a category's.
void by_context_of_two_headers(benchmark::State& state) {
  const auto arms = static_cast<std::size_t>(state.range(0));
  const auto buckets = static_cast<std::uint8_t>(state.range(1) - 1);
  decide(state, learning_plan(arms, {{Field::header("content-length"), ContextField::Kind::Number, {}, 0},
                                     {Field::header("x-user-id"), ContextField::Kind::Hashed, {}, buckets}}));
}
BENCHMARK(by_context_of_two_headers)->Args({2, 4})->Args({8, 16});

void by_context_of_16_headers(benchmark::State& state) {
  decide(state, learning_plan(8, std::vector<ContextField>(
                                     16, {Field::header("content-length"), ContextField::Kind::Number, {}, 0})));
}
BENCHMARK(by_context_of_16_headers);

void by_context_of_two_json_pointers(benchmark::State& state) {
  decide(state, learning_plan(8, {{*Field::json_pointer("/inputs/0/data/3"), ContextField::Kind::Number, {}, 0},
                                  {*Field::json_pointer("/user"), ContextField::Kind::Hashed, {}, 15}}));
}
BENCHMARK(by_context_of_two_json_pointers);

void audience_by_expression(benchmark::State& state) {
  PlanSpec spec;
  spec.route = "fraud";
  spec.versions = {"v1", "v2"};
  spec.splits = {{{0, 95}, {1, 5}}};
  spec.unit = Field::header("x-user-id");
  spec.rules = {
      {{Match({{Field::header("x-user-id"), *TextTest::regular_expression("user-[0-9]+")}})}, Target::split(0)}};
  decide(state, *TrafficPlan::build(std::move(spec)));
}
BENCHMARK(audience_by_expression);

void find_route(benchmark::State& state) {
  std::vector<std::vector<Match>> routes;
  for (int i = 0; i < state.range(0); ++i) {
    const std::string path = i == 0 ? "/v2/models/fraud" : "/v2/models/model-" + std::to_string(i);
    routes.push_back({Match({{Field::path(), TextTest::segments(path)}})});
  }
  const RouteTable table(std::move(routes));
  const Asker asker;
  for (auto _ : state) benchmark::DoNotOptimize(table.find(asker.view));
}
BENCHMARK(find_route)->Arg(1)->Arg(10)->Arg(100)->Arg(1000);

}  // namespace
}  // namespace sluice::traffic
