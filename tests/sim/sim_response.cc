#include "tests/sim/sim_response.h"

#include <fmt/format.h>

#include <charconv>

namespace ringway::sim {

namespace {

constexpr std::uint64_t none = ~std::uint64_t{0};

// Heads here are the backend's (spelled as it spells) or the proxy's own: lower case compares.
std::string_view field(std::string_view head, std::string_view name) {
    std::size_t begin = head.find("\r\n");
    while (begin != head.npos) {
        const std::string_view line =
            head.substr(begin + 2, head.find("\r\n", begin + 2) - begin - 2);
        bool same = line.size() > name.size() && line[name.size()] == ':';
        for (std::size_t i = 0; same && i < name.size(); i++) same = (line[i] | 0x20) == name[i];
        if (same) {
            const std::size_t value = line.find_first_not_of(' ', name.size() + 1);
            return value == line.npos ? std::string_view{} : line.substr(value);
        }
        begin = head.find("\r\n", begin + 2);
    }
    return {};
}

std::uint64_t number_in(std::string_view text, int base = 10) {
    std::uint64_t value = none;
    std::from_chars(text.data(), text.data() + text.size(), value, base);
    return value;
}

}  // namespace

void SimResponse::expect(std::uint32_t number) {
    number_ = number;
    state_ = State::head;
    checked_ = 0;
}

void SimResponse::reset() {
    input_.clear();
    state_ = State::head;
    is_broken_ = says_close_ = false;
}

SimResponse::Progress SimResponse::broken(Invariant invariant, const std::string& what) {
    is_broken_ = true;
    ledger_.violate(invariant, fmt::format("client {}, exchange {}: {}",
                                           ledger_.exchange(number_).client, number_, what));
    return Progress::broken;
}

bool SimResponse::read_line(std::string& line) {
    const std::size_t size = input_.find("\r\n");
    if (size == input_.npos) return false;
    line = input_.substr(0, size);
    input_.erase(0, size + 2);
    return true;
}

// False when more bytes are needed.
bool SimResponse::read_head() {
    const std::size_t size = input_.find("\r\n\r\n");
    if (size == input_.npos) return false;
    head_ = input_.substr(0, size + 2);
    input_.erase(0, size + 4);
    if (!head_.starts_with("HTTP/1.1 ") || head_.size() < 13) {
        broken(Invariant::answers_go_to_their_request, "not a status line: " + head_);
        return false;
    }
    status_ = static_cast<std::uint16_t>(number_in(std::string_view(head_).substr(9, 3)));
    const bool switches = status_ == 101 && ledger_.exchange(number_).is_upgrade;
    if (status_ < 200 && !switches) return true;  // Interim: the answer is still to come.
    begin_body();
    return true;
}

void SimResponse::begin_body() {
    const SimLedger::Exchange& exchange = ledger_.exchange(number_);
    const std::string_view id = field(head_, "x-sim-id");
    is_own_ = id.empty();
    says_close_ = field(head_, "connection") == "close";
    if (!is_own_) {
        backend_ = static_cast<std::uint32_t>(number_in(field(head_, "x-sim-backend")));
        if (number_in(id) != number_ || status_ != exchange.status) {
            broken(Invariant::answers_go_to_their_request, "the answer of another: " + head_);
            return;
        }
        if (status_ == 101) {
            left_ = exchange.answer_bytes;
            state_ = State::tunnel;
            return;
        }
    } else if (status_ < 400) {
        broken(Invariant::answers_go_to_their_request, "an answer from nowhere: " + head_);
        return;
    }
    const std::string_view length = field(head_, "content-length");
    left_ = number_in(length);
    if (!is_own_ && !length.empty() && left_ != exchange.answer_bytes) {
        broken(Invariant::answers_go_to_their_request, "another length: " + head_);
        return;
    }
    // Who never saw the head whole cannot know that it was a HEAD.
    const bool is_head = exchange.method == SimMethod::head && !(is_own_ && status_ == 408);
    if (is_head || status_ == 204 || status_ == 304) {
        state_ = State::whole;
    } else if (field(head_, "transfer-encoding") == "chunked") {
        state_ = State::chunk_size;
    } else {
        state_ = length.empty() ? State::until_close : State::length;
    }
}

void SimResponse::take_body() {
    const std::size_t count = static_cast<std::size_t>(
        state_ == State::until_close ? input_.size()
                                     : std::min<std::uint64_t>(left_, input_.size()));
    const std::string_view bytes = std::string_view(input_).substr(0, count);
    if (!is_own_) {
        const std::uint32_t size = ledger_.exchange(number_).answer_bytes;
        const std::string_view text = SimLedger::answer_text(number_, backend_, size);
        if (checked_ + count > size ||
            text.substr(static_cast<std::size_t>(checked_), count) != bytes) {
            broken(Invariant::answers_go_to_their_request,
                   fmt::format("other bytes in the body behind byte {}", checked_));
            return;
        }
    }
    checked_ += count;
    left_ -= count;
    input_.erase(0, count);
}

// False when more bytes are needed.
bool SimResponse::read_chunk_line() {
    std::string line;
    if (!read_line(line)) return false;
    if (state_ == State::chunk_end) {
        state_ = State::chunk_size;
        if (!line.empty()) broken(Invariant::answers_are_whole_or_cut, "no end behind a chunk");
    } else if (state_ == State::chunk_size) {
        left_ = number_in(line, 16);
        state_ = left_ == 0 ? State::trailers : State::chunk;
        if (left_ == none) broken(Invariant::answers_are_whole_or_cut, "not a chunk size: " + line);
    } else if (line.empty()) {
        state_ = State::whole;
    }
    return true;
}

SimResponse::Progress SimResponse::read() {
    for (bool goes_on = true; goes_on && !is_broken_;) {
        switch (state_) {
            case State::head:
                goes_on = read_head();
                break;
            case State::length:
            case State::tunnel:
            case State::chunk:
                take_body();
                goes_on = left_ == 0;
                if (goes_on) state_ = state_ == State::chunk ? State::chunk_end : State::whole;
                break;
            case State::until_close:
                take_body();
                goes_on = false;
                break;
            case State::chunk_size:
            case State::chunk_end:
            case State::trailers:
                goes_on = read_chunk_line();
                break;
            case State::whole:
                return finish();
        }
    }
    return is_broken_ ? Progress::broken : Progress::more;
}

SimResponse::Progress SimResponse::finish() {
    const SimLedger::Exchange& exchange = ledger_.exchange(number_);
    if (is_own_) return Progress::own_error;
    if (exchange.has_answer_body() && checked_ != exchange.answer_bytes) {
        return broken(Invariant::answers_are_whole_or_cut,
                      fmt::format("{} of {} bytes look like a whole answer", checked_,
                                  exchange.answer_bytes));
    }
    return Progress::whole;
}

SimResponse::Progress SimResponse::on_stream_end() {
    if (is_broken_) return Progress::broken;
    if (state_ != State::until_close) return Progress::more;
    const bool is_short = checked_ != ledger_.exchange(number_).answer_bytes;
    if (is_http_1_0_ && !is_own_ && is_short) return Progress::more;
    state_ = State::whole;
    return finish();
}

}  // namespace ringway::sim
