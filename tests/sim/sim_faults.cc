#include "tests/sim/sim_faults.h"

#include <bit>

namespace ringway::sim {

const std::array<FaultRow, fault_kinds> fault_table = {{
    {Fault::segment_split, "segment_split", 0.5, "a segment is cut at a random byte"},
    {Fault::latency_spike, "latency_spike", 0.02, "a segment is 1 to 200 ms late"},
    {Fault::small_window, "small_window", 0.3,
     "a connection has kernel buffers of 64 to 2,048 bytes"},
    {Fault::connection_reset, "connection_reset", 0.05,
     "a connection is reset after a random byte"},
    {Fault::connect_refused, "connect_refused", 0.03, "a connect is refused by the network"},
    {Fault::connect_hung, "connect_hung", 0.02, "a connect is never answered"},
    {Fault::backlog_full, "backlog_full", 0.01, "a listener drops the SYN, the client tries later"},
    {Fault::receive_short, "receive_short", 0.3, "a receive takes less than there is"},
    {Fault::no_buffers, "no_buffers", 0.03, "-ENOBUFS with bytes in the socket"},
    {Fault::end_behind_no_buffers, "end_behind_no_buffers", 0.2, "-ENOBUFS instead of the end"},
    {Fault::buffer_with_end, "buffer_with_end", 0.5, "an end of stream that carries a buffer"},
    {Fault::send_short, "send_short", 0, "the peer was gone in the middle of a send"},
    {Fault::completion_late, "completion_late", 0.05, "an outcome is delivered up to 20 ms late"},
    {Fault::completions_reordered, "completions_reordered", 0.3, "a batch comes in random order"},
    {Fault::completions_limited, "completions_limited", 0.3,
     "a tick delivers a part of what is due"},
    {Fault::submissions_limited, "submissions_limited", 0.3,
     "a tick submits a part of what was started"},
    {Fault::close_late, "close_late", 0.3, "a close is confirmed after its descriptor was reused"},
    {Fault::descriptor_reused, "descriptor_reused", 0, "a descriptor number came back at once"},
    {Fault::cancel_late, "cancel_late", 0.3, "a cancel takes 0.05 to 5 ms"},
    {Fault::cancel_lost, "cancel_lost", 0.1, "a cancel does nothing for 0.1 to 2 s"},
    {Fault::cancel_raced, "cancel_raced", 0.3, "the victim succeeds first"},
    {Fault::accept_ended, "accept_ended", 0.05, "a multishot accept ends with a connection"},
    {Fault::accept_failed, "accept_failed", 0.02, "an accept ends with EMFILE or ECONNABORTED"},
    {Fault::open_failed, "open_failed", 0.01, "no descriptor for a new socket"},
    {Fault::wake_spurious, "wake_spurious", 0.02, "a sleep ends for no reason"},
    {Fault::host_stalled, "host_stalled", 0.002, "a shard or peer does not run for up to 50 ms"},
    {Fault::backend_stall, "backend_stall", 0.01,
     "a backend goes silent in the middle of an answer"},
    {Fault::backend_flap, "backend_flap", 0.02, "a backend refuses connections for a while"},
    {Fault::backend_reset, "backend_reset", 0.04,
     "a backend resets at a random byte of its answer"},
    {Fault::backend_end_in_head, "backend_end_in_head", 0.02, "a backend closes inside a head"},
    {Fault::backend_end_in_body, "backend_end_in_body", 0.02, "a backend closes inside a body"},
    {Fault::backend_end_idle, "backend_end_idle", 0.1, "a backend closes an idle connection"},
    {Fault::backend_drip, "backend_drip", 0.05, "an answer comes in small pieces with pauses"},
    {Fault::backend_garbage, "backend_garbage", 0.01, "an answer that is not HTTP"},
    {Fault::backend_early_response, "backend_early_response", 0.05,
     "an answer before the request's end"},
    {Fault::backend_close_header, "backend_close_header", 0.1, "an answer with Connection: close"},
    {Fault::backend_close_delimited, "backend_close_delimited", 0.15,
     "a body that ends with the stream"},
    {Fault::backend_body_short, "backend_body_short", 0.01,
     "a body shorter than announced, then silence or end"},
    {Fault::backend_body_long, "backend_body_long", 0.01, "bytes behind the announced body"},
    {Fault::client_fragments, "client_fragments", 0.3, "a request is sent in pieces with pauses"},
    {Fault::client_pipelines, "client_pipelines", 0.3, "requests are sent before the answer came"},
    {Fault::client_cut_in_request, "client_cut_in_request", 0.03,
     "a client leaves inside a request"},
    {Fault::client_cut_in_response, "client_cut_in_response", 0.03,
     "a client leaves inside an answer"},
    {Fault::client_slow_reader, "client_slow_reader", 0.05, "a client reads slowly, with pauses"},
    {Fault::client_silent, "client_silent", 0.01, "a client stops in the middle and stays"},
    {Fault::send_held, "send_held", 0, "last bytes waited for the end of their stream"},
    {Fault::standing_ended, "standing_ended", 0.5, "a receive that stands ends by itself"},
}};

void SimFaults::draw_swarm() {
    for (const FaultRow& row : fault_table) {
        const bool on = prng_.chance(0.5);
        const double share = prng_.real();
        set_rate(row.fault, on ? row.rate_max * share : 0);
    }
}

std::uint64_t SimFaults::skewed(std::uint64_t most) {
    const std::uint64_t ceiling =
        std::uint64_t{1} << prng_.uniform(static_cast<std::uint64_t>(std::bit_width(most)) + 1);
    return between(1, ceiling < most ? ceiling : most);
}

}  // namespace ringway::sim
