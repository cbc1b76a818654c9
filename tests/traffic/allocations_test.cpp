#include "allocations.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "request.hpp"
#include "sluice/traffic/route_table.hpp"

namespace {
thread_local std::size_t allocations = 0;
}

// Not inlined, or the compiler sees free() on what it believes comes from the library's operator new. The nothrow form
// too, because memory of either is given back by the same delete.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

namespace sluice::traffic {

std::size_t allocations_of_this_thread() noexcept {
  return allocations;
}

namespace {

TEST(Allocations, AreCounted) {
  const auto before = allocations_of_this_thread();
  const std::vector<std::string> texts(3, std::string(100, 'x'));
  EXPECT_EQ(allocations_of_this_thread() - before, 5u) << texts.size();
}

TEST(Allocations, AreNoneWhenARouteIsLookedUp) {
  std::vector<std::vector<Match>> routes;
  for (int i = 0; i < 100; ++i) {
    routes.push_back({Match({{Field::path(), TextTest::segments("/v2/models/" + std::to_string(i))},
                             {Field::query_param("q"), TextTest::exact("a b")}})});
  }
  const RouteTable table(std::move(routes));
  Request request = to_path("/v2/models/77/infer");
  request.query = "q=a+b";
  const auto view = request.view();
  const auto before = allocations_of_this_thread();
  const auto found = table.find(view);
  EXPECT_EQ(allocations_of_this_thread(), before);
  EXPECT_EQ(found, 77);
}

}  // namespace
}  // namespace sluice::traffic
