#include "sluice/traffic/field.hpp"

#include "sluice/traffic/cookie.hpp"
#include "sluice/traffic/json_value.hpp"
#include "sluice/traffic/path.hpp"
#include "sluice/traffic/query_param.hpp"

namespace sluice::traffic {

Field Field::header(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return Field(Source::Header, std::move(lower));
}

Result<Field> Field::json_pointer(std::string_view pointer) {
  auto tokens = parse_json_pointer(pointer);
  if (!tokens) return fail(tokens.error());
  Field field(Source::JsonPointer, std::string(pointer));
  field.pointer_ = std::move(tokens).value();
  return field;
}

Field Field::model(std::string marker) {
  Field field(Source::Model, std::move(marker));
  field.pointer_ = {"model"};
  return field;
}

bool Field::awaits_body(const RequestView& request) const noexcept {
  if (!needs_body() || request.body.data() != nullptr) return false;
  return source_ == Source::JsonPointer || name_.empty() || segment_after(request.path, name_).data() == nullptr;
}

std::string_view Field::read(const RequestView& request, FieldBuffer& buffer) const noexcept {
  switch (source_) {
    case Source::Path:
      return request.path;
    case Source::Method:
      return request.method;
    case Source::Header:
      return request.field(name_);
    case Source::Cookie:
      return find_cookie(request.field("cookie"), name_);
    case Source::QueryParam:
      return find_query_param(request.query, name_, buffer.bytes);
    case Source::JsonPointer:
      return find_json_value(request.body, pointer_);
    case Source::Model:
      if (!name_.empty()) {
        if (const auto name = segment_after(request.path, name_); name.data() != nullptr) return name;
      }
      return find_json_value(request.body, pointer_);
    case Source::ClientAddress:
      return request.client_address;
  }
  return {};
}

}  // namespace sluice::traffic
