#include "sample_model/inference_request.hpp"

namespace sluice::sample_model {
namespace {

namespace dom = simdjson::dom;

constexpr std::int64_t max_images = 4096;

Failure<Error> refuse(std::string why) {
  return fail(Error::client(std::move(why)));
}

std::string quoted(std::string_view text) {
  return '"' + std::string(text.substr(0, 64)) + '"';
}

/// Optional text at `key`; refuses other types.
Result<std::string> text_at(dom::object object, std::string_view key) {
  dom::element element;
  if (object.at_key(key).get(element) != simdjson::SUCCESS) return std::string();
  std::string_view text;
  if (element.get(text) != simdjson::SUCCESS) return refuse(quoted(key) + " must be a string");
  return std::string(text);
}

/// The number of images that `shape` announces.
Result<std::int64_t> read_shape(dom::object input) {
  dom::array shape;
  if (input["shape"].get(shape) != simdjson::SUCCESS) return refuse("input \"image\": \"shape\" must be an array");
  std::int64_t sizes[2] = {};
  std::size_t rank = 0;
  for (auto size : shape) {
    std::int64_t value = 0;
    if (size.get(value) != simdjson::SUCCESS) return refuse("input \"image\": \"shape\" must hold integers");
    if (rank < 2) sizes[rank] = value;
    ++rank;
  }
  if (rank != 2 || sizes[1] != image_pixels) return refuse("input \"image\": shape must be [n, 64]");
  if (sizes[0] < 1 || sizes[0] > max_images) {
    return refuse("input \"image\": shape [" + std::to_string(sizes[0]) + ", 64] is outside 1 to " +
                  std::to_string(max_images) + " images");
  }
  return sizes[0];
}

/// Appends one pixel; refuses what is no number from 0 to 16.
Result<void> read_pixel(dom::element element, std::vector<float>& pixels) {
  double value = 0;
  if (element.get(value) != simdjson::SUCCESS) {
    return refuse("input \"image\": element " + std::to_string(pixels.size()) + " of \"data\" is not a number");
  }
  if (!(value >= 0 && value <= full_ink)) {
    return refuse("input \"image\": element " + std::to_string(pixels.size()) + " of \"data\" is outside 0 to 16");
  }
  pixels.push_back(static_cast<float>(value));
  return {};
}

/// Reads `data`, flat or as one array per image; never more than `expected` values.
Result<void> read_data(dom::array data, std::size_t expected, std::vector<float>& pixels) {
  const auto full = [&] { return pixels.size() == expected; };
  const auto too_many = [&] {
    return refuse("input \"image\": \"data\" holds more than the " + std::to_string(expected) + " values of its shape");
  };
  for (const auto element : data) {
    dom::array row;
    if (element.get(row) != simdjson::SUCCESS) {
      if (full()) return too_many();
      if (auto read = read_pixel(element, pixels); !read) return read;
      continue;
    }
    const auto before = pixels.size();
    for (const auto pixel : row) {
      if (full()) return too_many();
      if (auto read = read_pixel(pixel, pixels); !read) return read;
    }
    if (before % image_pixels != 0 || pixels.size() - before != image_pixels) {
      return refuse("input \"image\": every row of \"data\" must hold 64 values");
    }
  }
  if (!full()) {
    return refuse("input \"image\": \"data\" holds " + std::to_string(pixels.size()) + " values, its shape says " +
                  std::to_string(expected));
  }
  return {};
}

Result<void> read_input(dom::object input, std::vector<float>& pixels) {
  std::string_view name;
  if (input["name"].get(name) != simdjson::SUCCESS) return refuse("an input needs a \"name\"");
  if (name != input_name) return refuse("unknown input " + quoted(name) + "; the model takes \"image\"");
  std::string_view datatype;
  if (input["datatype"].get(datatype) != simdjson::SUCCESS) return refuse("input \"image\" needs a \"datatype\"");
  if (datatype != "FP32") return refuse("input \"image\": datatype must be FP32, not " + quoted(datatype));
  const auto images = read_shape(input);
  if (!images) return fail(images.error());
  dom::array data;
  if (input["data"].get(data) != simdjson::SUCCESS) return refuse("input \"image\": \"data\" must be an array");
  return read_data(data, static_cast<std::size_t>(*images) * image_pixels, pixels);
}

/// The optional list of outputs that the client wants.
Result<void> read_outputs(dom::object root, InferenceRequest& request) {
  dom::element element;
  if (root.at_key("outputs").get(element) != simdjson::SUCCESS) return {};
  dom::array outputs;
  if (element.get(outputs) != simdjson::SUCCESS) return refuse("\"outputs\" must be an array");
  if (outputs.size() == 0) return {};
  request.wants_label = request.wants_probabilities = request.wants_score = false;
  for (const auto output : outputs) {
    std::string_view name;
    if (output["name"].get(name) != simdjson::SUCCESS) return refuse("an output needs a \"name\"");
    if (name != label_name && name != probabilities_name && name != score_name) {
      return refuse("unknown output " + quoted(name) + "; the model gives \"label\", \"probabilities\" and \"score\"");
    }
    (name == label_name   ? request.wants_label
     : name == score_name ? request.wants_score
                          : request.wants_probabilities) = true;
  }
  return {};
}

}  // namespace

Result<InferenceRequest> parse_inference_request(dom::parser& parser, std::string_view body) {
  dom::element document;
  if (const auto error = parser.parse(body.data(), body.size()).get(document); error != simdjson::SUCCESS) {
    return refuse(std::string("the body is not JSON: ") + simdjson::error_message(error));
  }
  dom::object root;
  if (document.get(root) != simdjson::SUCCESS) return refuse("the body must be a JSON object");

  InferenceRequest request;
  auto id = text_at(root, "id");
  if (!id) return fail(id.error());
  request.id = std::move(*id);

  dom::array inputs;
  if (root["inputs"].get(inputs) != simdjson::SUCCESS) return refuse("\"inputs\" must be an array");
  if (inputs.size() != 1) return refuse("\"inputs\" must hold exactly one tensor, \"image\"");
  dom::object input;
  if (inputs.at(0).get(input) != simdjson::SUCCESS) return refuse("an input must be an object");
  if (auto read = read_input(input, request.pixels); !read) return fail(read.error());
  if (auto read = read_outputs(root, request); !read) return fail(read.error());
  return request;
}

}  // namespace sluice::sample_model
