#include "tests/sim/sim_answer.h"

#include <fmt/format.h>

namespace ringway::sim {

namespace {

core::Duration microseconds(std::uint64_t count) {
    return std::chrono::microseconds(static_cast<std::int64_t>(count));
}

enum class BodyFraming : std::uint8_t { length, chunked, until_close };

std::string chunked(SimFaults& faults, std::string_view body) {
    std::string bytes;
    while (!body.empty()) {
        const std::size_t size = static_cast<std::size_t>(faults.between(1, body.size()));
        bytes += fmt::format("{:x}\r\n{}\r\n", size, body.substr(0, size));
        body.remove_prefix(size);
    }
    return bytes + "0\r\n\r\n";
}

std::string head_of(const SimLedger::Exchange& exchange, SimAsked asked, BodyFraming framing,
                    bool close) {
    std::string head = fmt::format("HTTP/1.1 {} Simulated\r\nx-sim-id: {}\r\nx-sim-backend: {}\r\n",
                                   exchange.status, asked.number, asked.backend);
    switch (framing) {
        case BodyFraming::length:
            if (exchange.status != 204) {
                head += fmt::format("Content-Length: {}\r\n", exchange.answer_bytes);
            }
            break;
        case BodyFraming::chunked:
            head += "Transfer-Encoding: chunked\r\n";
            break;
        case BodyFraming::until_close:
            break;
    }
    if (close) head += "Connection: close\r\n";
    if (asked.idle_timeout.count() > 0 &&
        asked.idle_timeout % std::chrono::seconds(1) == core::Duration{}) {
        head +=
            fmt::format("Keep-Alive: timeout={}\r\n", asked.idle_timeout / std::chrono::seconds(1));
    }
    return head + "\r\n";
}

// Cuts the answer somewhere, if that is drawn. True when it was.
bool draw_cut(SimFaults& faults, SimAnswer& answer, std::size_t head_bytes, bool delimited) {
    const std::size_t size = answer.bytes.size();
    const auto cut_at = [&](std::uint64_t first, std::uint64_t last, SimAnswer::Ending ending) {
        answer.bytes.resize(static_cast<std::size_t>(faults.between(first, last)));
        answer.ending = ending;
        return true;
    };
    if (faults.strikes(Fault::backend_reset)) return cut_at(0, size, SimAnswer::Ending::reset);
    if (faults.strikes(Fault::backend_stall)) return cut_at(0, size - 1, SimAnswer::Ending::stall);
    if (faults.strikes(Fault::backend_end_in_head)) {
        return cut_at(0, head_bytes - 1, SimAnswer::Ending::close);
    }
    // A body that ends with the stream has no end that an early one could be told from.
    if (delimited && size > head_bytes && faults.strikes(Fault::backend_end_in_body)) {
        return cut_at(head_bytes, size - 1, SimAnswer::Ending::close);
    }
    return false;
}

std::string garbage(SimFaults& faults) {
    std::string bytes(static_cast<std::size_t>(faults.between(1, 300)), '\0');
    for (char& byte : bytes) byte = static_cast<char>(faults.prng().uniform(256));
    // Its first line can never be a status line.
    return "?\x16\x03" + bytes + "\r\n\r\n";
}

void draw_pace(SimFaults& faults, SimAnswer& answer) {
    answer.think = microseconds(faults.skewed(3'000));
    if (!faults.strikes(Fault::backend_drip)) return;
    answer.piece_bytes = answer.bytes.size() / static_cast<std::size_t>(faults.between(2, 40)) + 1;
    answer.pause = microseconds(faults.skewed(30'000));
}

}  // namespace

namespace {

SimAnswer draw_switch(SimFaults& faults, const SimLedger::Exchange& exchange, SimAsked asked) {
    SimAnswer answer;
    answer.bytes = fmt::format(
        "HTTP/1.1 101 Switching Protocols\r\nx-sim-id: {}\r\nx-sim-backend: {}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        asked.number, asked.backend);
    const std::size_t head_bytes = answer.bytes.size();
    answer.bytes += SimLedger::answer_text(asked.number, asked.backend, exchange.answer_bytes);
    if (faults.strikes(Fault::backend_garbage)) {
        answer.bytes = garbage(faults);
    } else {
        draw_cut(faults, answer, head_bytes, true);
    }
    answer.whole_bytes = answer.bytes.size();
    draw_pace(faults, answer);
    return answer;
}

}  // namespace

SimAnswer draw_answer(SimFaults& faults, const SimLedger::Exchange& exchange, SimAsked asked) {
    if (exchange.is_upgrade) return draw_switch(faults, exchange, asked);
    SimAnswer answer;
    const bool has_body = exchange.has_answer_body();
    BodyFraming framing = BodyFraming::length;
    if (has_body) {
        if (faults.prng().chance(0.25)) framing = BodyFraming::chunked;
        if (faults.strikes(Fault::backend_close_delimited)) framing = BodyFraming::until_close;
    }
    const bool close =
        framing == BodyFraming::until_close || faults.strikes(Fault::backend_close_header);
    if (faults.prng().chance(0.05)) {
        answer.bytes = "HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n";
    }
    answer.bytes += head_of(exchange, asked, framing, close);
    const std::size_t head_bytes = answer.bytes.size();
    if (has_body) {
        const std::string_view body =
            SimLedger::answer_text(asked.number, asked.backend, exchange.answer_bytes);
        answer.bytes += framing == BodyFraming::chunked ? chunked(faults, body) : body;
    }
    answer.ending = close ? SimAnswer::Ending::close : SimAnswer::Ending::keep;
    answer.is_early = faults.strikes(Fault::backend_early_response);

    std::size_t whole_bytes = ~std::size_t{0};
    const bool delimited = framing != BodyFraming::until_close;
    const std::size_t full_bytes = answer.bytes.size();
    answer.invites_next = !close;
    if (faults.strikes(Fault::backend_garbage)) {
        answer.bytes = garbage(faults);
        answer.invites_next = false;
    } else if (draw_cut(faults, answer, head_bytes, delimited)) {
        // Nothing can be spoilt further. A reset may also come behind the last byte.
        answer.invites_next &= answer.bytes.size() == full_bytes;
    } else if (delimited && answer.bytes.size() > head_bytes &&
               faults.strikes(Fault::backend_body_short)) {
        answer.bytes.resize(answer.bytes.size() - 1);
        answer.invites_next = false;
        answer.ending =
            faults.prng().chance(0.5) ? SimAnswer::Ending::close : SimAnswer::Ending::stall;
    } else if (delimited && !close && faults.strikes(Fault::backend_body_long)) {
        whole_bytes = answer.bytes.size();
        answer.bytes += "bytes that nobody announced";
    }
    answer.whole_bytes = std::min(whole_bytes, answer.bytes.size());
    draw_pace(faults, answer);
    return answer;
}

}  // namespace ringway::sim
