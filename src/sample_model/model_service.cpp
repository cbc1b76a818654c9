#include "sample_model/model_service.hpp"

#include <nlohmann/json.hpp>

#include <charconv>

namespace sluice::sample_model {
namespace {

using Json = nlohmann::json;

/// Text as a JSON string; bytes that are no UTF-8 are replaced, so any target can be named in an error.
std::string json_text(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Reply error(unsigned status, std::string_view why) {
  return {status, "{\"error\":" + json_text(why) + '}', {}, {}};
}

Reply not_allowed(std::string_view allow) {
  auto reply = error(405, "use " + std::string(allow));
  reply.allow = allow;
  return reply;
}

template <typename Number>
void append(std::string& out, Number number) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  out.append(text, end).push_back(',');
}

/// Opens an output tensor; the values follow, each with a comma behind it, then `close_tensor`.
void open_tensor(std::string& out, std::string_view name, std::string_view datatype, std::string_view shape) {
  out.append("{\"name\":\"").append(name).append("\",\"datatype\":\"").append(datatype);
  out.append("\",\"shape\":[").append(shape).append("],\"data\":[");
}

void close_tensor(std::string& out) {
  out.back() = ']';  // over the last comma; a tensor is never empty
  out.append("},");
}

/// Splits `/rest` off the front of a path: the part up to the next slash.
std::string_view take_segment(std::string_view& path) {
  if (path.empty() || path.front() != '/') return {};
  path.remove_prefix(1);
  const auto segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

}  // namespace

ModelService::ModelService(std::string model, std::string version, Classifier classifier, FaultInjector faults)
    : model_(std::move(model)), version_(std::move(version)), classifier_(std::move(classifier)), faults_(faults) {}

Reply ModelService::answer(const Call& call) {
  const auto path = call.target.substr(0, call.target.find_first_of("?#"));
  if (path.ends_with("/infer")) return infer(call);
  if (call.method != "GET" && call.method != "HEAD") return not_allowed("GET, HEAD");
  return answer_get(path);
}

Reply ModelService::answer_get(std::string_view path) const {
  if (path == "/v2" || path == "/v2/") {
    return {200, R"({"name":"sluice-sample-model","version":"1","extensions":[]})", {}, {}};
  }
  if (path == "/v2/health/live") return {200, R"({"live":true})", {}, {}};
  if (path == "/v2/health/ready") return {200, R"({"ready":true})", {}, {}};
  constexpr std::string_view models = "/v2/models";
  if (path.starts_with(models)) return answer_model_get(path.substr(models.size()));
  return error(404, "no such path: " + std::string(path.substr(0, 256)));
}

Reply ModelService::answer_model_get(std::string_view rest) const {
  if (const auto model = take_segment(rest); model != model_) {
    return error(404, "unknown model \"" + std::string(model.substr(0, 64)) + "\"; this server has \"" + model_ + '"');
  }
  auto last = take_segment(rest);
  if (last == "versions") {
    if (const auto version = take_segment(rest); version != version_) {
      return error(
          404, "unknown version \"" + std::string(version.substr(0, 64)) + "\"; this server has \"" + version_ + '"');
    }
    last = take_segment(rest);
  }
  if (!rest.empty()) return error(404, "no such path");
  if (last.empty()) return {200, metadata(), {}, {}};
  if (last == "ready") return {200, Json{{"name", model_}, {"ready", true}}.dump(), {}, {}};
  return error(404, "no such path");
}

std::string ModelService::metadata() const {
  const Json image = {{"name", input_name}, {"datatype", "FP32"}, {"shape", {-1, image_pixels}}};
  const Json label = {{"name", label_name}, {"datatype", "INT64"}, {"shape", {-1}}};
  const Json probabilities = {{"name", probabilities_name}, {"datatype", "FP32"}, {"shape", {-1, digit_count}}};
  return Json{{"name", model_},
              {"versions", {version_}},
              {"platform", "sluice_softmax"},
              {"inputs", Json::array({image})},
              {"outputs", Json::array({label, probabilities})}}
      .dump();
}

Reply ModelService::infer(const Call& call) {
  const auto path = call.target.substr(0, call.target.find_first_of("?#"));
  // The path without "/infer" is the model's own, so its checks are the same.
  const auto prefix = path.substr(0, path.size() - std::string_view("/infer").size());
  if (auto found = answer_get(prefix); found.status != 200) return found;
  if (!prefix.starts_with("/v2/models/") || prefix.ends_with("/ready")) return error(404, "no such path");
  if (call.method != "POST") return not_allowed("POST");
  if (call.binary_tensors) return error(400, "binary tensors are not supported; send \"data\" as JSON");

  auto request = parse_inference_request(parser_, call.body);
  if (!request) return error(400, request.error().message);

  Reply reply;
  reply.delay = faults_.latency();
  if (faults_.next_fails()) {
    reply.status = 500;
    reply.body = R"({"error":"injected fault"})";
    return reply;
  }
  faults_.fade(request->pixels);

  const auto images = request->images();
  std::string labels;
  std::string probabilities;
  for (std::size_t index = 0; index < images; ++index) {
    const auto prediction = classifier_.predict(request->image(index));
    append(labels, most_likely(prediction));
    for (const auto probability : prediction) append(probabilities, probability);
  }
  const auto count = std::to_string(images);
  auto& out = reply.body;
  out.reserve(256 + labels.size() + probabilities.size());
  out.append("{\"model_name\":").append(json_text(model_));
  out.append(",\"model_version\":").append(json_text(version_));
  if (!request->id.empty()) out.append(",\"id\":").append(json_text(request->id));
  out.append(",\"outputs\":[");
  if (request->wants_label) {
    open_tensor(out, label_name, "INT64", count);
    out.append(labels);
    close_tensor(out);
  }
  if (request->wants_probabilities) {
    open_tensor(out, probabilities_name, "FP32", count + ",10");
    out.append(probabilities);
    close_tensor(out);
  }
  out.back() = ']';
  out.push_back('}');
  return reply;
}

}  // namespace sluice::sample_model
