# How our own code is compiled: warnings are errors, sanitizers by preset, ccache where it is installed.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
  message(FATAL_ERROR "Sluice needs GCC 12 or newer; found ${CMAKE_CXX_COMPILER_VERSION}.")
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness is what lets ccache keep objects that use a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
endif()

# Everything Sluice compiles links this: warnings, sanitizers and the include path.
add_library(sluice_options INTERFACE)
target_include_directories(sluice_options INTERFACE ${CMAKE_SOURCE_DIR}/include)
target_compile_options(sluice_options INTERFACE -Wall -Wextra -Wpedantic -Werror $<$<NOT:$<CONFIG:Release>>:-fno-omit-frame-pointer>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(sluice_options INTERFACE -fpch-preprocess)
endif()

# Sanitizers change layouts, so they are set for the whole tree, not per target.
if(SLUICE_SANITIZE)
  add_compile_options(-fsanitize=${SLUICE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SLUICE_SANITIZE})
  if(SLUICE_SANITIZE MATCHES "undefined")
    # What each access to a member would check: they are half of what compiling costs, and most of what they would find
    # ends in AddressSanitizer's hands anyway.
    add_compile_options(-fno-sanitize=null,alignment,object-size,vptr,pointer-overflow)
  endif()
  # The added checks hide from GCC what was assigned where: its own manual says not to take this warning for an error then.
  add_compile_options(-Wno-maybe-uninitialized)
  if(SLUICE_SANITIZE MATCHES "thread")
    add_compile_options(-Wno-tsan)
  endif()
endif()

# Several sources of a target compiled as one file: what they include is read once, so a build from nothing takes less
# than half the time. Not for everyday work: one changed file compiles its neighbours again, and whether a file includes
# what it uses does not show. Names in unnamed namespaces must differ within a target.
option(SLUICE_UNITY "Compile sources of a target joined together" OFF)
if(SLUICE_UNITY)
  set(SLUICE_UNITY_BATCH 8 CACHE STRING "How many sources are compiled as one; 0: all of a target")
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE ${SLUICE_UNITY_BATCH})
  # Every joined source is an included file to the compiler, which warns of unnamed namespaces in included files.
  add_compile_options(-Wno-subobject-linkage)
endif()
