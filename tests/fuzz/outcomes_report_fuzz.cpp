#include <cmath>
#include <cstdlib>
#include <string>

#include "sluice/outcomes/report.hpp"

// A post in any bytes, as JSON and as lines: within the bounds, and as a list each of whose items is readable or has a
// problem. The first byte says what the client calls it.

namespace {

using namespace sluice::outcomes;

void require(bool fact) {
  if (!fact) std::abort();
}

void check(const ReportItem& item) {
  require(item.decision.size() <= longest_report_text && item.unit.size() <= longest_report_text);
  require(item.values.size() <= most_values_per_item);
  if (item.problem.empty()) require(!item.decision.empty() && !item.values.empty());
  for (const ReportedValue& value : item.values) {
    require(!value.outcome.empty() && value.outcome.size() <= longest_report_text);
    require(std::isfinite(value.number));
    if (value.kind == ReportedValue::Kind::Boolean) require(value.number == 0 || value.number == 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto items = read_reports(body, data[0] % 2 == 0 ? "application/json" : "application/x-ndjson");
  if (!items) {
    require(!items.error().message.empty());
    return 0;
  }
  require(!items->empty() && items->size() <= most_report_items + 1);
  for (std::size_t i = 0; i < items->size(); ++i) {
    require((*items)[i].index == i);
    check((*items)[i]);
  }
  return 0;
}
