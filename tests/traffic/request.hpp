#pragma once

#include <map>
#include <string>
#include <string_view>

#include "sluice/traffic/request_view.hpp"

namespace sluice::traffic {

/// A request in a test's words; `view()` is valid as long as it lives and stays unchanged.
struct Request {
  std::string method = "POST";
  std::string path = "/v2/models/fraud/infer";
  std::string query;
  std::string client_address = "10.0.0.1";
  std::map<std::string, std::string, std::less<>> headers;  // names in lower case
  std::string body;
  bool body_is_here = true;

  RequestView view() const {
    RequestView view;
    view.method = method;
    view.path = path;
    view.query = query;
    view.client_address = client_address;
    if (body_is_here) view.body = body;
    view.fields = &headers;
    view.find_field = [](const void* fields, std::string_view name) {
      const auto& all = *static_cast<const decltype(headers)*>(fields);
      const auto found = all.find(name);
      return found == all.end() ? std::string_view{} : std::string_view(found->second);
    };
    return view;
  }
};

inline Request to_path(std::string path) {
  Request request;
  request.path = std::move(path);
  return request;
}

inline Request with_header(std::string name, std::string value) {
  Request request;
  request.headers[std::move(name)] = std::move(value);
  return request;
}

inline Request with_body(std::string body) {
  Request request;
  request.body = std::move(body);
  return request;
}

}  // namespace sluice::traffic
