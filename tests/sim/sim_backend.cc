#include "tests/sim/sim_backend.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace ringway::sim {

namespace {

enum class Wait : std::uint8_t { answer_due, idle_over, flap_over };

core::Duration microseconds(std::uint64_t count) {
    return std::chrono::microseconds(static_cast<std::int64_t>(count));
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); i++) {
        if ((a[i] | 0x20) != (b[i] | 0x20)) return false;
    }
    return true;
}

// The value of a field, or nothing. Good enough for heads that a proxy is to write plainly.
std::string_view field(std::string_view head, std::string_view name) {
    for (std::size_t begin = head.find("\r\n"); begin != head.npos;) {
        begin += 2;
        const std::size_t end = head.find("\r\n", begin);
        if (end == head.npos) break;
        const std::string_view line = head.substr(begin, end - begin);
        const std::size_t colon = line.find(':');
        if (colon != line.npos && equal_ignoring_case(line.substr(0, colon), name)) {
            const std::size_t value = line.find_first_not_of(' ', colon + 1);
            return value == line.npos ? std::string_view{} : line.substr(value);
        }
        begin = end;
    }
    return {};
}

std::uint64_t number_in(std::string_view text, int base = 10) {
    std::uint64_t value = ~std::uint64_t{0};
    std::from_chars(text.data(), text.data() + text.size(), value, base);
    return value;
}

}  // namespace

// ---------------------------------------------------------------- one connection

SimBackendLink::SimBackendLink(SimBackend& backend)
    : backend_(backend), link_(backend.io_, *this) {}

void SimBackendLink::adopt(int fd) {
    input_.clear();
    phase_ = Phase::head;
    is_answering_ = false;
    is_request_whole_ = true;
    link_.adopt(fd);
}

void SimBackendLink::wait(core::Duration delay, std::uint8_t kind) {
    backend_.net_.clock().after(delay,
                                {.target = this, .kind = kind, .generation = ++wait_number_});
}

void SimBackendLink::on_event(const SimEvent& event) noexcept {
    if (event.generation != wait_number_ || !link_.is_open()) return;
    if (static_cast<Wait>(event.kind) == Wait::answer_due) return continue_answer();
    if (phase_ == Phase::head && !is_answering_) link_.begin_close();
}

void SimBackendLink::broken(std::string what) {
    backend_.ledger_.violate(
        Invariant::requests_arrive_as_sent,
        fmt::format("backend {}, exchange {}: {}", backend_.options_.number, number_, what));
    link_.begin_close();
}

void SimBackendLink::on_link_bytes(std::string_view bytes) {
    input_ += bytes;
    read_input();
}

void SimBackendLink::read_input() {
    while (link_.is_open() && (phase_ == Phase::head   ? read_head()
                               : phase_ == Phase::body ? read_body()
                                                       : read_tunnel())) {
    }
}

