// Precompiled by the end-to-end tests: the headers that cost most and change never.
#pragma once

#include <nlohmann/json.hpp>

#include "support/gtest_pch.hpp"
