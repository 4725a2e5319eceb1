#include "tests/fuzz/action_peers.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/fuzz/action_words.h"

namespace ringway::fuzz {

namespace {

// Peers receive into memory of their own.
sim::SimIo::Options peer_options(std::string_view host) {
    constexpr core::BufferPool::Options none{.count = 1, .bytes_each = 64};
    return {.host = core::Address::parse(host).value(),
            .client_pool = none,
            .upstream_pool = none,
            .bulk_pool = none};
}

}  // namespace

std::string CutText::say(std::string text) {
    if (is_cut()) {
        rest_ += text;
        return {};
    }
    const std::size_t now = std::min(std::exchange(cut_at_, std::string::npos), text.size());
    rest_ = text.substr(now);
    text.resize(now);
    return text;
}

// --- Clients ------------------------------------------------------------------------------------

ActionClient::ActionClient(sim::SimNet& net, std::uint32_t number)
    : io_(net, peer_options(fmt::format("10.1.0.{}:0", number))), peer(io_), number_(number) {
    peer.connect(proxy_address());
}

void ActionClient::say(std::string text) {
    is_in_step_ = false;
    peer.send(text_.say(std::move(text)));
}

void ActionClient::say_word(std::string_view word, std::string_view mark) {
    if (requests_ == requests_max) return;
    const std::string whole_mark =
        fmt::format("{}{}{}", mark, static_cast<char>('a' + number_ % 26),
                    static_cast<char>('a' + requests_++));
    peer.send(text_.say(with_mark(word, whole_mark)));
}

void ActionClient::ask(const RequestWord& word) {
    const bool is_unsafe = word.kind == Ask::unsafe || word.kind == Ask::unsafe_open;
    say_word(word.text, is_refused_ ? refused_mark : is_unsafe ? unsafe_mark : plain_mark);
    is_in_step_ = is_in_step_ && (word.kind == Ask::whole || word.kind == Ask::unsafe);
}

// Amid the body of another request it would be no request at all.
void ActionClient::ask_hostile(std::string_view word) {
    is_refused_ = is_refused_ || is_in_step_;
    say_word(word, is_refused_ ? refused_mark : plain_mark);
}

// --- Backends -----------------------------------------------------------------------------------

ActionBackends::ActionBackends(sim::SimNet& net, ActionLedger& ledger)
    : io_(net, peer_options("10.2.0.1:0")), ledger_(ledger) {
    for (std::uint32_t i = 0; i < backends_count; i++) {
        Door& door = doors_.emplace_back(*this);
        door.fd = io_.listen(backend_address(i));
        io_.accept(door.accept.then<&Door::on_accepted>(), door.fd);
    }
}

void ActionBackends::Door::on_accepted(core::Outcome outcome) noexcept {
    if (outcome.result >= 0) {
        Connection& connection = backends.connections.emplace_back(backends.io_);
        connection.number = backends.ledger_.begin_connection();
        connection.peer.adopt(outcome.result);
        if (backends.is_stopping_) connection.peer.close();
    }
    if (!outcome.more && !backends.is_stopping_) {
        backends.io_.accept(accept.then<&Door::on_accepted>(), fd);
    }
}

void ActionBackends::tick() {
    io_.run_once(core::Instant::max(), *this);
    for (Connection& connection : connections) show(connection);
}

void ActionBackends::show(Connection& connection) {
    const std::string_view all = connection.peer.received;
    if (connection.shown < all.size()) {
        ledger_.on_read(connection.number, all.substr(connection.shown));
    }
    connection.shown = all.size();
    if (connection.peer.error() != 0) cut(connection);
}

void ActionBackends::say(Connection& connection, std::string_view text, Said kind) {
    const std::string said = with_mark(text, ledger_.mark(connection.number));
    connection.is_in_step = connection.is_in_step && kind == Said::whole;
    connection.peer.send(connection.text.say(said));
    if (connection.is_in_step && !connection.text.is_cut()) ledger_.on_answered(connection.number);
}

void ActionBackends::say_bytes(Connection& connection, std::size_t bytes) {
    connection.is_in_step = false;
    connection.peer.send(connection.text.say(filled_with(ledger_.mark(connection.number), bytes)));
}

void ActionBackends::say_chunk(Connection& connection, std::size_t bytes) {
    connection.is_in_step = false;
    const std::string body = filled_with(ledger_.mark(connection.number), bytes);
    connection.peer.send(connection.text.say(fmt::format("{:x}\r\n{}\r\n", bytes, body)));
}

// What was held back is said only now, and its marks are made now.
void ActionBackends::say_rest(Connection& connection) {
    if (!connection.text.is_cut()) return;
    std::string rest = connection.text.rest();
    renew_marks(rest, ledger_.mark(connection.number));
    connection.peer.send(rest);
    if (connection.is_in_step) ledger_.on_answered(connection.number);
}

void ActionBackends::end(Connection& connection) {
    connection.peer.end();
    ledger_.on_ended(connection.number);
}

void ActionBackends::stop_reading(Connection& connection) {
    connection.peer.stop_reading();
    ledger_.on_deaf(connection.number);
}

void ActionBackends::on_quiet() {
    ledger_.on_quiet();
    for (const Connection& connection : connections) {
        connection.peer.has_sent_all() ? ledger_.on_all_sent(connection.number)
                                       : ledger_.on_unsent(connection.number);
    }
}

bool ActionBackends::finish() {
    is_stopping_ = true;
    for (Door& door : doors_) {
        if (door.fd >= 0 && door.accept.in_flight()) io_.cancel(door.accept);
    }
    for (Connection& connection : connections) connection.peer.close();
    if (io_.in_flight() > 0) return false;
    for (Door& door : doors_) {
        if (door.fd >= 0) io_.close_listener(std::exchange(door.fd, -1));
    }
    return true;
}

}  // namespace ringway::fuzz
