#include "loadtest/origin/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/stream.h"
#include "loadtest/body_pattern.h"
#include "loadtest/origin/backend.h"

namespace ringway::loadtest {

namespace {

// Of an answer on its way to the kernel: enough to keep it busy, little enough for thousands.
constexpr std::size_t backlog_max = 256 << 10;
constexpr std::size_t echo_bytes_max = 4 << 20;
constexpr std::uint64_t garbage_bytes_usual = 64;

constexpr core::Error ended_on_purpose{
    .code = core::Errc::canceled, .side = core::Side::us, .what = "a fault that was asked for"};
constexpr core::Error no_buffer{
    .code = core::Errc::no_buffers, .side = core::Side::us, .what = "no buffer for an answer"};

constexpr http::HeadEdits no_edits;

// tcp_disconnect of a connected socket sends a reset at once, with a receive in flight and before
// any shutdown could send an orderly end. The descriptor stays the Stream's.
void reset_socket(int fd) {
    sockaddr nowhere{};
    nowhere.sa_family = AF_UNSPEC;
    // Where it fails the connection is gone already.
    [[maybe_unused]] const int status = ::connect(fd, &nowhere, sizeof nowhere);
}

bool is_named(std::string_view name, std::string_view lower_case) {
    return std::ranges::equal(name, lower_case, [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
    });
}

}  // namespace

Connection::Connection(Backend& backend, int fd)
    : backend_(backend),
      fd_(fd),
      session_(backend.context(), {.owner = *this, .sinks = *this, .arrival = backend.arrival()}) {}

Connection::~Connection() {
    CHECK(state_ == State::idle);
}

void Connection::start() {
    session_.start(fd_, core::Buffer{});
}

void Connection::begin_close() {
    session_.begin_close(ended_on_purpose);
}

void Connection::reset() {
    if (session_.state() == http::H1Session::State::closing) return;
    reset_socket(fd_);
    session_.begin_close(ended_on_purpose);
}

void Connection::on_session_closed(http::H1Session&) {
    backend_.on_connection_closed(*this);
}

// --- The request --------------------------------------------------------------------------------

http::RequestSink* Connection::begin(http::ClientSide& client, const http::RequestHead& head) {
    client_ = &client;
    state_ = State::reading;
    is_head_ = head.method == http::Method::head;
    has_body_ = head.framing != http::Framing::none;
    is_health_check_ = head.at(head.path) == "/healthz";
    Counts& counts = backend_.counts();
    (is_health_check_ ? counts.health_checks : counts.requests).add();
    counts.bytes_in.add(head.bytes);
    number_.reset();
    if (head.method != http::Method::get) note_number(head);
    if (has_body_) continue_body(head);
    if (backend_.settings().echo && !is_health_check_) keep(head);
    return this;
}

void Connection::note_number(const http::RequestHead& head) {
    for (const http::Field& field : head.fields) {
        if (!is_named(head.name(field), "x-request-number")) continue;
        const std::string_view text = head.value(field);
        std::uint64_t number = 0;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
        if (read.ec == std::errc{}) number_ = number;
    }
}

void Connection::continue_body(const http::RequestHead& head) {
    client_->grant(http::ClientSide::everything);
    if (!head.expects_continue) return;
    static const Answer go_on{{.status = 100}};
    client_->send_head(go_on.head(), no_edits);
    client_->flush();
}

void Connection::keep(const http::RequestHead& head) {
    // With no memory for it the answer has no body, which the client will notice.
    (void)echo_.try_copy(std::as_bytes(std::span{head.base, head.bytes}),
                         backend_.machine().small_buffers);
}

void Connection::on_request_body(core::Buffer bytes) {
    backend_.counts().bytes_in.add(bytes.size());
    if (state_ == State::reading && !echo_.empty() && echo_.size() <= echo_bytes_max) {
        echo_.push(std::move(bytes));
    }
}

void Connection::on_request_pause() {
    if (state_ == State::reading && backend_.settings().early) arrive();
}

void Connection::on_request_end() {
    if (has_body_) backend_.counts().bodies.add();
    if (state_ == State::reading) arrive();
}

void Connection::arrive() {
    if (is_health_check_) return answer_health();
    state_ = State::queued;
    backend_.admit(*this);
}

void Connection::answer_health() {
    if (backend_.settings().health == Health::silent) {
        state_ = State::silent;
        return;
    }
    send(backend_.health_answer(), backend_.health_answer().head().content_length);
}

void Connection::on_client_gone(const core::Error&) {
    backend_.counts().gone.add();
    if (state_ == State::queued) backend_.leave_queue(*this);
    leave();
}

// --- The answer ---------------------------------------------------------------------------------

void Connection::serve() {
    has_slot_ = true;
    if (number_) {
        Counts& counts = backend_.counts();
        counts.numbered.add();
        if (backend_.machine().board.note_execution(*number_)) counts.duplicates.add();
    }
    const core::Duration delay = backend_.settings().delay.sample(backend_.prng());
    if (delay <= core::Duration{0}) return respond();
    state_ = State::delaying;
    arm(delay);
}

void Connection::reject() {
    backend_.counts().rejections.add();
    send(backend_.busy_answer(), backend_.busy_answer().head().content_length);
}

void Connection::arm(core::Duration time) {
    const http::Context& context = backend_.context();
    context.timers.arm(timer_.then<&Connection::on_timer>(), context.now() + time);
}

void Connection::on_timer() noexcept {
    if (state_ == State::delaying) return respond();
    pump();
}

void Connection::respond() {
    const Settings& settings = backend_.settings();
    core::Prng& prng = backend_.prng();
    last_ = Last::finish;
    if (settings.hang_rate > 0 && prng.chance(settings.hang_rate)) {
        backend_.counts().hangs.add();
        state_ = State::silent;
        return;
    }
    if (settings.error_rate > 0 && prng.chance(settings.error_rate)) {
        backend_.counts().errors.add();
        echo_.clear();
        return send(backend_.error_answer(), backend_.error_answer().head().content_length);
    }
    if (settings.fault != Fault::none && prng.chance(settings.fault_rate)) return break_answer();
    respond_well();
}

void Connection::respond_well() {
    const Settings& settings = backend_.settings();
    if (!settings.echo) return send(backend_.answer(), settings.size);
    if (echo_.size() > echo_bytes_max) {
        echo_.clear();
        return send(Answer{{.status = 413}}, 0);
    }
    const std::size_t size = echo_.size();
    send(Answer{{.status = settings.status,
                 .length = size,
                 .chunked = settings.chunked,
                 .backend = backend_.number()}},
         size);
}

void Connection::break_answer() {
    const Settings& settings = backend_.settings();
    backend_.counts().faults.add();
    echo_.clear();
    const std::string_view head = backend_.answer().text();
    switch (settings.fault) {
        case Fault::none:
            return;
        case Fault::garbage:
            return send_garbage();
        case Fault::short_length:
            return break_length(true);
        case Fault::long_length:
            return break_length(false);
        case Fault::reset:
        case Fault::cut:
            break;
    }
    last_ = settings.fault == Fault::reset ? Last::reset : Last::cut;
    if (settings.fault_bytes < head.size()) return send_raw(head.substr(0, settings.fault_bytes));
    send(backend_.answer(), std::min(settings.size, settings.fault_bytes - head.size()));
}

void Connection::break_length(bool is_short) {
    const std::uint64_t size = backend_.settings().size;
    const std::uint64_t wrong_by = std::max<std::uint64_t>(backend_.settings().fault_bytes, 1);
    // Where there is no body there is nothing to wait for.
    if (!is_short && !is_head_ && backend_.answer().has_body()) last_ = Last::silence;
    send(backend_.answer_of(is_short ? size - std::min(size, wrong_by) : size + wrong_by), size);
}

// --- Bytes out ----------------------------------------------------------------------------------

void Connection::send(const Answer& answer, std::uint64_t body_bytes) {
    state_ = State::sending;
    backend_.counts().bytes_out.add(answer.text().size());
    client_->send_head(answer.head(), no_edits);
    left_ = is_head_ || !answer.has_body() ? 0 : body_bytes;
    offset_ = 0;
    pump();
}

// A body without a head goes out as it is: the session frames nothing that it did not announce.
void Connection::send_raw(std::string_view text) {
    state_ = State::sending;
    core::Buffer buffer = backend_.context().take_buffer(text.size());
    if (!buffer) return fail_for_memory();
    buffer.append(std::as_bytes(std::span{text.data(), text.size()}));
    backend_.counts().bytes_out.add(text.size());
    client_->send_body(std::move(buffer));
    left_ = 0;
    end();
}

void Connection::send_garbage() {
    const std::uint64_t wanted = backend_.settings().fault_bytes;
    std::string noise(std::min<std::uint64_t>(wanted > 0 ? wanted : garbage_bytes_usual, 4'096),
                      '\0');
    for (char& byte : noise) byte = static_cast<char>(backend_.prng().uniform(256));
    last_ = Last::cut;
    send_raw(noise);
}

void Connection::pump() {
    const Drip& drip = backend_.settings().drip;
    while (left_ > 0) {
        if (client_->backlog() >= backlog_max) return client_->flush();
        if (!send_piece(drip.bytes > 0 ? drip.bytes : pattern_piece_max)) return fail_for_memory();
        if (drip.bytes > 0 && left_ > 0) {
            client_->flush();
            return arm(drip.interval);
        }
    }
    end();
}

bool Connection::send_piece(std::uint64_t bytes_max) {
    std::size_t size = std::min({left_, bytes_max, std::uint64_t{pattern_piece_max}});
    std::span<const std::byte> source = pattern_piece(offset_, size);
    if (!echo_part_ && !echo_.empty()) echo_part_ = echo_.pop();
    if (echo_part_) {
        source = echo_part_.bytes();
        size = std::min(size, source.size());
    }
    core::Buffer buffer = backend_.context().take_buffer(size);
    if (!buffer) return false;
    buffer.append(source.first(size));
    if (echo_part_) {
        echo_part_.drop_front(size);
        if (echo_part_.size() == 0) echo_part_.reset();
    }
    left_ -= size;
    offset_ += size;
    backend_.counts().bytes_out.add(size);
    client_->send_body(std::move(buffer));
    return true;
}

void Connection::on_client_drained() {
    if (state_ == State::sending && !timer_.is_armed()) return pump();
    if (state_ == State::ending) end_when_drained();
}

// --- The end ------------------------------------------------------------------------------------

void Connection::end() {
    switch (last_) {
        case Last::finish:
            return finish();
        case Last::silence:
            state_ = State::silent;
            return client_->flush();
        case Last::cut:
        case Last::reset:
            state_ = State::ending;
            client_->flush();
            return end_when_drained();
    }
}

void Connection::finish() {
    if (!is_health_check_) backend_.counts().answers.add();
    http::ClientSide& client = *client_;
    leave();
    // Last: the next request may begin within.
    client.finish();
}

void Connection::end_when_drained() {
    if (client_->backlog() > 0) return;
    http::ClientSide& client = *client_;
    if (last_ == Last::reset) reset_socket(fd_);
    leave();
    client.abort(ended_on_purpose);
}

void Connection::fail_for_memory() {
    http::ClientSide& client = *client_;
    leave();
    client.abort(no_buffer);
}

void Connection::leave() {
    backend_.machine().timers.disarm(timer_);
    if (std::exchange(has_slot_, false)) backend_.release_slot();
    state_ = State::idle;
    client_ = nullptr;
    echo_.clear();
    echo_part_.reset();
    last_ = Last::finish;
}

}  // namespace ringway::loadtest
