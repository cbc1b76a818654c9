#include "support/raw_client.hpp"

#include <stdexcept>

namespace sluice::test {

std::string request_text(std::string_view method, std::string_view target, std::string_view body,
                         const Fields& fields) {
  std::string text;
  text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: model.test\r\n");
  bool framed = false;
  for (const auto& [name, value] : fields) {
    text.append(name).append(": ").append(value).append("\r\n");
    framed |= same_ignoring_case(name, "content-length") || same_ignoring_case(name, "transfer-encoding");
  }
  if (!framed && (!body.empty() || method == "POST" || method == "PUT")) {
    text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  }
  return text.append("\r\n").append(body);
}

std::string chunked(std::string_view body, std::size_t chunk_size, const Fields& trailers) {
  std::string text;
  while (!body.empty()) {
    const auto piece = body.substr(0, chunk_size);
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    text.append(size).append(piece).append("\r\n");
    body.remove_prefix(piece.size());
  }
  text += "0\r\n";
  for (const auto& [name, value] : trailers) text.append(name).append(": ").append(value).append("\r\n");
  return text + "\r\n";
}

RawClient::RawClient(std::uint16_t port, int receive_buffer) : connection_(Connection::dial(port, receive_buffer)) {}

RawClient::RawClient(std::uint16_t port, const TlsIdentity& identity) : connection_(Connection::dial(port)) {
  connection_.become_tls_client(identity);
}

bool RawClient::send_byte_by_byte(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!send(bytes.substr(i, 1))) return false;
  }
  return true;
}

bool RawClient::send_cut_at(std::string_view bytes, const std::vector<std::size_t>& cuts) {
  std::size_t begin = 0;
  for (const auto cut : cuts) {
    if (!send(bytes.substr(begin, cut - begin))) return false;
    begin = cut;
  }
  return send(bytes.substr(begin));
}

HttpMessage RawClient::read_head() {
  auto head = reader_.read_head();
  if (!head) throw std::runtime_error("the connection ended before a response came");
  return *std::move(head);
}

HttpMessage RawClient::read_response(bool answers_head, bool keep_body) {
  std::vector<HttpMessage> interim;
  auto head = read_head();
  while (head.status() / 100 == 1) {
    interim.push_back(std::move(head));
    head = read_head();
  }
  head.interim = std::move(interim);
  reader_.read_response_body(head, answers_head, keep_body);
  return head;
}

HttpMessage RawClient::exchange(std::string_view request) {
  send(request);
  return read_response(request.starts_with("HEAD "));
}

HttpMessage RawClient::get(std::string_view target, const Fields& fields) {
  return exchange(request_text("GET", target, {}, fields));
}

HttpMessage RawClient::post(std::string_view target, std::string_view body, const Fields& fields) {
  return exchange(request_text("POST", target, body, fields));
}

bool RawClient::is_closed_by_peer(std::chrono::milliseconds patience) {
  try {
    return connection_.wait_for_close(patience);
  } catch (const TimedOut&) {
    return false;
  }
}

}  // namespace sluice::test
