#include "tests/sim/sim_client.h"

#include <fmt/format.h>

#include <utility>

namespace ringway::sim {

namespace {

core::Duration microseconds(std::uint64_t count) {
    return std::chrono::microseconds(static_cast<std::int64_t>(count));
}

}  // namespace

SimClient::SimClient(SimIo& io, SimNet& net, SimLedger& ledger, const Options& options)
    : net_(net),
      ledger_(ledger),
      options_(options),
      prng_(options.seed),
      link_(io, *this),
      response_(ledger) {}

void SimClient::begin() {
    wait(Wait::think, microseconds(prng_.uniform(5'000)));
}

void SimClient::wait(Wait kind, core::Duration delay) {
    net_.clock().after(
        delay,
        {.target = this, .kind = static_cast<std::uint8_t>(kind), .generation = ++wait_number_});
}

void SimClient::wait_patiently() {
    // The worst network that a run may draw still moves a kilobyte in a second.
    core::Duration patience{};
    for (const std::uint32_t number : flights_) {
        const SimLedger::Exchange& exchange = ledger_.exchange(number);
        const std::uint32_t kilobytes = (exchange.request_bytes + exchange.answer_bytes) / 1'000;
        patience += options_.patience + std::chrono::seconds(kilobytes);
    }
    net_.clock().after(patience, {.target = this,
                                  .kind = static_cast<std::uint8_t>(Wait::patience),
                                  .generation = ++patience_number_});
}

void SimClient::on_event(const SimEvent& event) noexcept {
    const Wait kind = static_cast<Wait>(event.kind);
    if (event.generation != (kind == Wait::patience ? patience_number_ : wait_number_)) return;
    switch (kind) {
        case Wait::think:
            return link_.is_open() ? begin_burst() : begin_connection();
        case Wait::piece:
            return send_piece();
        case Wait::read:
            return link_.set_receive_max(static_cast<std::size_t>(1 + prng_.uniform(2'000)));
        case Wait::connect:
            return link_.begin_close();
        case Wait::patience:
            ledger_.violate(Invariant::every_exchange_ends,
                            fmt::format("client {} waits for exchange {} since {} s",
                                        options_.number, flights_.empty() ? 0 : flights_.front(),
                                        options_.patience / std::chrono::seconds(1)));
            return leave(SimLedger::End::abandoned);
    }
}

// ---------------------------------------------------------------- connections

void SimClient::begin_connection() {
    if (link_.state() != SimLink::State::unused) return;
    if (is_ending_ || !ledger_.has_more()) {
        has_ended_ = true;
        return;
    }
    bursts_left_ = faults().skewed(30);
    asked_to_close_ = false;
    response_.reset();
    if (link_.try_connect(options_.proxy)) return wait(Wait::connect, std::chrono::seconds(5));
    wait(Wait::think, std::chrono::milliseconds(1));
}

void SimClient::on_link_open() {
    wait_number_++;
    begin_burst();
}

void SimClient::on_link_closed() {
    wait(Wait::think, microseconds(prng_.uniform(3'000)));
}

// The proxy ended the connection, or never took it.
void SimClient::on_link_ended(int error) {
    if (error == 0 && !flights_.empty()) {
        switch (response_.on_stream_end()) {
            case SimResponse::Progress::more:
            case SimResponse::Progress::broken:
                break;
            case SimResponse::Progress::whole:
                end_front(SimLedger::End::whole, response_.status());
                break;
            case SimResponse::Progress::own_error:
                end_front(SimLedger::End::own_error, response_.status());
                break;
        }
    }
    leave(plan_ == Plan::well ? SimLedger::End::cut : SimLedger::End::abandoned);
}

void SimClient::leave(SimLedger::End end) {
    end_all(end);
    patience_number_++;
    wait_number_++;
    if (plan_ == Plan::cut_in_request && prng_.chance(0.5)) return link_.begin_reset();
    link_.begin_close();
}

void SimClient::end_front(SimLedger::End end, std::uint16_t status) {
    static constexpr const char* ends[] = {"open", "whole", "own error", "cut", "abandoned"};
    net_.tell("client {}: {} ended {} {}", options_.number, flights_.front(),
              ends[static_cast<std::size_t>(end)], status);
    if (end == SimLedger::End::cut) {
        ledger_.cut(flights_.front(), response_.has_begun());
    } else {
        ledger_.end(flights_.front(), end, status);
    }
    flights_.pop_front();
    if (!flights_.empty()) response_.expect(flights_.front());
}

void SimClient::end_all(SimLedger::End end) {
    while (!flights_.empty()) end_front(end, 0);
}

// ---------------------------------------------------------------- requests

void SimClient::begin_burst() {
    if (bursts_left_ == 0 || is_ending_ || !ledger_.has_more()) {
        plan_ = Plan::well;
        return leave(SimLedger::End::abandoned);
    }
    bursts_left_--;
    output_.clear();
    output_sent_ = continue_at_ = switch_at_ = 0;
    received_ = 0;
    const std::uint64_t count =
        faults().strikes(Fault::client_pipelines) ? 2 + prng_.uniform(4) : 1;
    const bool last = bursts_left_ == 0 && prng_.chance(0.3);
    const bool is_old = last && count == 1 && options_.speaks_http_1_0 && prng_.chance(0.4);
    for (std::uint64_t i = 0; i < count && ledger_.has_more(); i++) {
        flights_.push_back(ledger_.plan(options_.number, last && count == 1 && !is_old));
        const bool is_last = last && (i + 1 == count || !ledger_.has_more());
        write_request(flights_.back(), is_old ? Version::http_1_0 : Version::http_1_1, is_last);
    }
    response_.set_http_1_0(is_old);
    asked_to_close_ = last;
    net_.tell("client {} fd {} asks {} to {}{}", options_.number, link_.fd(), flights_.front(),
              flights_.back(), last ? ", then the end" : "");
    response_.expect(flights_.front());
    draw_plan();
    wait_patiently();
    send_piece();
}

void SimClient::write_request(std::uint32_t number, Version version, bool last) {
    const SimLedger::Exchange& exchange = ledger_.exchange(number);
    const bool is_old = version == Version::http_1_0;
    const char* connection = exchange.is_upgrade ? "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                             : last && !is_old   ? "Connection: close\r\n"
                                                 : "";
    fmt::format_to(std::back_inserter(output_),
                   "{} /{}/{} HTTP/1.{}\r\nHost: sim.example\r\nX-Sim-Id: {}\r\n{}",
                   name_of(exchange.method), exchange.client, number, is_old ? 0 : 1, number,
                   connection);
    if (exchange.is_upgrade) {
        output_ += "\r\n";
        switch_at_ = output_.size();
        output_ += SimLedger::request_text(number, exchange.request_bytes);
        return;
    }
    if (exchange.method != SimMethod::post && exchange.method != SimMethod::put) {
        output_ += "\r\n";
        return;
    }
    const bool expects = !is_old && prng_.chance(0.15);
    if (expects) output_ += "Expect: 100-continue\r\n";
    const std::size_t burst_begin = output_.rfind(name_of(exchange.method));
    write_body(number, !is_old);
    // Only a lone request waits; some that expect do not wait at all.
    if (!expects || flights_.size() > 1 || prng_.chance(0.3)) return;
    continue_at_ = output_.find("\r\n\r\n", burst_begin) + 4;
}

void SimClient::write_body(std::uint32_t number, bool may_chunk) {
    std::string_view body = SimLedger::request_text(number, ledger_.exchange(number).request_bytes);
    if (!may_chunk || !prng_.chance(0.25)) {
        fmt::format_to(std::back_inserter(output_), "Content-Length: {}\r\n\r\n{}", body.size(),
                       body);
        return;
    }
    output_ += "Transfer-Encoding: chunked\r\n\r\n";
    while (!body.empty()) {
        const std::size_t size = static_cast<std::size_t>(1 + prng_.uniform(body.size()));
        fmt::format_to(std::back_inserter(output_), "{:x}\r\n{}\r\n", size, body.substr(0, size));
        body.remove_prefix(size);
    }
    output_ += "0\r\n\r\n";
}

void SimClient::draw_plan() {
    plan_ = Plan::well;
    output_end_ = output_.size();
    received_max_ = 0;
    read_pause_ = {};
    piece_bytes_ = output_.size();
    if (faults().strikes(Fault::client_cut_in_request)) {
        plan_ = Plan::cut_in_request;
    } else if (faults().strikes(Fault::client_silent)) {
        plan_ = Plan::silent;
    } else if (faults().strikes(Fault::client_cut_in_response)) {
        plan_ = Plan::cut_in_response;
        received_max_ = faults().skewed(20'000);
    }
    if (plan_ == Plan::cut_in_request || plan_ == Plan::silent) {
        output_end_ = static_cast<std::size_t>(prng_.uniform(output_.size()));
    }
    if (faults().strikes(Fault::client_fragments)) {
        piece_bytes_ = output_.size() / static_cast<std::size_t>(2 + prng_.uniform(20)) + 1;
    }
    if (faults().strikes(Fault::client_slow_reader))
        read_pause_ = microseconds(faults().skewed(30'000));
}

void SimClient::send_piece() {
    if (!link_.is_open()) return;
    std::size_t count = std::min(output_end_ - output_sent_, piece_bytes_);
    if (output_sent_ < switch_at_) count = std::min(count, switch_at_ - output_sent_);
    if (output_sent_ < continue_at_) count = std::min(count, continue_at_ - output_sent_);
    if (count == 0) return on_link_sent();
    link_.send(std::string_view(output_).substr(output_sent_, count));
    output_sent_ += count;
}

void SimClient::on_link_sent() {
    // What would come before the switch would be taken for another request.
    if (output_sent_ < output_end_ && output_sent_ == switch_at_) return;
    if (output_sent_ < output_end_ && output_sent_ == continue_at_) {
        return wait(Wait::piece, std::chrono::seconds(1));
    }
    if (output_sent_ < output_end_) {
        return wait(Wait::piece, microseconds(faults().skewed(5'000)));
    }
    if (plan_ == Plan::cut_in_request) leave(SimLedger::End::abandoned);
}

// ---------------------------------------------------------------- answers

void SimClient::on_link_bytes(std::string_view bytes) {
    received_ += bytes.size();
    if (flights_.empty()) {
        ledger_.violate(Invariant::answers_go_to_their_request,
                        fmt::format("client {} got bytes it did not ask for", options_.number));
        return leave(SimLedger::End::abandoned);
    }
    response_.add(bytes);
    read_answers();
    if (!link_.is_open() || flights_.empty()) return;
    if (response_.has_switched() && std::exchange(switch_at_, 0) != 0) return send_piece();
    if (output_sent_ == continue_at_ && output_sent_ < output_end_) {
        continue_at_ = 0;
        return send_piece();
    }
    if (plan_ == Plan::cut_in_response && received_ >= received_max_) {
        return leave(SimLedger::End::abandoned);
    }
    if (read_pause_ == core::Duration{} || output_sent_ < output_end_) return;
    link_.set_receive_max(0);
    wait(Wait::read, read_pause_);
}

void SimClient::read_answers() {
    for (;;) {
        const SimResponse::Progress progress = response_.read();
        if (progress == SimResponse::Progress::more) return;
        if (progress == SimResponse::Progress::broken) return leave(SimLedger::End::abandoned);
        const bool is_own = progress == SimResponse::Progress::own_error;
        // A burst that was not meant to be whole may be answered with an error.
        const bool excused = is_own && plan_ != Plan::well;
        const SimLedger::End answered = is_own ? SimLedger::End::own_error : SimLedger::End::whole;
        end_front(excused ? SimLedger::End::abandoned : answered, response_.status());
        if (response_.says_close() && !flights_.empty()) return;  // The end is to come.
        if (flights_.empty()) return end_burst();
    }
}

void SimClient::end_burst() {
    if (response_.has_leftover()) {
        ledger_.violate(Invariant::answers_go_to_their_request,
                        fmt::format("client {} got bytes behind its answer", options_.number));
    }
    patience_number_++;
    link_.set_receive_max(4'096);
    const bool unfinished = output_sent_ < output_.size() || plan_ != Plan::well;
    if (unfinished || response_.says_close() || asked_to_close_) {
        plan_ = Plan::well;
        return leave(SimLedger::End::abandoned);
    }
    wait(Wait::think, microseconds(faults().skewed(prng_.chance(0.05) ? 500'000 : 2'000)));
}

}  // namespace ringway::sim
