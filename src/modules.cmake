# The module table: one library per module, linked with exactly what its row allows.
#
#   sluice_module(NAME USES module... [EXTERNAL target...] [PCH header])
#
# PCH, below src/: the headers of others that cost the module most, precompiled.
#
# Sources are src/NAME/*.cpp, headers include/sluice/NAME/*.hpp. A module that has headers only (or nothing yet)
# becomes an INTERFACE library, so its row is enforced from its first file on.
function(sluice_module name)
  cmake_parse_arguments(ARG "" "PCH" "USES;EXTERNAL" ${ARGN})
  list(TRANSFORM ARG_USES PREPEND sluice_)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  if(sources)
    add_library(sluice_${name} STATIC ${sources})
    target_link_libraries(sluice_${name} PUBLIC sluice_options ${ARG_USES} ${ARG_EXTERNAL})
    if(ARG_PCH)
      target_precompile_headers(sluice_${name} PRIVATE ${CMAKE_SOURCE_DIR}/src/${ARG_PCH})
    endif()
  else()
    add_library(sluice_${name} INTERFACE)
    target_link_libraries(sluice_${name} INTERFACE sluice_options ${ARG_USES} ${ARG_EXTERNAL})
  endif()
endfunction()