bool SimBackendLink::read_head() {
    const std::size_t size = input_.find("\r\n\r\n");
    if (size == input_.npos) {
        if (input_.size() > 65'536) broken("a head without end");
        return false;
    }
    if (is_answering_) {
        // The peer may have the whole answer before we hear that it was sent.
        if (!answer_.invites_next || answered_ < answer_.whole_bytes) {
            broken("the next request came before the answer was whole");
        }
        return false;
    }
    const std::string head = input_.substr(0, size + 2);
    input_.erase(0, size + 4);
    if (!check_head(head)) return false;
    backend_.requests_total_++;
    backend_.ledger_.on_seen(number_);
    phase_ = Phase::body;
    if (!field(head, "expect").empty() && backend_.net_.faults().prng().chance(0.7)) {
        link_.send("HTTP/1.1 100 Continue\r\n\r\n");
    }
    is_request_whole_ = false;
    checked_ = 0;
    answer_ = draw_answer(backend_.net_.faults(), backend_.ledger_.exchange(number_),
                          {.number = number_,
                           .backend = backend_.options_.number,
                           .idle_timeout = backend_.options_.idle_timeout});
    answered_ = 0;
    backend_.net_.tell("backend {} fd {} reads the head of {}", backend_.options_.number,
                       link_.fd(), number_);
    if (backend_.ledger_.exchange(number_).is_upgrade) phase_ = Phase::tunnel;
    if (answer_.is_early || phase_ == Phase::tunnel) begin_answer();
    return true;
}

bool SimBackendLink::read_tunnel() {
    check_body(input_);
    input_.clear();
    return false;
}

bool SimBackendLink::check_head(std::string_view head) {
    const std::uint64_t number = number_in(field(head, "x-sim-id"));
    if (number >= backend_.ledger_.size()) return broken("no such exchange"), false;
    number_ = static_cast<std::uint32_t>(number);
    const SimLedger::Exchange& exchange = backend_.ledger_.exchange(number_);
    const std::string line =
        fmt::format("{} /{}/{} HTTP/1.1\r\n", name_of(exchange.method), exchange.client, number_);
    if (!head.starts_with(line)) return broken("another request line: " + std::string(head)), false;
    if (field(head, "host") != "sim.example") return broken("another host"), false;
    const std::string_view length = field(head, "content-length");
    const bool is_chunked = field(head, "transfer-encoding") == "chunked";
    if (is_chunked && !length.empty()) return broken("two framings"), false;
    left_ = length.empty() ? 0 : number_in(length);
    if (exchange.is_upgrade) {
        if (field(head, "upgrade") != "websocket") return broken("no upgrade"), false;
        return left_ == 0 || (broken("a body with an upgrade"), false);
    }
    if (!is_chunked && left_ != exchange.request_bytes) return broken("another length"), false;
    body_ = is_chunked ? Body::chunk_size : Body::length;
    return true;
}

void SimBackendLink::check_body(std::string_view bytes) {
    const std::uint32_t size = backend_.ledger_.exchange(number_).request_bytes;
    if (checked_ + bytes.size() > size) return broken("a longer body");
    const std::string_view text = SimLedger::request_text(number_, size);
    if (text.substr(static_cast<std::size_t>(checked_), bytes.size()) != bytes) {
        return broken("another body");
    }
    checked_ += bytes.size();
}

// One step through the body; false when more bytes are needed.
bool SimBackendLink::read_body() {
    if (body_ == Body::length || body_ == Body::chunk) {
        const std::size_t count =
            static_cast<std::size_t>(std::min<std::uint64_t>(left_, input_.size()));
        check_body(std::string_view(input_).substr(0, count));
        input_.erase(0, count);
        left_ -= count;
        if (left_ != 0 || !link_.is_open()) return false;
        if (body_ == Body::length) return end_request(), true;
        body_ = Body::chunk_end;
        return true;
    }
    const std::size_t size = input_.find("\r\n");
    if (size == input_.npos) return false;
    const std::string line = input_.substr(0, size);
    input_.erase(0, size + 2);
    if (body_ == Body::chunk_end) {
        if (!line.empty()) return broken("no line end behind a chunk"), false;
        body_ = Body::chunk_size;
    } else if (body_ == Body::chunk_size) {
        left_ = number_in(line, 16);
        body_ = left_ == 0 ? Body::trailers : Body::chunk;
    } else if (line.empty()) {
        end_request();
    }
    return true;
}

void SimBackendLink::end_request() {
    if (checked_ != backend_.ledger_.exchange(number_).request_bytes) {
        return broken("a shorter body");
    }
    phase_ = Phase::head;
    is_request_whole_ = true;
    if (!answer_.is_early) {
        begin_answer();
    } else if (!is_answering_) {
        end_answer();
    }
}

void SimBackendLink::begin_answer() {
    is_answering_ = true;
    wait(answer_.think, static_cast<std::uint8_t>(Wait::answer_due));
}

void SimBackendLink::continue_answer() {
    if (answered_ == answer_.bytes.size()) return on_link_sent();
    std::string_view piece = std::string_view(answer_.bytes).substr(answered_);
    if (answer_.piece_bytes != 0) piece = piece.substr(0, answer_.piece_bytes);
    answered_ += piece.size();
    backend_.net_.tell("backend {} fd {} answers {}: {} of {} bytes, then {}",
                       backend_.options_.number, link_.fd(), number_, answered_,
                       answer_.bytes.size(), static_cast<int>(answer_.ending));
    link_.send(piece);
}

void SimBackendLink::on_link_sent() {
    if (!is_answering_) return;
    if (answered_ < answer_.bytes.size()) {
        return wait(answer_.pause, static_cast<std::uint8_t>(Wait::answer_due));
    }
    switch (answer_.ending) {
        case SimAnswer::Ending::keep:
            is_answering_ = false;
            if (is_request_whole_) end_answer();
            return;
        case SimAnswer::Ending::close:
            return link_.begin_close();
        case SimAnswer::Ending::reset:
            return link_.begin_reset();
        case SimAnswer::Ending::stall:
            return;
    }
}

// Request and answer are whole: the connection is idle.
void SimBackendLink::end_answer() {
    is_answering_ = false;
    SimFaults& faults = backend_.net_.faults();
    if (faults.strikes(Fault::backend_end_idle)) {
        wait(microseconds(faults.skewed(50'000)), static_cast<std::uint8_t>(Wait::idle_over));
    } else if (backend_.options_.idle_timeout.count() > 0) {
        wait(backend_.options_.idle_timeout, static_cast<std::uint8_t>(Wait::idle_over));
    }
    read_input();
}

void SimBackendLink::on_link_ended(int) {
    link_.begin_close();
}
void SimBackendLink::on_link_closed() {
    wait_number_++;
}

// ---------------------------------------------------------------- the backend

SimBackend::SimBackend(SimIo& io, SimNet& net, SimLedger& ledger, const Options& options)
    : io_(io),
      net_(net),
      ledger_(ledger),
      options_(options),
      listen_fd_(io.listen(options.address)) {
    io_.accept(accepting_.then<&SimBackend::on_accepted>(), listen_fd_);
}

void SimBackend::on_accepted(core::Outcome outcome) noexcept {
    if (outcome.result >= 0) {
        SimBackendLink* unused = nullptr;
        for (SimBackendLink& link : links_) {
            if (link.is_unused()) unused = &link;
        }
        if (unused == nullptr) unused = &links_.emplace_back(*this);
        unused->adopt(outcome.result);
        if (is_ending_) unused->begin_close();
        if (net_.faults().strikes(Fault::backend_flap)) flap();
    }
    if (outcome.more) return;
    if (is_ending_) {
        io_.close(accepting_.then<&SimBackend::on_listener_closed>(), listen_fd_);
    } else {
        io_.accept(accepting_.then<&SimBackend::on_accepted>(), listen_fd_);
    }
}

// Refuses everybody for a while; half of the time it drops its connections too.
void SimBackend::flap() {
    net_.set_refusing(options_.address, true);
    if (net_.faults().prng().chance(0.5)) {
        for (SimBackendLink& link : links_) link.begin_reset();
    }
    net_.clock().after(microseconds(net_.faults().between(1'000, 500'000)),
                       {.target = this, .kind = static_cast<std::uint8_t>(Wait::flap_over)});
}

void SimBackend::on_event(const SimEvent&) noexcept {
    net_.set_refusing(options_.address, false);
}

void SimBackend::begin_end() {
    if (std::exchange(is_ending_, true)) return;
    for (SimBackendLink& link : links_) link.begin_close();
    io_.cancel(accepting_);
}

bool SimBackend::has_ended() const {
    if (listen_fd_ >= 0 || accepting_.in_flight()) return false;
    for (const SimBackendLink& link : links_) {
        if (!link.is_unused()) return false;
    }
    return true;
}

}  // namespace ringway::sim
