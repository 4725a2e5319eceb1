#include "loadtest/origin/control.h"

#include <fmt/format.h>

#include <algorithm>

#include "loadtest/origin/answer.h"
#include "loadtest/quantity.h"

namespace ringway::loadtest {

namespace {

constexpr std::uint32_t late_accepts_max = 256;
constexpr std::size_t piece_bytes_max = 32 << 10;

constexpr http::HeadEdits no_edits;

constexpr std::string_view known = R"(GET  /counts                  what every backend counted
GET  /backends                the same, and how each is set
GET  /backends/N              one of them
GET  /numbers/N               how often the request numbered N was executed
POST /backends/N?name=value&  sets one backend
POST /backends?name=value&    sets all of them
POST /backends/N/kill         ends its process (--processes)
POST /backends/N/start        begins it again
)";

ControlAnswer told(std::string json) {
    return {.status = 200, .body = std::move(json)};
}
ControlAnswer wrong(std::uint32_t status, std::string_view why) {
    return {.status = status, .body = fmt::format("{{\"error\": \"{}\"}}\n", why)};
}
ControlAnswer unknown() {
    return {.status = 404, .body = std::string{known}};
}

int digit_of(char letter) {
    if (letter >= '0' && letter <= '9') return letter - '0';
    const char lower = static_cast<char>(letter | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Of a query: "%3A" is ':'. What is no escape stays as it is; what would break the JSON of an
// error message does not survive.
std::string decoded(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); i++) {
        char byte = text[i];
        const bool is_escape = byte == '%' && i + 2 < text.size() && digit_of(text[i + 1]) >= 0 &&
                               digit_of(text[i + 2]) >= 0;
        if (is_escape) {
            byte = static_cast<char>(digit_of(text[i + 1]) * 16 + digit_of(text[i + 2]));
            i += 2;
        }
        plain += byte < ' ' || byte == '"' || byte == '\\' ? '?' : byte;
    }
    return plain;
}

}  // namespace

// --- What is answered ---------------------------------------------------------------------------

ControlAnswer ControlRoutes::answer(http::Method method, std::string_view target) {
    const std::string_view path = take_until(target, '?');
    if (method == http::Method::get || method == http::Method::head) return get(path);
    if (method == http::Method::post) return post(path, target);
    return unknown();
}

ControlAnswer ControlRoutes::get(std::string_view path) {
    if (path == "/" || path == "/counts") return told(report_.counts());
    if (path == "/backends") return told(report_.all());
    take_until(path, '/');
    const std::string_view kind = take_until(path, '/');
    std::uint32_t number = 0;
    if (!read_quantity(path, number)) return unknown();
    if (kind == "backends") {
        return number < report_.size() ? told(report_.one(number)) : wrong(404, "no such backend");
    }
    if (kind == "numbers") {
        return told(fmt::format("{{\"number\": {}, \"executed\": {}}}\n", number,
                                board_.executions_of(number)));
    }
    return unknown();
}

ControlAnswer ControlRoutes::post(std::string_view path, std::string_view query) {
    take_until(path, '/');
    if (take_until(path, '/') != "backends") return unknown();
    if (path.empty()) return set(0, report_.size(), query);
    std::uint32_t number = 0;
    if (!read_quantity(take_until(path, '/'), number)) return unknown();
    if (number >= report_.size()) return wrong(404, "no such backend");
    return path.empty() ? set(number, number + 1, query) : move(number, path);
}

// Every backend from `first` on and before `last`: all, or none if something is wrong.
ControlAnswer ControlRoutes::set(std::uint32_t first, std::uint32_t last, std::string_view query) {
    const std::string list = decoded(query);
    for (std::uint32_t number = first; number < last; number++) {
        Settings settings = board_.settings(number);
        // A list that one backend takes, all take.
        if (std::string why = try_set_all(settings, list, '&'); !why.empty())
            return wrong(400, why);
        board_.post(number, settings);
    }
    return told(last - first == 1 ? report_.one(first) : report_.all());
}

ControlAnswer ControlRoutes::move(std::uint32_t number, std::string_view verb) {
    if (verb != "kill" && verb != "start") return unknown();
    if (processes_ == nullptr) return wrong(409, "the backends are one process; see --processes");
    std::string why = verb == "kill" ? processes_->kill(number) : processes_->start(number);
    return why.empty() ? told(report_.one(number)) : wrong(409, why);
}

// --- A connection -------------------------------------------------------------------------------

ControlConnection::ControlConnection(Control& control, int fd)
    : control_(control),
      fd_(fd),
      session_(control.context(), {.owner = *this, .sinks = *this, .arrival = control.arrival()}) {}

void ControlConnection::start() {
    session_.start(fd_, core::Buffer{});
}

void ControlConnection::begin_close() {
    session_.begin_close({.code = core::Errc::canceled, .what = "the origin ends"});
}

http::RequestSink* ControlConnection::begin(http::ClientSide& client,
                                            const http::RequestHead& head) {
    client_ = &client;
    method_ = head.method;
    target_ = head.at(head.target);
    // A body says nothing here, but it has to be read.
    client.grant(http::ClientSide::everything);
    return this;
}

void ControlConnection::on_request_end() {
    const ControlAnswer answer = control_.routes().answer(method_, target_);
    const Answer head{
        {.status = answer.status,
         .length = answer.body.size(),
         .content_type = answer.body.starts_with('{') ? "application/json" : "text/plain"}};
    client_->send_head(head.head(), no_edits);
    std::span<const std::byte> left = std::as_bytes(std::span{answer.body});
    if (method_ == http::Method::head) left = {};
    http::ClientSide& client = *std::exchange(client_, nullptr);
    while (!left.empty()) {
        const std::size_t size = std::min(left.size(), piece_bytes_max);
        core::Buffer piece = control_.context().take_buffer(size);
        if (!piece) return client.abort({.code = core::Errc::no_buffers, .what = "no buffer"});
        piece.append(left.first(size));
        left = left.subspan(size);
        client.send_body(std::move(piece));
    }
    client.finish();
}

void ControlConnection::on_client_gone(const core::Error&) {
    client_ = nullptr;
}

void ControlConnection::on_session_closed(http::H1Session&) {
    control_.on_connection_closed(*this);
}

// --- The port -----------------------------------------------------------------------------------

Control::Control(const http::Context& shared, ControlRoutes& routes)
    : context_{.io = shared.io,
               .timers = shared.timers,
               .settings = settings_,
               .small_buffers = shared.small_buffers,
               .large_buffers = shared.large_buffers,
               .counters = counters_,
               .field_table = shared.field_table},
      routes_(routes),
      acceptor_(shared.io, shared.timers, *this),
      connections_(connections_max + late_accepts_max) {
    // Scripts keep a connection for as long as they run.
    settings_.client.header_timeout = settings_.client.idle_timeout = never;
}

void Control::start(int listen_fd) {
    acceptor_.open(listen_fd);
}

void Control::on_accepted(int fd) {
    ControlConnection* connection = connections_.try_create(*this, fd);
    CHECK(connection != nullptr);
    connection->start();
    if (is_closing_) connection->begin_close();
}

void Control::on_connection_closed(ControlConnection& connection) {
    connections_.destroy(connection);
    acceptor_.resume_if_paused();
}

void Control::begin_close() {
    is_closing_ = true;
    acceptor_.begin_close();
    connections_.for_each([](ControlConnection& connection) { connection.begin_close(); });
}

bool Control::is_finished() const {
    return acceptor_.state() == Acceptor::State::closed && connections_.size() == 0;
}

}  // namespace ringway::loadtest
