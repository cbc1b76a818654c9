# Writes a source with the bytes of files in it, plain and packed by gzip.
#
#   cmake -DGZIP=gzip -DOUTPUT=assets.cpp "-DFILES=NAME=PATH;NAME=PATH…" -P embed.cmake
#
# The bytes themselves are read by the assembler; that their hashes stand in the source is what has it compiled again
# when they change. Packed files stand beside OUTPUT.
cmake_minimum_required(VERSION 3.25)

function(type_of name out)
  if(name MATCHES "\\.html$")
    set(type "text/html; charset=utf-8")
  elseif(name MATCHES "\\.css$")
    set(type "text/css; charset=utf-8")
  elseif(name MATCHES "\\.m?js$")
    set(type "text/javascript; charset=utf-8")
  elseif(name MATCHES "\\.json$")
    set(type "application/json")
  elseif(name MATCHES "\\.svg$")
    set(type "image/svg+xml")
  elseif(name MATCHES "\\.png$")
    set(type "image/png")
  else()
    message(FATAL_ERROR "${name}: nobody knows what type a browser should take this for; say so in embed.cmake")
  endif()
  set(${out} "${type}" PARENT_SCOPE)
endfunction()

get_filename_component(folder ${OUTPUT} DIRECTORY)
list(SORT FILES)
set(blobs "")
set(symbols "")
set(rows "")
set(count 0)
foreach(file IN LISTS FILES)
  string(REGEX MATCH "^([^=]+)=(.+)$" unused "${file}")
  set(name ${CMAKE_MATCH_1})
  set(path ${CMAKE_MATCH_2})
  type_of(${name} type)
  set(packed ${folder}/asset_${count}.gz)
  execute_process(COMMAND ${GZIP} -9 -n -c ${path} OUTPUT_FILE ${packed} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${GZIP} cannot pack ${path}")
  endif()
  file(SHA256 ${path} hash)
  string(SUBSTRING ${hash} 0 32 hash)
  foreach(form raw gzip)
    set(bytes ${path})
    if(form STREQUAL "gzip")
      set(bytes ${packed})
    endif()
    set(symbol sluice_asset_${count}_${form})
    string(APPEND blobs "    .global ${symbol}\n    .hidden ${symbol}\n${symbol}:\n    .incbin \"${bytes}\"\n"
                        "    .global ${symbol}_end\n    .hidden ${symbol}_end\n${symbol}_end:\n")
    string(APPEND symbols "extern const char ${symbol}[];\nextern const char ${symbol}_end[];\n")
  endforeach()
  string(APPEND rows "      {\"${name}\", \"${type}\", \"${hash}\",\n"
                     "       bytes_between(sluice_asset_${count}_raw, sluice_asset_${count}_raw_end),\n"
                     "       bytes_between(sluice_asset_${count}_gzip, sluice_asset_${count}_gzip_end)},\n")
  math(EXPR count "${count} + 1")
endforeach()

file(WRITE ${OUTPUT} "// Made by src/admin/embed.cmake.
#include <array>

#include \"sluice/admin/assets.hpp\"

asm(R\"(
    .pushsection .rodata
${blobs}    .popsection
)\");

extern \"C\" {
${symbols}}

namespace sluice::admin {

namespace {

std::string_view bytes_between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

std::span<const Asset> dashboard_assets() noexcept {
  static const std::array<Asset, ${count}> assets{{
${rows}  }};
  return assets;
}

}  // namespace sluice::admin
")
