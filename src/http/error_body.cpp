#include "sluice/http/error_body.hpp"

#include <charconv>
#include <cstring>

namespace sluice::http {

namespace {

/// Appends to a fixed buffer and remembers when something did not fit.
class Writer {
 public:
  explicit Writer(std::span<char> out) noexcept : out_(out) {}

  Writer& operator<<(std::string_view text) noexcept {
    if (text.size() > out_.size() - size_) {
      overflowed_ = true;
    } else if (!text.empty()) {
      std::memcpy(out_.data() + size_, text.data(), text.size());
      size_ += text.size();
    }
    return *this;
  }
  Writer& operator<<(std::uint64_t number) noexcept {
    char digits[20];
    const char* end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    return *this << std::string_view(digits, static_cast<std::size_t>(end - digits));
  }
  std::size_t size() const noexcept { return size_; }
  bool overflowed() const noexcept { return overflowed_; }

 private:
  std::span<char> out_;
  std::size_t size_ = 0;
  bool overflowed_ = false;
};

/// Text made harmless: printable ASCII only, and escaped where it stands inside a JSON string.
void write_text(Writer& out, std::string_view text, bool json) noexcept {
  for (const char c : text.substr(0, kMaxErrorMessage)) {
    const auto byte = static_cast<unsigned char>(c);
    if (json && (c == '"' || c == '\\')) {
      out << "\\" << std::string_view(&c, 1);
    } else if (byte < 0x20) {
      out << " ";
    } else {
      out << (byte < 0x7f ? std::string_view(&c, 1) : std::string_view("?"));
    }
  }
}

bool is_client_error(std::uint16_t status) noexcept {
  return status < 500;
}

std::string_view openai_type(std::uint16_t status) noexcept {
  if (status == 429) return "rate_limit_error";
  return is_client_error(status) ? "invalid_request_error" : "server_error";
}

std::string_view sagemaker_type(std::uint16_t status) noexcept {
  if (is_client_error(status)) return "ValidationError";
  return status == 500 ? "InternalFailure" : "ServiceUnavailable";
}

std::string_view vertex_status(std::uint16_t status) noexcept {
  switch (status) {
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    case 429:
      return "RESOURCE_EXHAUSTED";
    case 500:
      return "INTERNAL";
    case 501:
      return "UNIMPLEMENTED";
    case 502:
    case 503:
      return "UNAVAILABLE";
    case 408:
    case 504:
      return "DEADLINE_EXCEEDED";
    default:
      return is_client_error(status) ? "INVALID_ARGUMENT" : "UNKNOWN";
  }
}

void write_body(Writer& out, const ErrorResponse& response) noexcept {
  switch (response.style) {
    case ErrorStyle::Raw:
      write_text(out, response.message, false);
      out << "\n";
      return;
    case ErrorStyle::OpenInference:
    case ErrorStyle::KServeV1:
      out << "{\"error\":\"";
      write_text(out, response.message, true);
      out << "\"}";
      return;
    case ErrorStyle::OpenAI:
      out << "{\"error\":{\"message\":\"";
      write_text(out, response.message, true);
      out << "\",\"type\":\"" << openai_type(response.status) << "\",\"param\":null,\"code\":\"";
      write_text(out, response.reason, true);
      out << "\"}}";
      return;
    case ErrorStyle::SageMaker:
      out << "{\"Message\":\"";
      write_text(out, response.message, true);
      out << "\"}";
      return;
    case ErrorStyle::Vertex:
      out << "{\"error\":{\"code\":" << std::uint64_t{response.status} << ",\"message\":\"";
      write_text(out, response.message, true);
      out << "\",\"status\":\"" << vertex_status(response.status) << "\"}}";
      return;
  }
}

void write_field(Writer& out, std::string_view name, std::string_view value) noexcept {
  if (!value.empty()) out << name << ": " << value << "\r\n";
}

void write_head(Writer& out, const ErrorResponse& response, std::size_t body_size) noexcept {
  out << "HTTP/1.1 " << std::uint64_t{response.status} << " " << reason_phrase(response.status) << "\r\n";
  write_field(out, "date", response.date);
  write_field(out, "content-type", response.style == ErrorStyle::Raw ? "text/plain" : "application/json");
  out << "content-length: " << std::uint64_t{body_size} << "\r\n";
  if (response.style == ErrorStyle::SageMaker) write_field(out, "x-amzn-errortype", sagemaker_type(response.status));
  write_field(out, "x-sluice-error", response.reason);
  write_field(out, "x-sluice-version", response.version);
  write_field(out, "x-sluice-decision", response.decision);
  write_field(out, "allow", response.allow);
  if (response.request_id.size() <= kMaxErrorRequestId) write_field(out, "x-request-id", response.request_id);
  if (response.retry_after > 0) out << "retry-after: " << std::uint64_t{response.retry_after} << "\r\n";
  if (response.close) write_field(out, "connection", "close");
  out << "\r\n";
}

}  // namespace

std::size_t write_error_response(std::span<char> out, const ErrorResponse& response) noexcept {
  char body_buffer[1024];
  Writer body(body_buffer);
  write_body(body, response);
  Writer whole(out);
  write_head(whole, response, body.size());
  if (!response.to_head) whole << std::string_view(body_buffer, body.size());
  return body.overflowed() || whole.overflowed() ? 0 : whole.size();
}

std::string_view reason_phrase(std::uint16_t status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

}  // namespace sluice::http
