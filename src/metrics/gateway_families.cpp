// What has no route: client connections, the policy, the log, the process.
#include "sluice/base/log.hpp"
#include "sluice/metrics/families.hpp"
#include "sluice/metrics/process_stats.hpp"

namespace sluice::metrics {

namespace {

void add_client_connections(Families& page) {
  const GatewayTotals& totals = page.snapshot().gateway;
  page.single_gauge("connections_open", "Client connections.", static_cast<double>(totals.connections_open));
  page.single_counter("connections_accepted_total", "Client connections accepted.", totals.connections_accepted);
  page.single_counter("connections_refused_total", "Client connections closed at once because of the connection limit.",
                      totals.connections_refused);
  page.single_counter("connections_failed_total", "Client connections whose TLS handshake failed.",
                      totals.connections_failed);
  page.single_counter("received_bytes_total", "Bytes read from clients.", totals.bytes_received);
  page.single_counter("sent_bytes_total", "Bytes written to clients.", totals.bytes_sent);
}

void add_names(Families& page) {
  const NameTotals& totals = page.snapshot().names;
  Family& lookups = page.counter("dns_lookups_total", "Look-ups of endpoints' names, by how they ended.");
  for (std::size_t i = 0; i < kLookupResults; ++i) {
    const auto result = static_cast<LookupResult>(i);
    lookups.samples.push_back({{{"result", std::string(to_string(result))}}, static_cast<double>(totals.lookups[i])});
  }
  Family& names = page.gauge("dns_names", "Names behind dns:// endpoints, by what is known of them.");
  for (std::size_t i = 0; i < kNameStates; ++i) {
    const auto state = static_cast<NameState>(i);
    names.samples.push_back({{{"state", std::string(to_string(state))}}, static_cast<double>(totals.names[i])});
  }
}

void add_control(Families& page) {
  const Snapshot& snapshot = page.snapshot();
  page.single_gauge("config_last_reload_successful", "1 when the last policy was put in force, 0 when it was refused.",
                    snapshot.last_reload_successful ? 1 : 0);
  page.single_gauge("config_last_reload_success_timestamp_seconds", "When the policy in force was put in force.",
                    snapshot.last_reload_success_seconds);
  page.single_gauge("config_generation", "How many policies were put in force since the start.",
                    static_cast<double>(snapshot.generation));
  Family& reloads = page.counter("config_reloads_total", "Policies read, by what became of them.");
  reloads.samples.push_back({{{"result", "success"}}, static_cast<double>(snapshot.generation)});
  reloads.samples.push_back({{{"result", "failure"}}, static_cast<double>(snapshot.reload_failures)});
  page.single_gauge("workers", "Threads that carry requests.", static_cast<double>(snapshot.workers));
  Family& capped = page.gauge("capped_names", "Names in the policy that share the label _other.");
  capped.samples.push_back({{{"kind", "route"}}, static_cast<double>(snapshot.routes_capped)});
  capped.samples.push_back({{{"kind", "version"}}, static_cast<double>(snapshot.versions_capped)});
  const BuildInfo& build = snapshot.build;
  page.gauge("build_info", "Always 1; the labels say what is running.")
      .samples.push_back({{{"version", build.version}, {"revision", build.revision}, {"compiler", build.compiler}}, 1});
}

void add_log(Families& page) {
  page.single_counter("log_dropped_lines_total", "Log lines lost because the queue was full.", log::dropped_lines());
  page.single_counter("log_suppressed_lines_total", "Log lines that rate limits held back.", log::suppressed_lines());
}

/// The names that every Prometheus client uses, hence without our prefix.
void add_process(Families& page) {
  const auto stats = read_process_stats();
  if (!stats) return;
  page.plain("process_cpu_seconds_total", "User and system CPU time.", FamilyType::Counter)
      .samples.push_back({{}, stats->cpu_seconds});
  const auto gauge = [&](std::string_view name, std::string_view help, double value) {
    page.plain(name, help, FamilyType::Gauge).samples.push_back({{}, value});
  };
  gauge("process_start_time_seconds", "When the process began.", stats->start_time_seconds);
  gauge("process_resident_memory_bytes", "Memory in RAM.", static_cast<double>(stats->resident_bytes));
  gauge("process_virtual_memory_bytes", "Memory mapped.", static_cast<double>(stats->virtual_bytes));
  gauge("process_open_fds", "Open file descriptors.", static_cast<double>(stats->open_files));
  gauge("process_max_fds", "Most file descriptors that may be open.", static_cast<double>(stats->open_files_limit));
  gauge("process_threads", "Threads.", static_cast<double>(stats->threads));
}

}  // namespace

void add_gateway_families(Families& page) {
  add_client_connections(page);
  add_names(page);
  add_control(page);
  add_log(page);
  add_process(page);
}

}  // namespace sluice::metrics
