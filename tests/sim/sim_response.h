// Reads answers as a careful client does, with its own few lines of parsing, and checks them while
// they come: whose answer it is, the status, every byte of the body. One reader per client
// connection; it is told which exchange's answer comes next. Shares no code with http/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/sim/sim_ledger.h"

namespace ringway::sim {

class SimResponse {
public:
    enum class Progress : std::uint8_t {
        more,       // Needs bytes.
        whole,      // The backend's answer, checked to the last byte.
        own_error,  // An answer of the proxy's own, whole.
        broken,     // A violation was entered.
    };

    explicit SimResponse(SimLedger& ledger) : ledger_(ledger) {}

    // The next answer is for this exchange. REQUIRES: what came before was whole.
    void expect(std::uint32_t number);
    // The client speaks HTTP/1.0: where its answer ends with the stream nothing tells a cut.
    void set_http_1_0(bool is_old) { is_http_1_0_ = is_old; }
    // Forgets the connection.
    void reset();

    void add(std::string_view bytes) { input_ += bytes; }
    Progress read();
    // The stream ended in order: what that makes of an answer in progress (`more`: it was cut).
    Progress on_stream_end();

    bool has_switched() const { return state_ == State::tunnel; }
    std::uint16_t status() const { return status_; }
    // The proxy ends the connection behind this answer.
    bool says_close() const { return says_close_; }
    bool has_leftover() const { return !input_.empty(); }
    bool has_begun() const { return state_ != State::head || !input_.empty(); }

private:
    enum class State : std::uint8_t {
        head,
        length,
        until_close,
        chunk_size,
        chunk,
        chunk_end,
        trailers,
        tunnel,
        whole,
    };

    bool read_head();
    bool read_line(std::string& line);
    void begin_body();
    bool read_chunk_line();
    void take_body();
    Progress finish();
    Progress broken(Invariant invariant, const std::string& what);

    SimLedger& ledger_;
    std::string input_;
    std::string head_;
    State state_ = State::head;
    bool is_broken_ = false;
    bool is_own_ = false;
    bool is_http_1_0_ = false;
    bool says_close_ = false;
    std::uint32_t number_ = 0;
    std::uint32_t backend_ = 0;
    std::uint16_t status_ = 0;
    std::uint64_t left_ = 0;
    std::uint64_t checked_ = 0;
};

}  // namespace ringway::sim
