#pragma once

#include <string>
#include <string_view>

#include "sample_model/faults.hpp"
#include "sluice/base/result.hpp"

/// A language model of a hundred words: what it says hangs on the prompt and the variant alone, but for noise.
namespace sluice::sample_model {

/// The last message of a chat completion; the error is a sentence for the client.
Result<std::string> read_prompt(std::string_view body);

/// An answer of 40 words as OpenAI's `chat.completion`. v1 and v2 differ in about one word of twenty; v3 says as much
/// of something else as its drift is, and with a drift of half and more it also stops short. Noise: `id` and
/// `timestamp` are those of the protocol; `sampling` has one word said otherwise.
std::string complete(const std::string& model, const std::string& variant, const std::string& prompt,
                     FaultInjector& faults);

}  // namespace sluice::sample_model
