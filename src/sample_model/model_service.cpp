#include "sample_model/model_service.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

#include "sample_model/chat.hpp"

namespace sluice::sample_model {
namespace {

using Json = nlohmann::json;

/// Text as a JSON string; bytes that are no UTF-8 are replaced, so any target can be named in an error.
std::string json_text(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Reply error(unsigned status, std::string_view why) {
  return {status, "{\"error\":" + json_text(why) + '}', {}, {}, {}};
}

Reply success(std::string body) {
  return {200, std::move(body), {}, {}, {}};
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

/// A digit drawn by its probability.
int drawn(const Probabilities& probabilities, double draw) {
  int digit = 0;
  for (double below = probabilities[0]; digit + 1 < digit_count && draw >= below; below += probabilities[digit])
    ++digit;
  return digit;
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

ModelService::ModelService(std::string model, Repository repository, Duration load_time)
    : model_(std::move(model)), repository_(std::move(repository)), load_time_(load_time) {}

ModelService::ModelService(std::string model, const std::string& version, Classifier classifier, Faults faults)
    : ModelService(std::move(model), Repository({{version, std::make_shared<const Classifier>(std::move(classifier))}},
                                                {version, faults})) {}

Reply ModelService::answer(const Call& call) {
  const auto path = call.target.substr(0, call.target.find_first_of("?#"));
  constexpr std::string_view repository = "/v2/repository";
  if (path.starts_with(repository)) return answer_repository(path.substr(repository.size()), call);
  if (path.ends_with("/infer")) return infer(call);
  if (path == "/v1/chat/completions") return chat(call);
  if (call.method != "GET" && call.method != "HEAD") return not_allowed("GET, HEAD");
  return answer_get(path);
}

Reply ModelService::answer_get(std::string_view path) {
  if (path == "/v2" || path == "/v2/") {
    return success(R"({"name":"sluice-sample-model","version":"1","extensions":["model_repository"]})");
  }
  if (path == "/v2/health/live") return success(R"({"live":true})");
  if (path == "/v2/health/ready") {
    if (repository_.current() == nullptr) return {503, R"({"ready":false})", {}, {}, {}};
    return success(R"({"ready":true})");
  }
  constexpr std::string_view models = "/v2/models";
  if (path.starts_with(models)) return answer_model_get(path.substr(models.size()));
  return error(404, "no such path: " + std::string(path.substr(0, 256)));
}

Reply ModelService::answer_model_get(std::string_view rest) {
  if (const auto model = take_segment(rest); model != model_) {
    return error(404, "unknown model \"" + std::string(model.substr(0, 64)) + "\"; this server has \"" + model_ + '"');
  }
  const LoadedModel* loaded = repository_.current();
  auto last = take_segment(rest);
  if (last == "versions") {
    const auto version = take_segment(rest);
    if (loaded != nullptr && version != loaded->variant) {
      return error(404, "unknown version \"" + std::string(version.substr(0, 64)) + "\"; this server has \"" +
                            loaded->variant + '"');
    }
    last = take_segment(rest);
  }
  if (!rest.empty() || (!last.empty() && last != "ready")) return error(404, "no such path");
  if (loaded == nullptr) {
    return error(503, "model \"" + model_ + (repository_.is_loading() ? "\" is being loaded" : "\" is not loaded"));
  }
  return success(last.empty() ? metadata(*loaded) : Json{{"name", model_}, {"ready", true}}.dump());
}

Reply ModelService::answer_repository(std::string_view rest, const Call& call) {
  const bool is_index = rest == "/index";
  std::string_view action;
  if (!is_index) {
    if (take_segment(rest) != "models") return error(404, "no such path");
    const auto model = take_segment(rest);
    action = take_segment(rest);
    if (!rest.empty() || (action != "load" && action != "unload")) return error(404, "no such path");
    if (model != model_) {
      return error(404,
                   "unknown model \"" + std::string(model.substr(0, 64)) + "\"; this server has \"" + model_ + '"');
    }
  }
  if (call.method != "POST") return not_allowed("POST");
  if (is_index) return index(call.body);
  return action == "load" ? load(call.body) : unload();
}

Reply ModelService::index(std::string_view body) {
  const Json wish = body.empty() ? Json::object() : Json::parse(body, nullptr, false);
  if (!wish.is_object()) return error(400, "the body must be a JSON object");
  const auto ready = wish.find("ready");
  if (ready != wish.end() && !ready->is_boolean()) return error(400, "\"ready\" must be true or false");
  const LoadedModel* loaded = repository_.current();
  Json models = Json::array();
  if (loaded != nullptr || ready == wish.end() || !ready->get<bool>()) {
    models.push_back({{"name", model_},
                      {"version", loaded == nullptr ? "" : loaded->variant},
                      {"state", repository_.is_loading() ? "LOADING"
                                : loaded == nullptr      ? "UNAVAILABLE"
                                                         : "READY"},
                      {"reason", loaded == nullptr && !repository_.is_loading() ? "unloaded" : ""}});
  }
  return success(models.dump());
}

Reply ModelService::load(std::string_view body) {
  const auto request = read_load_request(body, repository_.usual());
  if (!request) return error(400, request.error().message);
  if (!repository_.variants().contains(request->variant)) {
    return error(400, "there is no variant \"" + request->variant.substr(0, 64) + '"');
  }
  auto reply = success("{}");
  reply.delay = load_time_;
  reply.then = repository_.begin_load(*request);
  return reply;
}

Reply ModelService::unload() {
  repository_.unload();
  return success("{}");
}

std::string ModelService::metadata(const LoadedModel& loaded) const {
  const Json image = {{"name", input_name}, {"datatype", "FP32"}, {"shape", {-1, image_pixels}}};
  const Json label = {{"name", label_name}, {"datatype", "INT64"}, {"shape", {-1}}};
  const Json probabilities = {{"name", probabilities_name}, {"datatype", "FP32"}, {"shape", {-1, digit_count}}};
  const Json score = {{"name", score_name}, {"datatype", "FP32"}, {"shape", {-1}}};
  return Json{{"name", model_},
              {"versions", {loaded.variant}},
              {"platform", "sluice_softmax"},
              {"inputs", Json::array({image})},
              {"outputs", Json::array({label, probabilities, score})}}
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
  LoadedModel& loaded = *repository_.current();  // answer_get() found it
  reply.delay = loaded.faults.latency();
  if (loaded.faults.next_fails()) {
    reply.status = 500;
    reply.body = R"({"error":"injected fault"})";
    return reply;
  }
  loaded.faults.fade(request->pixels);

  const auto images = request->images();
  std::string labels;
  std::string probabilities;
  std::string scores;
  std::string samples;
  const Noise noise = loaded.faults.faults().noise;
  for (std::size_t index = 0; index < images; ++index) {
    const auto prediction = loaded.classifier->predict(request->image(index));
    append(labels, most_likely(prediction));
    append(scores, *std::max_element(prediction.begin(), prediction.end()));
    if (noise.sampling) append(samples, drawn(prediction, loaded.faults.draw()));
    for (const auto probability : prediction) append(probabilities, probability);
  }
  const auto count = std::to_string(images);
  auto& out = reply.body;
  out.reserve(256 + labels.size() + probabilities.size());
  out.append("{\"model_name\":").append(json_text(model_));
  out.append(",\"model_version\":").append(json_text(loaded.variant));
  const std::string id = request->id.empty() && noise.id ? loaded.faults.next_id() : request->id;
  if (!id.empty()) out.append(",\"id\":").append(json_text(id));
  if (noise.timestamp) {
    out.append(",\"parameters\":{\"created\":").append(std::to_string(loaded.faults.next_time())).append("}");
  }
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
  if (request->wants_score) {
    open_tensor(out, score_name, "FP32", count);
    out.append(scores);
    close_tensor(out);
  }
  if (noise.sampling) {
    open_tensor(out, "sample", "INT64", count);
    out.append(samples);
    close_tensor(out);
  }
  out.back() = ']';
  out.push_back('}');
  return reply;
}

Reply ModelService::chat(const Call& call) {
  if (call.method != "POST") return not_allowed("POST");
  LoadedModel* const loaded = repository_.current();
  if (loaded == nullptr) return error(503, "model \"" + model_ + "\" is not loaded");
  const auto prompt = read_prompt(call.body);
  if (!prompt) return error(400, prompt.error().message);
  Reply reply;
  reply.delay = loaded->faults.latency();
  if (loaded->faults.next_fails()) {
    reply.status = 500;
    reply.body = R"({"error":"injected fault"})";
    return reply;
  }
  reply.body = complete(model_, loaded->variant, *prompt, loaded->faults);
  return reply;
}

}  // namespace sluice::sample_model
