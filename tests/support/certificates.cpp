#include "support/certificates.hpp"

#include <stdexcept>
#include <vector>

#include "support/child_process.hpp"

namespace sluice::test {

Certificates::Certificates(std::string name) {
  openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
           "/CN=" + name, "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", (dir_ / "ca.key").string(), "-out",
           ca_file()});
}

TlsIdentity Certificates::issue(const std::string& name) {
  const auto base = (dir_ / ("issued" + std::to_string(issued_++))).string();
  openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=" + name,
           "-addext", "subjectAltName=DNS:" + name + ",IP:127.0.0.1", "-keyout", base + ".key", "-out", base + ".csr"});
  openssl({"x509", "-req", "-in", base + ".csr", "-CA", ca_file(), "-CAkey", (dir_ / "ca.key").string(),
           "-CAcreateserial", "-days", "2", "-copy_extensions", "copyall", "-out", base + ".pem"});
  return {.certificate_file = base + ".pem", .key_file = base + ".key", .ca_file = ca_file(), .server_name = name};
}

void Certificates::openssl(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), "openssl");
  const auto finished = run(std::move(arguments));
  if (finished.exit.code != 0) throw std::runtime_error("openssl: " + finished.err);
}

}  // namespace sluice::test
