#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "sluice/admin/page.hpp"
#include "sluice/admin/readiness.hpp"

namespace sluice::admin {

/// What a request gets. Pure but for `metrics`, which is called for `/metrics` only; if it throws, the page is a 500.
/// `target` is the request target as it came, query included.
Page answer_probe(std::string_view method, std::string_view target, const Readiness& readiness,
                  const std::function<std::string()>& metrics);

}  // namespace sluice::admin
