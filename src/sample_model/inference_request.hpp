#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

#include "sample_model/classifier.hpp"

namespace sluice::sample_model {

/// The body of an Open Inference Protocol `infer` call, checked.
struct InferenceRequest {
  std::string id;             ///< empty when the client sent none
  std::vector<float> pixels;  ///< 64 per image, each from 0 to 16
  bool wants_label = true;
  bool wants_probabilities = true;
  bool wants_score = true;

  std::size_t images() const noexcept { return pixels.size() / image_pixels; }
  Image image(std::size_t index) const { return Image(pixels.data() + index * image_pixels, image_pixels); }
};

inline constexpr std::string_view input_name = "image";
inline constexpr std::string_view label_name = "label";
inline constexpr std::string_view probabilities_name = "probabilities";
inline constexpr std::string_view score_name = "score";

/// Reads and checks a body: exactly one input `image`, FP32, shape [n, 64], data flat or as rows. Never throws on any
/// bytes; the error is a sentence for the client. `parser` is kept between calls for its buffers.
Result<InferenceRequest> parse_inference_request(simdjson::dom::parser& parser, std::string_view body);

}  // namespace sluice::sample_model
