# Libraries from the distribution; nothing is vendored or downloaded. IMPORTED targets are SYSTEM by default,
# so their headers do not have to live up to our warnings.

find_package(Threads REQUIRED)

find_path(SLUICE_BOOST_INCLUDE boost/version.hpp)
if(NOT SLUICE_BOOST_INCLUDE)
  message(FATAL_ERROR "Boost headers not found. Run deploy/install-deps.sh; it installs Boost 1.81 or newer.")
endif()
file(STRINGS ${SLUICE_BOOST_INCLUDE}/boost/version.hpp SLUICE_BOOST_LINE REGEX "#define BOOST_VERSION [0-9]+")
string(REGEX MATCH "[0-9]+$" SLUICE_BOOST_NUMBER "${SLUICE_BOOST_LINE}")
if(SLUICE_BOOST_NUMBER LESS 108100)
  message(FATAL_ERROR "Sluice needs Boost 1.81 or newer, found ${SLUICE_BOOST_NUMBER} in ${SLUICE_BOOST_INCLUDE}. "
                      "Run deploy/install-deps.sh.")
endif()
add_library(sluice_boost INTERFACE IMPORTED)
target_include_directories(sluice_boost SYSTEM INTERFACE ${SLUICE_BOOST_INCLUDE})

find_package(OpenSSL 3 REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(simdjson REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED COMPONENTS core)
find_package(CLI11 REQUIRED)

find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)

if(SLUICE_TESTS)
  find_package(GTest REQUIRED)
endif()
if(SLUICE_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
