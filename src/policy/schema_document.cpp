#include <array>

#include "sluice/policy/schema.hpp"

namespace sluice::policy {

const Type& type_of(Tag<ApiVersion> /*tag*/) {
  static const Type type = enumeration<ApiVersion>("ApiVersion", {{"sluice.dev/v1", "The only version there is."}});
  return type;
}

const Type& type_of(Tag<GatewayKind> /*tag*/) {
  static const Type type = enumeration<GatewayKind>("GatewayKind", {{"Gateway", "The process."}});
  return type;
}

const Type& type_of(Tag<ModelRouteKind> /*tag*/) {
  static const Type type = enumeration<ModelRouteKind>("ModelRouteKind", {{"ModelRoute", "One model."}});
  return type;
}

const Type& type_of(Tag<Metadata> /*tag*/) {
  static const Type type = [] {
    Declaration<Metadata> d("Metadata", "What a document is called.");
    d.field("name", &Metadata::name, "Name of the gateway or route; the `route` label of every metric.")
        .format(name_format)
        .required()
        .starts_rollout();
    d.field("labels", &Metadata::labels, "For your own tools; Sluice gives them no meaning.").items(0, 64);
    d.field("annotations", &Metadata::annotations, "For your own tools; Sluice gives them no meaning.").items(0, 64);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<GatewayDocument> /*tag*/) {
  static const Type type = [] {
    using Document = GatewayDocument;
    Declaration<Document> d("GatewayDocument",
                            "The process: at most one such document; without one every default holds.");
    d.field("apiVersion", &Document::api_version, "Version of the schema.").required();
    d.field("kind", &Document::kind, "Which kind of document this is.").required();
    d.field("metadata", &Document::metadata, "What the gateway is called; `default` when absent.");
    d.field("spec", &Document::spec, "The settings of the process.");
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<ModelRouteDocument> /*tag*/) {
  static const Type type = [] {
    using Document = ModelRouteDocument;
    Declaration<Document> d("ModelRouteDocument", "One model: what reaches it, its versions, and who gets which.");
    d.field("apiVersion", &Document::api_version, "Version of the schema.").required();
    d.field("kind", &Document::kind, "Which kind of document this is.").required();
    d.field("metadata", &Document::metadata, "What the route is called.").required();
    d.field("spec", &Document::spec, "The route.").required();
    return d.finish();
  }();
  return type;
}

std::span<const Type* const> document_types() {
  static const std::array types{&type_of(Tag<GatewayDocument>{}), &type_of(Tag<ModelRouteDocument>{})};
  return types;
}

}  // namespace sluice::policy
