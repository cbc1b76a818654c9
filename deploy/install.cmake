# What `cmake --install` puts where, below the prefix. With the prefix /usr it is what the Debian package has, and the
# policy is in /etc; with another one it is in etc below the prefix, and the unit says so.
include(GNUInstallDirs)

install(TARGETS sluice RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# The prefix may be another one at the time of installing, so the unit is written then.
install(CODE "
  set(source \"${CMAKE_SOURCE_DIR}/deploy\")
  set(bindir \"${CMAKE_INSTALL_BINDIR}\")
  set(made \"${CMAKE_BINARY_DIR}/installed/sluice.service\")
  set(made_changelog \"${CMAKE_BINARY_DIR}/installed/changelog.gz\")")
install(CODE [[
  get_filename_component(prefix "${CMAKE_INSTALL_PREFIX}" ABSOLUTE)
  if(prefix STREQUAL "/usr")
    set(etc /etc)
  else()
    set(etc "${prefix}/etc")
  endif()
  file(READ "${source}/sluice.service" unit)
  string(REPLACE "/usr/bin/sluice" "${prefix}/${bindir}/sluice" unit "${unit}")
  string(REPLACE "/etc/sluice" "${etc}/sluice" unit "${unit}")
  string(REPLACE "/usr/share" "${prefix}/share" unit "${unit}")
  file(WRITE "${made}" "${unit}")
  file(INSTALL "${made}" DESTINATION "${prefix}/lib/systemd/system")
  # What Debian wants of a package; elsewhere the licence itself.
  if(prefix STREQUAL "/usr")
    execute_process(COMMAND gzip -9nc "${source}/debian/changelog" OUTPUT_FILE "${made_changelog}" COMMAND_ERROR_IS_FATAL ANY)
    file(INSTALL "${made_changelog}" DESTINATION /usr/share/doc/sluice)
  else()
    file(INSTALL "${source}/../LICENSE" DESTINATION "${prefix}/share/doc/sluice")
  endif()
  # A policy that somebody has written is not overwritten, but for a package, where dpkg asks.
  if(DEFINED ENV{DESTDIR} OR NOT EXISTS "${etc}/sluice/policy/gateway.yaml")
    file(INSTALL "${source}/debian/gateway.yaml" DESTINATION "${etc}/sluice/policy")
  endif()
]])

# Completions and the manual page are what the program itself says.
install(CODE "set(program \"$<TARGET_FILE:sluice>\")")
install(CODE [[
  if(prefix STREQUAL "/usr")
    set(zsh share/zsh/vendor-completions)
  else()
    set(zsh share/zsh/site-functions)
  endif()
  get_filename_component(made_folder "${made}" DIRECTORY)
  foreach(place "bash share/bash-completion/completions sluice" "zsh ${zsh} _sluice" "fish share/fish/vendor_completions.d sluice.fish")
    separate_arguments(words UNIX_COMMAND "${place}")
    list(GET words 0 shell)
    list(GET words 1 folder)
    list(GET words 2 name)
    file(MAKE_DIRECTORY "${made_folder}/${shell}")
    execute_process(COMMAND "${program}" completion ${shell} OUTPUT_FILE "${made_folder}/${shell}/${name}" COMMAND_ERROR_IS_FATAL ANY)
    file(INSTALL "${made_folder}/${shell}/${name}" DESTINATION "${prefix}/${folder}")
  endforeach()
  execute_process(COMMAND "${source}/man-page.sh" "${program}" OUTPUT_FILE "${made_folder}/sluice.1" COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND gzip -9nf "${made_folder}/sluice.1" COMMAND_ERROR_IS_FATAL ANY)
  file(INSTALL "${made_folder}/sluice.1.gz" DESTINATION "${prefix}/share/man/man1")
]])

install(FILES README.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/sluice)
install(FILES deploy/debian/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/sluice)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/sluice)
install(DIRECTORY config/ DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/sluice/examples FILES_MATCHING PATTERN "*.yaml" PATTERN quickstart EXCLUDE)
install(FILES deploy/prometheus/rules.yaml deploy/grafana/sluice.json DESTINATION ${CMAKE_INSTALL_DATADIR}/sluice OPTIONAL)
