#include "sluice/upstream/name_answer.hpp"

#include <algorithm>

namespace sluice::upstream {

NameAnswer combine(const FamilyAnswer& v4, const FamilyAnswer& v6, bool v6_reachable, const NameServers& settings) {
  NameAnswer answer;
  answer.pause = settings.min_ttl;
  answer.v4_failed = v4.failed();
  answer.v6_failed = v6.failed();
  if (v4.failed()) {
    answer.error = v4.error;
  } else if (v6.failed()) {
    answer.error = v6.error;
  }
  for (const FamilyAnswer* family : {v6_reachable ? &v6 : &v4, v6_reachable ? &v4 : &v6}) {
    answer.addresses.insert(answer.addresses.end(), family->addresses.begin(), family->addresses.end());
  }
  if (answer.addresses.empty()) {
    answer.result = v4.failed() ? v4.result : v6.failed() ? v6.result : LookupResult::NoAddress;
    if (answer.error.empty()) answer.error = "the name has no address";
    return answer;
  }
  answer.result = LookupResult::Answered;
  const Duration longest = settings.max_ttl;
  answer.ttl = settings.bounded(std::min(v4.ttl.value_or(longest), v6.ttl.value_or(longest)));
  return answer;
}

}  // namespace sluice::upstream
