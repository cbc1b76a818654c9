// What c-ares says, as plain data. Of the name service alone.
#pragma once

#include <ares.h>

#include <string>

#include "sluice/upstream/name_answer.hpp"

namespace sluice::upstream {

FamilyAnswer failed_answer(std::string error);

/// The outcome of a question for one family; `found` may be null unless it succeeded.
FamilyAnswer read_answer(int status, const ares_addrinfo* found);

/// True when the name stands in the hosts file: then no server is asked, not even for the family that the file lacks.
/// `localhost` stands there always.
bool read_hosts_file(ares_channel channel, const std::string& host, FamilyAnswer& v4, FamilyAnswer& v6);

}  // namespace sluice::upstream
