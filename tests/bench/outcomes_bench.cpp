// What reported outcomes cost: reading a post, the tokens in it, the ledger, and all of it together. The target is
// 20 000 outcomes a second on one core. Run: build/bench/bin/outcomes_bench

#include <benchmark/benchmark.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>
#include <string>

#include "sluice/base/random.hpp"
#include "sluice/outcomes/intake.hpp"
#include "sluice/outcomes/report.hpp"
#include "sluice/outcomes/tallies.hpp"
#include "sluice/state/store.hpp"

namespace sluice::outcomes {
namespace {

constexpr std::uint64_t kItems = 1000;

policy::ModelRoute bench_route() {
  policy::ModelRoute route;
  route.name = "fraud";
  for (const char* const version : {"v1", "v2", "v3"}) route.versions.emplace_back().name = version;
  policy::Outcome click;
  click.name = "click";
  click.attribution_window = std::chrono::hours(24);
  route.outcomes = {click};
  return route;
}

/// Decisions of the last hours, in no order, each once.
std::string post_of(std::uint64_t items, const TokenKeys& keys, Random& random) {
  std::string body;
  for (std::uint64_t i = 0; i < items; ++i) {
    Decision decision;
    decision.route = name_hash("fraud");
    decision.version = name_hash(i % 2 == 0 ? "v1" : "v2");
    decision.unit = 1 + random.below(100'000);
    decision.nonce = random.next();
    decision.time = std::chrono::system_clock::now() - std::chrono::milliseconds(random.below(10'000'000));
    std::array<char, most_token_size> token{};
    const std::size_t size = write_token(decision, keys, token);
    body += "{\"decision\":\"" + std::string(token.data(), size) + "\",\"click\":1}\n";
  }
  return body;
}

TokenKeys some_keys() {
  TokenKey key;
  key.secret.fill(7);
  return TokenKeys(key);
}

void reading_a_post(benchmark::State& state) {
  Random random(1);
  const TokenKeys keys = some_keys();
  const std::string body = post_of(kItems, keys, random);
  for (auto _ : state) benchmark::DoNotOptimize(read_reports(body, "application/x-ndjson"));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kItems));
}
BENCHMARK(reading_a_post);

/// A store in a folder of its own, on the disk that holds /tmp.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("sluice-bench-" + std::to_string(::getpid()))) {
    std::filesystem::create_directory(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file() const { return (path_ / "sluice.db").string(); }

 private:
  std::filesystem::path path_;
};

state::LedgerBatch batch_of(std::size_t items, std::uint64_t spread_ms, Random& random) {
  state::LedgerBatch batch;
  for (std::size_t i = 0; i < items; ++i) {
    state::LedgerReport& report = batch.reports.emplace_back();
    report.decided_ms = 1'700'000'000'000 + static_cast<std::int64_t>(random.below(spread_ms));
    report.nonce = random.next();
    report.route = name_hash("fraud");
    report.version = name_hash(report.nonce % 2 == 0 ? "v1" : "v2");
    report.outcome = name_hash("click");
    report.unit = random.next();
    report.window = 3;
    report.delay_ms = static_cast<std::int64_t>(random.below(1'000'000));
    report.value = 1;
  }
  return batch;
}

void committing_to_the_ledger(benchmark::State& state) {
  const Folder folder;
  const auto store = state::make_sqlite_store({folder.file()}).value();
  const auto ledger = state::make_sqlite_ledger({folder.file()}).value();
  Random random(2);
  const auto items = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    const state::LedgerBatch batch = batch_of(items, 10'000'000, random);
    state.ResumeTiming();
    benchmark::DoNotOptimize(ledger->commit(batch));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(items));
}
BENCHMARK(committing_to_the_ledger)->Arg(1)->Arg(100)->Arg(1000)->Arg(10'000)->UseRealTime();

/// The worst: two million reports lie there, and new ones are about any moment of the last week.
void committing_to_a_large_ledger(benchmark::State& state) {
  constexpr std::uint64_t kWeek = 604'800'000;
  const Folder folder;
  const auto store = state::make_sqlite_store({folder.file()}).value();
  const auto ledger = state::make_sqlite_ledger({folder.file()}).value();
  Random random(4);
  for (int i = 0; i < 10; ++i) {
    state::LedgerBatch batch = batch_of(200'000, kWeek, random);
    std::sort(batch.reports.begin(), batch.reports.end(),
              [](const auto& a, const auto& b) { return a.decided_ms < b.decided_ms; });
    if (!ledger->commit(batch)) return state.SkipWithError("not kept");
  }
  for (auto _ : state) {
    state.PauseTiming();
    const state::LedgerBatch batch = batch_of(1000, kWeek, random);
    state.ResumeTiming();
    benchmark::DoNotOptimize(ledger->commit(batch));
  }
  state.SetItemsProcessed(state.iterations() * 1000);
  state.counters["bytes_per_report"] =
      static_cast<double>(std::filesystem::file_size(folder.file())) / static_cast<double>(ledger->size());
}
BENCHMARK(committing_to_a_large_ledger)->UseRealTime();

/// What a start waits for.
void adding_up_a_ledger(benchmark::State& state) {
  const Folder folder;
  const auto store = state::make_sqlite_store({folder.file()}).value();
  const auto ledger = state::make_sqlite_ledger({folder.file()}).value();
  Random random(5);
  state::LedgerBatch batch = batch_of(500'000, 10'000'000, random);
  for (state::LedgerReport& report : batch.reports) report.unit = 1 + report.nonce % 100'000;
  if (!ledger->commit(batch)) return state.SkipWithError("not kept");
  const auto catalogue = std::make_shared<const Catalogue>(std::vector{bench_route()});
  for (auto _ : state) {
    Tallies tallies(catalogue);
    benchmark::DoNotOptimize(
        ledger->read({[&](const auto& one) { tallies.add(one); }, [&](const auto& one) { tallies.add(one); },
                      [&](const auto& one) { tallies.add(one); }}));
  }
  state.SetItemsProcessed(state.iterations() * 500'000);
}
BENCHMARK(adding_up_a_ledger)->UseRealTime();

/// From the door to the answer, one post after the other; `posts` of them are on their way.
void from_door_to_answer(benchmark::State& state) {
  const Folder folder;
  const auto store = state::make_sqlite_store({folder.file()}).value();
  const auto ledger = state::make_sqlite_ledger({folder.file()}).value();
  const SystemClock clock;
  Intake intake(*ledger, clock);
  if (!intake.open() || !intake.set_routes({bench_route()})) return state.SkipWithError("no intake");
  intake.start({}, {});
  Random random(3);
  const auto items = static_cast<std::uint64_t>(state.range(0));
  const auto posts = static_cast<std::size_t>(state.range(1));
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<std::string> bodies(posts);
    for (std::string& body : bodies) body = post_of(items, *intake.keys(), random);
    std::vector<std::promise<Answer>> answers(posts);
    state.ResumeTiming();
    for (std::size_t i = 0; i < posts; ++i) {
      intake.submit({std::move(bodies[i]), "application/x-ndjson"},
                    [&promise = answers[i]](Answer answer) { promise.set_value(std::move(answer)); });
    }
    for (auto& answer : answers) {
      if (answer.get_future().get().status != 200) return state.SkipWithError("not taken");
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(items * posts));
}
BENCHMARK(from_door_to_answer)
    ->Args({1, 1})
    ->Args({1, 500})
    ->Args({100, 1})
    ->Args({1000, 1})
    ->Args({10'000, 1})
    ->UseRealTime();

}  // namespace
}  // namespace sluice::outcomes
