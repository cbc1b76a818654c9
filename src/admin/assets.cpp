#include "sluice/admin/assets.hpp"

#include <algorithm>
#include <string>

namespace sluice::admin {

namespace {

constexpr std::string_view kFolder = "/dashboard/";
/// Everything from here and nothing inline: what a name or a message holds can never become a script.
constexpr const char* kContentPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string_view without_spaces(std::string_view text) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

/// Takes what stands in front of the next comma.
std::string_view next_item(std::string_view& list) noexcept {
  const std::string_view item = list.substr(0, list.find(','));
  list.remove_prefix(std::min(item.size() + 1, list.size()));
  return without_spaces(item);
}

/// `q=0`, `q=0.000`.
bool says_never(std::string_view parameters) noexcept {
  const std::string_view weight = without_spaces(parameters);
  return (weight.starts_with("q=0") || weight.starts_with("Q=0")) &&
         weight.substr(3).find_first_not_of(".0") == std::string_view::npos;
}

/// RFC 9110, 13.1.2: for this the comparison is weak.
bool is_among(std::string_view etag, std::string_view list) noexcept {
  while (!list.empty()) {
    std::string_view item = next_item(list);
    if (item == "*") return true;
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item == etag) return true;
  }
  return false;
}

}  // namespace

bool takes_gzip(std::string_view accept_encoding) noexcept {
  bool any = false;
  while (!accept_encoding.empty()) {
    const std::string_view item = next_item(accept_encoding);
    const std::string_view coding = without_spaces(item.substr(0, item.find(';')));
    const bool is_wanted = item.find(';') == std::string_view::npos || !says_never(item.substr(item.find(';') + 1));
    if (coding == "gzip") return is_wanted;
    any = any || (coding == "*" && is_wanted);
  }
  return any;
}

const Asset* asset_of(std::string_view path) noexcept {
  std::string_view name = "index.html";
  if (path != "/") {
    if (!path.starts_with(kFolder)) return nullptr;
    name = path.substr(kFolder.size());
  }
  const auto assets = dashboard_assets();
  const auto found = std::find_if(assets.begin(), assets.end(), [&](const Asset& asset) { return asset.name == name; });
  return found == assets.end() ? nullptr : &*found;
}

Page asset_page(const Asset& asset, const Request& request) {
  const bool packed = takes_gzip(request.accept_encoding);
  const std::string etag = '"' + std::string(asset.hash) + (packed ? "-gzip\"" : "\"");
  Page page;
  page.content_type = asset.content_type;
  page.cache_control = "no-cache";  // asked for every time, sent when it has changed
  page.fields = {{"ETag", etag},
                 {"Vary", "Accept-Encoding"},
                 {"Content-Security-Policy", kContentPolicy},
                 {"Referrer-Policy", "no-referrer"}};
  if (is_among(etag, request.if_none_match)) {
    page.status = 304;
    return page;
  }
  if (packed) page.fields.emplace_back("Content-Encoding", "gzip");
  page.body = packed ? asset.gzip : asset.raw;
  return page;
}

}  // namespace sluice::admin
