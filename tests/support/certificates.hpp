#pragma once

#include <string>
#include <vector>

#include "support/connection.hpp"
#include "support/temp_dir.hpp"

namespace sluice::test {

/// A certification authority that lives as long as the test.
class Certificates {
 public:
  /// Makes the CA's own key and certificate with the openssl command; throws when that fails.
  explicit Certificates(std::string name = "test-ca");

  std::string ca_file() const { return (dir_ / "ca.pem").string(); }
  /// A key and a certificate for `name` (DNS name and 127.0.0.1), good for clients and servers.
  TlsIdentity issue(const std::string& name);

 private:
  void openssl(std::vector<std::string> arguments) const;

  TempDir dir_;
  int issued_ = 0;
};

}  // namespace sluice::test
