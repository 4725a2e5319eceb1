// A simulated user of the proxy: connects, sends requests (some pipelined, some in pieces, some
// never finished), checks every answer, thinks, goes on, leaves. It takes exchanges from the
// ledger until there are no more and says there what became of each. A client that waits longer
// than anything in the proxy may take enters a violation: an exchange is stuck.
// All clients of a run live on one SimIo; the run's driver owns them.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "core/address.h"
#include "tests/sim/sim_link.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_response.h"

namespace ringway::sim {

class SimClient final : private SimLinkEvents, private SimTarget {
public:
    struct Options {
        std::uint32_t number = 0;
        core::Address proxy;
        std::uint64_t seed = 0;
        core::Duration patience = std::chrono::seconds(120);
        bool speaks_http_1_0 = true;  // Now and then.
    };
    SimClient(SimIo& io, SimNet& net, SimLedger& ledger, const Options& options);
    SimClient(const SimClient&) = delete;

    void begin();
    // Takes no further exchanges.
    void begin_end() { is_ending_ = true; }
    // It has no more to ask and its connection is closed.
    bool has_ended() const { return has_ended_; }

private:
    enum class Wait : std::uint8_t { think, piece, read, patience, connect };
    // How the burst of requests under way is to go wrong, if at all.
    enum class Plan : std::uint8_t { well, cut_in_request, cut_in_response, silent };

    void on_link_open() override;
    void on_link_bytes(std::string_view bytes) override;
    void on_link_sent() override;
    void on_link_ended(int error) override;
    void on_link_closed() override;
    void on_event(const SimEvent& event) noexcept override;

    void begin_connection();
    void begin_burst();
    enum class Version : std::uint8_t { http_1_0, http_1_1 };
    void write_request(std::uint32_t number, Version version, bool last);
    void write_body(std::uint32_t number, bool may_chunk);
    void draw_plan();
    void send_piece();
    void read_answers();
    void end_burst();
    void leave(SimLedger::End end);
    void end_all(SimLedger::End end);
    void end_front(SimLedger::End end, std::uint16_t status);
    void wait(Wait kind, core::Duration delay);
    void wait_patiently();
    SimFaults& faults() { return net_.faults(); }

    SimNet& net_;
    SimLedger& ledger_;
    Options options_;
    core::Prng prng_;
    SimLink link_;
    SimResponse response_;
    bool is_ending_ = false;
    bool has_ended_ = false;
    std::uint32_t wait_number_ = 0;      // What waits for an older one is void.
    std::uint32_t patience_number_ = 0;  // Likewise.

    // While a connection is used.
    std::uint64_t bursts_left_ = 0;
    bool asked_to_close_ = false;

    // While a burst is under way: its exchanges, the first one's answer comes next.
    std::deque<std::uint32_t> flights_;
    std::string output_;
    std::size_t output_sent_ = 0;
    std::size_t output_end_ = 0;  // Where the client stops, short of all if it goes wrong.
    std::size_t piece_bytes_ = 0;
    std::size_t switch_at_ = 0;    // Where it waits for 101 (Switching Protocols), if anywhere.
    std::size_t continue_at_ = 0;  // Where it waits for 100 (Continue), if anywhere.
    Plan plan_ = Plan::well;
    std::uint64_t received_max_ = 0;  // Leaves when so many bytes came.
    std::uint64_t received_ = 0;
    core::Duration read_pause_{};
};

}  // namespace ringway::sim
