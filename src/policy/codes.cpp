#include "sluice/policy/codes.hpp"

#include <array>
#include <cstddef>

namespace sluice::policy {
namespace {

constexpr std::array table{
    // The file itself
    CodeInfo{Code::UnreadableFile, "E001", "file cannot be read",
             "The path does not exist, is not a file or directory, or may not be opened by this user."},
    CodeInfo{Code::FileTooLarge, "E002", "file too large",
             "A policy file has at most 1 MiB. Split it: a directory of files is one policy."},
    CodeInfo{
        Code::NotText, "E003", "not UTF-8 text",
        "A byte is not valid UTF-8, or is a control character. Save the file as UTF-8; a tab may stand only inside a "
        "value."},
    CodeInfo{
        Code::Syntax, "E004", "not valid YAML",
        "The YAML parser stopped here, so nothing after this place was read. Most often: wrong indentation, a missing "
        "blank after a colon, or a bracket or quote that is never closed."},
    CodeInfo{Code::TooDeep, "E005", "nested too deep",
             "Lists and mappings nest at most 64 levels; no policy needs more than 16."},
    CodeInfo{Code::AliasExpansion, "E006", "aliases expand too much",
             "With every alias written out, a document may have at most ten times the nodes that it has as written."},
    CodeInfo{
        Code::BadAlias, "E007", "alias to nowhere",
        "An alias (`*name`) refers to an anchor (`&name`) that stands earlier in the same document, and not around "
        "the alias itself."},
    CodeInfo{Code::Tag, "E008", "tag",
             "Tags such as `!!str` or `!custom` mean nothing in a policy. Use quotes for text."},
    CodeInfo{
        Code::MergeKey, "E009", "merge key",
        "`<<` is not part of YAML 1.2 and hides where a value comes from. Write the fields out, or use an alias for "
        "a whole value."},
    CodeInfo{Code::BadKey, "E010", "key is not a word", "The key of a mapping must be a plain or quoted word."},
    CodeInfo{Code::Empty, "E011", "no policy",
             "There is no document at all: an empty file, only comments, or a directory without *.yaml files."},
    CodeInfo{Code::TooManyProblems, "E012", "too many problems",
             "After 1000 problems the rest of a file is not looked at. It is probably not a policy."},
    // One field
    CodeInfo{Code::DuplicateKey, "E101", "duplicate key",
             "The same key stands twice in one mapping. Most YAML readers would silently keep one of the two."},
    CodeInfo{
        Code::UnknownField, "E102", "unknown field",
        "No such field exists here. Look for a spelling mistake or for wrong indentation: the field may belong one "
        "level up or down."},
    CodeInfo{Code::MissingField, "E103", "missing field", "The field has no default and must be written."},
    CodeInfo{
        Code::WrongType, "E104", "wrong type",
        "Another kind of value is needed. Only `true` and `false` are booleans, and what stands in quotes is always "
        "text. A key with nothing after it has no value: write `{}` for \"all defaults\", or remove the key."},
    CodeInfo{Code::MissingUnit, "E105", "missing unit",
             "A bare number stands where a unit belongs. Durations take ms, s, m, h, d; sizes B, KiB, MiB, GiB, TiB; "
             "shares %."},
    CodeInfo{Code::BadUnit, "E106", "not a value of this kind",
             "The text cannot be read as the duration, size, share, number or address that is needed here."},
    CodeInfo{Code::OutOfBounds, "E107", "out of bounds",
             "The value lies outside the bounds of the field, which the reference lists."},
    CodeInfo{Code::UnknownValue, "E108", "unknown value",
             "The field takes one of a few words, spelled exactly like this."},
    CodeInfo{Code::BadFormat, "E109", "malformed text",
             "The text is not the name, URL, header name, JSON pointer or other form that the field needs."},
    CodeInfo{
        Code::OneOf, "E110", "not exactly one",
        "Exactly one of several fields must be written, for example exactly one strategy, one source of a unit, one "
        "action of a step."},
    CodeInfo{Code::ItemCount, "E111", "too few or too many items",
             "The list is shorter or longer than the field allows."},
    CodeInfo{
        Code::Uncompilable, "E112", "cannot be compiled",
        "The data plane cannot make use of this: most often a regular expression that is not valid RE2 syntax, which "
        "has no look-around and no back-references."},
    CodeInfo{Code::ReservedName, "E113", "name is taken",
             "The name has a meaning of its own here that nobody may change, such as a header field that frames a "
             "request."},
    // Fields together
    CodeInfo{Code::DuplicateName, "E201", "duplicate name",
             "Routes in a policy, and versions, outcomes, segments, variants, arms and candidates in a route, have "
             "names of their "
             "own; a failure stands in `retry.on` once, a pointer, tensor or field of `compare` once in its list."},
    CodeInfo{Code::UnknownVersion, "E202", "unknown version", "The name is not one of the route's `versions`."},
    CodeInfo{Code::SameVersion, "E203", "one version in two roles",
             "Stable and candidate, or active and preview, must be different versions."},
    CodeInfo{Code::DuplicateMatch, "E204", "same match twice",
             "Two routes or segments have the same match, so one of them could never get such a request."},
    CodeInfo{Code::SecondGateway, "E205", "second Gateway", "A policy has at most one document of kind Gateway."},
    CodeInfo{Code::UnknownMetric, "E206", "unknown metric",
             "A check names a built-in metric, one of the route's outcomes, or any name together with `prometheus`."},
    CodeInfo{Code::MetricUnit, "E207", "wrong unit for this metric",
             "Rates are limited by shares (`1%`), latencies by durations (`250ms`), everything else by bare numbers."},
    CodeInfo{
        Code::DeadlineOrder, "E208", "deadlines out of order",
        "A part cannot be given more time than the whole: connect ≤ backendRequest ≤ request, a health check's timeout "
        "< "
        "its interval; and a longest time is not shorter than the shortest: base ≤ max, baseTime ≤ maxTime, minTtl ≤ "
        "maxTtl."},
    CodeInfo{Code::BadEndpoint, "E209", "malformed endpoint",
             "An endpoint is `http://host:port`, `https://host:port` or, for every address behind a name, "
             "`dns://name:port`; without path, query or user name."},
    CodeInfo{Code::IncompleteTls, "E210", "half a certificate",
             "A certificate needs its key and a key its certificate; TLS settings need an https:// endpoint."},
    CodeInfo{Code::DuplicateAddress, "E211", "address used twice",
             "Two listeners cannot share an address and port, and a version needs each endpoint only once."},
    CodeInfo{Code::NoStrategy, "E212", "several versions, no strategy",
             "With more than one version a strategy must say who gets what. A plain split is `abTest` without "
             "`primaryMetric`."},
    CodeInfo{Code::NotTogether, "E213", "fields exclude each other", "The two fields contradict each other."},
    CodeInfo{Code::NeedsAnother, "E214", "field needs another", "The field means something only with another one."},
    // Strategies
    CodeInfo{Code::WeightAboveMaximum, "E301", "weight above the maximum",
             "Before it is promoted a candidate never gets more than `maxWeight`, which is at most 50."},
    CodeInfo{Code::WeightNotAscending, "E302", "weights do not ascend",
             "Each `setWeight` is larger than the one before: a unit that is in stays in."},
    CodeInfo{Code::Unreachable, "E303", "cannot be reached", "This share or step can never come into effect."},
    CodeInfo{Code::MirroredLive, "E304", "live version is mirrored",
             "The version that answers every request is also a shadow candidate and would get each request twice."},
    CodeInfo{Code::UnknownOutcome, "E305", "unknown outcome", "The name is not one of the route's `outcomes`."},
    CodeInfo{Code::ShareTooLarge, "E306", "shares exceed 100 %", "The minimum shares of all arms must fit into 100 %."},
    CodeInfo{Code::NothingMoves, "E307", "nothing can move",
             "With `maxUnavailable: 0` and `maxSurge: 0` no instance can ever be replaced."},
    CodeInfo{Code::NoSteps, "E308", "nothing to do", "A canary needs `steps` with a `setWeight`, or `pace: Evidence`."},
    CodeInfo{Code::OtherServers, "E309", "not the same servers",
             "With `replace: ModelRepository` a server goes on with another model: stable and candidate name the same "
             "endpoints, in the same order."},
    CodeInfo{Code::UnknownSegment, "E310", "unknown segment", "The name is not one of the route's `segments`."},
    // Warnings
    CodeInfo{Code::UnusedVersion, "W401", "version gets no traffic",
             "The version is declared, but the strategy does not mention it."},
    CodeInfo{Code::SharedEndpoint, "W402", "endpoint in two versions",
             "The same address serves two versions, so their numbers describe one server."},
    CodeInfo{Code::Unverified, "W403", "certificate not verified",
             "With `insecureSkipVerify` anyone on the way can read and change the traffic."},
    CodeInfo{Code::LateDeadline, "W404", "deadline never reached",
             "Another deadline always ends the wait before this one."},
    CodeInfo{
        Code::NoEffect, "W405", "setting has no effect",
        "Another setting keeps this one from ever acting. Remove one of the two, or change what the message names."},
    CodeInfo{Code::BlindStep, "W406", "step sees too little",
             "At this rate a step of the rollout is over before it notices what it seems to guard against. Only with "
             "`sluice check --rate`. Give it a pause, a larger share, or a check; `sluice plan` shows the numbers."},
    // Not yet
    CodeInfo{
        Code::Inactive, "E901", "does not act yet",
        "The field is part of the schema and has been checked, but this version of Sluice does not do it. "
        "`sluice check` says so as a warning; `sluice serve` refuses the policy, because nothing in a policy is ever "
        "silently ignored."},
};

constexpr bool complete() {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].code != static_cast<Code>(i)) return false;
  }
  return table.size() == static_cast<std::size_t>(Code::Inactive) + 1;
}
static_assert(complete(), "one entry per code, in the order of the enumeration");

}  // namespace

std::span<const CodeInfo> all_codes() noexcept {
  return table;
}

const CodeInfo& info(Code code) noexcept {
  return table[static_cast<std::size_t>(code)];
}

}  // namespace sluice::policy
