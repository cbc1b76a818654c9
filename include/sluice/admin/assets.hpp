#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "sluice/admin/page.hpp"

/// The dashboard's files, embedded when the program was compiled.
namespace sluice::admin {

/// One file below `dashboard/`, or of Chart.js.
struct Asset {
  std::string_view name;  ///< `main.js`, `chunks/helpers.segment.mjs`
  std::string_view content_type;
  std::string_view hash;  ///< of its bytes, in hexadecimal
  std::string_view raw;
  std::string_view gzip;
};

/// All of them, sorted by name.
std::span<const Asset> dashboard_assets() noexcept;

/// The file behind `/` or `/dashboard/NAME`; nullptr when the path is neither.
const Asset* asset_of(std::string_view path) noexcept;

/// The file, packed where the client takes that, or 304 when the client has it. Its ETag is strong, so it tells the
/// packed bytes from the others.
Page asset_page(const Asset& asset, const Request& request);

/// Whether `accept_encoding` lets a server answer with gzip.
bool takes_gzip(std::string_view accept_encoding) noexcept;

}  // namespace sluice::admin
