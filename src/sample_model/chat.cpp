#include "sample_model/chat.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "sluice/base/stable_hash.hpp"

namespace sluice::sample_model {
namespace {

using Ordered = nlohmann::ordered_json;

constexpr std::size_t words_said = 40;
constexpr std::size_t words_cut_short = 25;
constexpr std::uint64_t one_in_twenty = 20;

constexpr std::array<std::string_view, 32> vocabulary = {
    "river", "stone", "light",  "morning", "paper", "window", "garden", "bridge", "winter", "silver", "meadow",
    "cloud", "voice", "harbor", "candle",  "grain", "copper", "forest", "valley", "letter", "market", "pencil",
    "quiet", "round", "sudden", "travel",  "under", "violet", "wander", "yellow", "engine", "ladder"};

std::uint64_t bits_of(std::string_view prompt, std::string_view purpose, std::size_t place) {
  return stable_hash(stable_hash(stable_hash(0, prompt), purpose), std::to_string(place));
}

/// From 0 to 1, 1 excluded.
double as_share(std::uint64_t bits) {
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

}  // namespace

Result<std::string> read_prompt(std::string_view body) {
  const auto json = Ordered::parse(body, nullptr, false);
  const auto refuse = [](const char* why) { return fail(Error::client(why)); };
  if (!json.is_object()) return refuse("the body must be a JSON object");
  const auto messages = json.find("messages");
  if (messages == json.end() || !messages->is_array() || messages->empty()) {
    return refuse("\"messages\" must be an array with a message");
  }
  const auto& last = messages->back();
  if (!last.is_object() || !last.contains("content") || !last["content"].is_string()) {
    return refuse("the last message needs \"content\" as text");
  }
  return last["content"].get<std::string>();
}

std::string complete(const std::string& model, const std::string& variant, const std::string& prompt,
                     FaultInjector& faults) {
  const Noise noise = faults.faults().noise;
  const double drift = faults.faults().drift.fraction;
  const bool stops_short = drift >= 0.5;
  const std::size_t count = stops_short ? words_cut_short : words_said;
  std::vector<std::size_t> said;
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t word = bits_of(prompt, "said", i) % vocabulary.size();
    if (variant != "v1" && bits_of(prompt, "better", i) % one_in_twenty == 0) word += 1;
    if (as_share(bits_of(prompt, "drift", i)) < drift)
      word += 1 + bits_of(prompt, "other", i) % (vocabulary.size() - 2);
    said.push_back(word % vocabulary.size());
  }
  if (noise.sampling) {
    const auto place = static_cast<std::size_t>(faults.draw() * static_cast<double>(count));
    said[place] = (said[place] + 1 + static_cast<std::size_t>(faults.draw() * 30)) % vocabulary.size();
  }
  std::string text;
  for (const std::size_t word : said) text.append(text.empty() ? "" : " ").append(vocabulary[word]);

  Ordered out;
  out["id"] = "chatcmpl-" + (noise.id ? faults.next_id() : std::string("0"));
  out["object"] = "chat.completion";
  out["created"] = noise.timestamp ? 1'700'000'000 + faults.next_time() % 100'000'000 : 1'700'000'000;
  out["model"] = model + "-" + variant;
  out["choices"] = Ordered::array({{{"index", 0},
                                    {"message", {{"role", "assistant"}, {"content", text}}},
                                    {"finish_reason", stops_short ? "length" : "stop"}}});
  const auto asked = 1 + prompt.size() / 4;
  out["usage"] = {{"prompt_tokens", asked}, {"completion_tokens", count}, {"total_tokens", asked + count}};
  return out.dump(-1, ' ', false, Ordered::error_handler_t::replace);
}

}  // namespace sluice::sample_model
