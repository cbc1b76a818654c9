# The dashboard becomes part of the program: all files of dashboard/, and Chart.js from the distribution's package.

find_program(SLUICE_GZIP gzip REQUIRED)
find_path(SLUICE_CHART_JS chart.mjs PATHS /usr/share/javascript/chart.js NO_DEFAULT_PATH
          DOC "The folder with chart.mjs, as libjs-chart.js installs it")
set(SLUICE_CHART_JS_FILES chart.js=chart.mjs chunks/helpers.segment.mjs=chunks/helpers.segment.mjs)  # NAME=FILE
foreach(file IN LISTS SLUICE_CHART_JS_FILES)
  string(REGEX REPLACE "^.*=" "" file ${file})
  if(NOT EXISTS ${SLUICE_CHART_JS}/${file})
    message(FATAL_ERROR "Chart.js not found: the dashboard needs ${file} of the package libjs-chart.js, in "
                        "/usr/share/javascript/chart.js or where -DSLUICE_CHART_JS=FOLDER says. "
                        "Run deploy/install-deps.sh.")
  endif()
endforeach()

# sluice_embed_dashboard(TARGET): adds the source that holds the files.
function(sluice_embed_dashboard target)
  set(folder ${CMAKE_SOURCE_DIR}/dashboard)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/dashboard/assets.cpp)
  set(files "")
  set(paths "")
  file(GLOB_RECURSE own CONFIGURE_DEPENDS RELATIVE ${folder} ${folder}/*)
  list(FILTER own EXCLUDE REGEX "(^|/)\\.|~$")  # what editors leave behind
  foreach(name IN LISTS own)
    list(APPEND files ${name}=${folder}/${name})
    list(APPEND paths ${folder}/${name})
  endforeach()
  foreach(pair IN LISTS SLUICE_CHART_JS_FILES)
    string(REGEX MATCH "^(.+)=(.+)$" unused ${pair})
    list(APPEND files ${CMAKE_MATCH_1}=${SLUICE_CHART_JS}/${CMAKE_MATCH_2})
    list(APPEND paths ${SLUICE_CHART_JS}/${CMAKE_MATCH_2})
  endforeach()
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DGZIP=${SLUICE_GZIP} -DOUTPUT=${output} "-DFILES=${files}"
            -P ${CMAKE_SOURCE_DIR}/src/admin/embed.cmake
    DEPENDS ${paths} ${CMAKE_SOURCE_DIR}/src/admin/embed.cmake
    COMMENT "Packing the dashboard"
    VERBATIM)
  # By itself: what ccache cannot keep should not drag others along.
  set_source_files_properties(${output} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON SKIP_PRECOMPILE_HEADERS ON)
  target_sources(${target} PRIVATE ${output})
endfunction()
