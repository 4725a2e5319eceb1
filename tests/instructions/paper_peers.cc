#include "tests/instructions/paper_peers.h"

#include "core/check.h"

namespace ringway::paper {

namespace {

constexpr std::size_t large = 65'536;

std::string get(std::string_view fields = "") {
    return "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n" + std::string{fields} + "\r\n";
}

std::string answer_of(std::size_t bytes) {
    return "HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Fri, 20 Nov 2026 12:00:00 "
           "GMT\r\nContent-Length: " +
           std::to_string(bytes) + "\r\nContent-Type: text/plain\r\n\r\n" + std::string(bytes, 'x');
}

// In chunks of 8 KiB.
std::string chunked_answer_of(std::size_t bytes) {
    std::string answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t i = 0; i < bytes; i += 8'192) {
        answer += "2000\r\n" + std::string(8'192, 'x') + "\r\n";
    }
    return answer + "0\r\n\r\n";
}

constexpr std::string_view browser_fields =
    "Connection: keep-alive\r\n"
    "sec-ch-ua: \"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\"\r\n"
    "sec-ch-ua-mobile: ?0\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-US,en;q=0.9\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n";

}  // namespace

const std::vector<Script>& scripts() {
    static const std::vector<Script> all{
        {.name = "small", .request = get(), .answer = answer_of(2)},
        {.name = "browser", .request = get(browser_fields), .answer = answer_of(2)},
        {.name = "close",
         .request = get("Connection: close\r\n"),
         .answer = answer_of(2),
         .closes = true},
        {.name = "medium", .request = get(), .answer = answer_of(large), .requests = 320},
        {.name = "chunked",
         .request = get(),
         .answer = chunked_answer_of(large),
         .last_bytes = "0\r\n\r\n",
         .requests = 320},
        {.name = "json-log", .request = get(), .answer = answer_of(2), .logs = true},
    };
    return all;
}

void Backend::on_bytes(int fd, std::string_view bytes) {
    CHECK(bytes.starts_with("GET / HTTP/1.1\r\n") && bytes.ends_with("\r\n\r\n"));
    Kernel::get().say(fd, script_.answer);
}

void Client::start() {
    fd_ = Kernel::get().connect_client(*this);
    Kernel::get().say(fd_, script_.request);
}

void Client::on_bytes(int fd, std::string_view bytes) {
    CHECK(fd == fd_);
    if (!has_head_) {
        CHECK(bytes.starts_with("HTTP/1.1 200 OK\r\n"));
        const std::size_t end = bytes.find("\r\n\r\n");
        CHECK(end != bytes.npos);
        has_head_ = true;
        bytes.remove_prefix(end + 4);
    }
    body_bytes_ += bytes.size();
    const std::size_t whole = script_.answer.size() - (script_.answer.find("\r\n\r\n") + 4);
    // Chunks may be cut anew on the way; a body of known length may not.
    const bool is_whole =
        script_.last_bytes.empty() ? body_bytes_ == whole : bytes.ends_with(script_.last_bytes);
    if (is_whole) end_answer();
}

void Client::end_answer() {
    if (!script_.last_bytes.empty()) CHECK(body_bytes_ > large);
    answers_++;
    has_head_ = false;
    body_bytes_ = 0;
    if (!script_.closes) Kernel::get().say(fd_, script_.request);
}

void Client::on_closed(int fd) {
    CHECK(script_.closes && fd == fd_ && !has_head_);
    start();
}

void Peers::start() {
    Kernel::get().set_backends(*this);
    for (Client& client : clients_) client.start();
}

std::uint64_t Peers::answers() const {
    std::uint64_t sum = 0;
    for (const Client& client : clients_) sum += client.answers();
    return sum;
}

}  // namespace ringway::paper
