#include "sluice/app/errand_names.hpp"

#include <utility>

#include "sluice/upstream/name_service.hpp"

namespace sluice::app {

http::Fetcher::Resolve resolve_with(upstream::NameService& names) {
  return [&names](const std::string& host, std::function<void(Result<http::Fetcher::Addresses>)> done) {
    names.lookup(host, [done = std::move(done)](const upstream::NameAnswer& answer) {
      if (answer.addresses.empty()) return done(fail(Error::upstream(answer.error)));
      http::Fetcher::Addresses addresses;
      for (const auto& address : answer.addresses) addresses.push_back(address.to_string());
      done(std::move(addresses));
    });
  };
}

}  // namespace sluice::app
