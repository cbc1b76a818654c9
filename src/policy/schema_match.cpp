#include "sluice/policy/rules.hpp"
#include "sluice/policy/schema.hpp"

namespace sluice::policy {

const Type& type_of(Tag<PathMatchType> /*tag*/) {
  static const Type type = enumeration<PathMatchType>(
      "PathMatchType", {{"Exact", "The whole path is equal."},
                        {"PathPrefix", "Whole segments: `/v2` matches `/v2` and `/v2/x`, not `/v2x`."},
                        {"RegularExpression", "The whole path matches (RE2 syntax)."}});
  return type;
}

const Type& type_of(Tag<ValueMatchType> /*tag*/) {
  static const Type type =
      enumeration<ValueMatchType>("ValueMatchType", {{"Exact", "The value is equal."},
                                                     {"Prefix", "The value begins so."},
                                                     {"RegularExpression", "The whole value matches (RE2 syntax)."},
                                                     {"Range", "The value is a number from `min` to `max`."}});
  return type;
}

const Type& type_of(Tag<PathMatch> /*tag*/) {
  static const Type type = [] {
    Declaration<PathMatch> d("PathMatch", "Compares the path of a request, without its query.");
    d.field("type", &PathMatch::type, "How it is compared.");
    d.field("value", &PathMatch::value, "What it is compared with.");
    d.rule(check_path_match);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<ValueMatch> /*tag*/) {
  static const Type type = [] {
    Declaration<ValueMatch> d("ValueMatch", "Compares one header, query parameter or cookie; absent ones never match.");
    d.field("name", &ValueMatch::name, "Which one; header names are compared without case.")
        .format(header_name_format)
        .required();
    d.field("type", &ValueMatch::type, "How it is compared.");
    d.field("value", &ValueMatch::value, "What it is compared with; not with Range.");
    d.field("min", &ValueMatch::min, "Smallest number that matches; only with Range.");
    d.field("max", &ValueMatch::max, "Largest number that matches; only with Range.");
    d.rule(check_value_match);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Match> /*tag*/) {
  static const Type type = [] {
    Declaration<Match> d("Match", "One way in which a request matches: all that is written must hold.");
    d.field("path", &Match::path, "The path.");
    d.field("headers", &Match::headers, "Headers; all of them.").items(1, 16);
    d.field("queryParams", &Match::query_params, "Query parameters; all of them.").items(1, 16);
    d.field("cookies", &Match::cookies, "Cookies; all of them.").items(1, 16);
    d.field("method", &Match::method, "The method, in upper case.").format(method_format);
    d.field("model", &Match::model, "The model that the request names, in its JSON body or its path.");
    d.rule(check_match);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Unit> /*tag*/) {
  static const Type type = [] {
    Declaration<Unit> d("Unit", "Who is bucketed and sticks to a version; exactly one source.");
    d.field("header", &Unit::name, "The value of this request header.")
        .format(header_name_format)
        .one_of("source")
        .selects(&Unit::source, UnitSource::Header)
        .starts_rollout();
    d.field("cookie", &Unit::name, "The value of this cookie.")
        .format(header_name_format)
        .one_of("source")
        .selects(&Unit::source, UnitSource::Cookie)
        .starts_rollout();
    d.field("queryParam", &Unit::name, "The value of this query parameter.")
        .one_of("source")
        .selects(&Unit::source, UnitSource::QueryParam)
        .starts_rollout();
    d.field("jsonPointer", &Unit::name, "A value in the JSON body, as an RFC 6901 pointer such as `/user/id`.")
        .format(json_pointer_format)
        .one_of("source")
        .selects(&Unit::source, UnitSource::JsonPointer)
        .starts_rollout();
    d.word("clientAddress", "The address of the client's connection.")
        .one_of("source")
        .selects(&Unit::source, UnitSource::ClientAddress)
        .starts_rollout();
    d.word("request", "Nobody sticks: every request is drawn on its own. The default.")
        .one_of("source")
        .selects(&Unit::source, UnitSource::Request)
        .starts_rollout();
    d.field("salt", &Unit::salt, "Mixed into the hash: another salt is another, independent assignment.")
        .starts_rollout();
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<PinAllow> /*tag*/) {
  static const Type type =
      enumeration<PinAllow>("PinAllow", {{"Nobody", "The header is stripped."},
                                         {"Everyone", "Any client may pin."},
                                         {"Matching", "Clients may whose request matches `when`."}});
  return type;
}

const Type& type_of(Tag<Pinning> /*tag*/) {
  static const Type type = [] {
    Declaration<Pinning> d("Pinning", "Who may choose a version with the request header `x-sluice-version`.");
    d.field("allow", &Pinning::allow, "Who may.");
    d.field("when", &Pinning::when, "Requests that may; any one is enough; only with Matching.").items(1, 16);
    d.rule(check_pinning);
    return d.finish();
  }();
  return type;
}

}  // namespace sluice::policy
