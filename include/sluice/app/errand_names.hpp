#pragma once

#include "sluice/http/fetch.hpp"

namespace sluice::upstream {
class NameService;
}

namespace sluice::app {

/// Lets the fetcher look names up where endpoints do, by the policy's `dns`. `names` lives until the fetcher has
/// stopped; when it stops earlier, look-ups run into the timeout of their request.
http::Fetcher::Resolve resolve_with(upstream::NameService& names);

}  // namespace sluice::app
