#pragma once

#include <string>

#include "sluice/cli/admin_client.hpp"

/// Why a gateway did not do what was asked, with what to do about it: one sentence for whoever sits at the terminal.
namespace sluice::cli {

/// It could not be asked.
std::string with_remedy(const AdminClient::Problem& problem);

/// It refused. May ask it which routes there are, or what fits the moment, when a name or the moment was wrong;
/// `route` is the one that was asked about, empty: none.
std::string with_remedy(const AdminClient& client, const AdminClient::Answer& answer, const std::string& route = {});

/// Something else answered.
std::string not_an_admin_port(const AdminClient& client);

/// Whether it is of an admin port that there is no such thing, rather than of something else that listens there.
bool knows_no_such(const AdminClient::Answer& answer);

}  // namespace sluice::cli
