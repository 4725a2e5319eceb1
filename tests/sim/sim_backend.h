// A scripted HTTP/1.1 backend on a simulated host. It reads requests with its own few lines of
// parsing, checks head and body against the ledger, and answers as sim_answer.h draws it, faults
// included; now and then it refuses everybody for a while. It shares no code with http/.
// All backends of a run live on one SimIo; the run's driver owns them.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "core/address.h"
#include "tests/sim/sim_answer.h"
#include "tests/sim/sim_link.h"
#include "tests/sim/sim_net.h"

namespace ringway::sim {

class SimBackend;

// One connection to a backend.
class SimBackendLink final : private SimLinkEvents, private SimTarget {
public:
    explicit SimBackendLink(SimBackend& backend);
    void adopt(int fd);
    void begin_close() { link_.begin_close(); }
    void begin_reset() { link_.begin_reset(); }
    bool is_unused() const { return link_.state() == SimLink::State::unused; }

private:
    enum class Phase : std::uint8_t { head, body, tunnel };
    enum class Body : std::uint8_t { length, chunk_size, chunk, chunk_end, trailers };

    void on_link_open() override {}
    void on_link_bytes(std::string_view bytes) override;
    void on_link_sent() override;
    void on_link_ended(int error) override;
    void on_link_closed() override;
    void on_event(const SimEvent& event) noexcept override;

    void read_input();
    bool read_head();
    bool read_body();
    bool read_tunnel();
    bool check_head(std::string_view head);
    void check_body(std::string_view bytes);
    void end_request();
    void begin_answer();
    void continue_answer();
    void end_answer();
    void broken(std::string what);
    void wait(core::Duration delay, std::uint8_t kind);

    SimBackend& backend_;
    SimLink link_;
    std::uint32_t wait_number_ = 0;  // What waits for an older one is void.

    // While a request is read.
    std::string input_;
    Phase phase_ = Phase::head;
    Body body_ = Body::length;
    std::uint64_t left_ = 0;  // Of the body or the chunk.
    std::uint64_t checked_ = 0;
    std::uint32_t number_ = 0;

    // While it is answered.
    SimAnswer answer_;
    std::size_t answered_ = 0;
    bool is_answering_ = false;
    bool is_request_whole_ = true;
};

class SimBackend final : private SimTarget {
public:
    struct Options {
        std::uint32_t number = 0;
        core::Address address;
        // How long it keeps an idle connection; 0: for ever.
        core::Duration idle_timeout{};
    };
    SimBackend(SimIo& io, SimNet& net, SimLedger& ledger, const Options& options);
    SimBackend(const SimBackend&) = delete;

    // Stops listening and ends every connection.
    void begin_end();
    bool has_ended() const;
    std::uint64_t requests_total() const { return requests_total_; }

private:
    friend class SimBackendLink;
    void on_accepted(core::Outcome outcome) noexcept;
    void on_listener_closed(core::Outcome) noexcept { listen_fd_ = -1; }
    void on_event(const SimEvent& event) noexcept override;
    void flap();

    SimIo& io_;
    SimNet& net_;
    SimLedger& ledger_;
    Options options_;
    int listen_fd_;
    bool is_ending_ = false;
    std::uint64_t requests_total_ = 0;
    std::deque<SimBackendLink> links_;
    core::Op<SimBackend> accepting_{*this};
};

}  // namespace ringway::sim
