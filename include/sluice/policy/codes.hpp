#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::policy {

/// Every kind of problem a policy can have. The text form (`E102`) is stable: it is searched for, filtered on and
/// linked to.
enum class Code : std::uint8_t {
  UnreadableFile,
  FileTooLarge,
  NotText,
  Syntax,
  TooDeep,
  AliasExpansion,
  BadAlias,
  Tag,
  MergeKey,
  BadKey,
  Empty,
  TooManyProblems,
  DuplicateKey,
  UnknownField,
  MissingField,
  WrongType,
  MissingUnit,
  BadUnit,
  OutOfBounds,
  UnknownValue,
  BadFormat,
  OneOf,
  ItemCount,
  Uncompilable,
  ReservedName,
  DuplicateName,
  UnknownVersion,
  SameVersion,
  DuplicateMatch,
  SecondGateway,
  UnknownMetric,
  MetricUnit,
  DeadlineOrder,
  BadEndpoint,
  IncompleteTls,
  DuplicateAddress,
  NoStrategy,
  NotTogether,
  NeedsAnother,
  WeightAboveMaximum,
  WeightNotAscending,
  Unreachable,
  MirroredLive,
  UnknownOutcome,
  ShareTooLarge,
  NothingMoves,
  NoSteps,
  OtherServers,
  UnknownSegment,
  UnusedVersion,
  SharedEndpoint,
  Unverified,
  LateDeadline,
  NoEffect,
  BlindStep,
  Inactive,
};

/// What a code means, for docs/error-codes.md.
struct CodeInfo {
  Code code;
  std::string_view id;       ///< `E102`, or `W401` for a warning
  std::string_view title;    ///< a few words
  std::string_view meaning;  ///< why it is a problem and what to do
};

/// All codes in the order of their ids.
std::span<const CodeInfo> all_codes() noexcept;

const CodeInfo& info(Code code) noexcept;

}  // namespace sluice::policy
