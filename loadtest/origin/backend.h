// One mock backend: an address it listens on, what it answers, and its capacity. At most `slots`
// requests are worked on at once, `queue` more wait their turn, and the rest get 503, so that load,
// cascades and herds can be seen. Its settings come from the Board and are taken over when the
// board's generation changes; its counts go there.
// Owned by the Origin, together with its connections; the origin's thread.
#pragma once

#include <cstdint>
#include <deque>

#include "core/address.h"
#include "core/buffer_pool.h"
#include "core/prng.h"
#include "core/slab.h"
#include "http/context.h"
#include "loadtest/origin/acceptor.h"
#include "loadtest/origin/answer.h"
#include "loadtest/origin/board.h"
#include "loadtest/origin/connection.h"
#include "loadtest/origin/settings.h"

namespace ringway::loadtest {

// What the backends of a process have in common.
struct Machine {
    core::Io& io;
    core::TimerWheel& timers;
    core::BufferPool& small_buffers;
    core::BufferPool& large_buffers;
    http::FieldTable& field_table;
    Board& board;
    bool slot_was_freed = false;  // Somebody's queue may move on at the end of the tick.
};

class Backend final : private AcceptorOwner {
public:
    struct Options {
        std::uint32_t number;
        core::Address address;
        std::uint64_t seed;
        std::uint32_t connections_max;
    };
    Backend(Machine& machine, const Options& options);
    ~Backend();  // REQUIRES: is_finished().

    // Takes the descriptor of the first listening socket; later ones it opens itself.
    void start(int listen_fd);
    void begin_close();
    bool is_finished() const;
    // Takes over what the board says now.
    void refresh();
    // Gives free slots to those who wait. Between ticks, never from a handler.
    void serve_waiting();

    // --- For connections.
    // Works on it now, or later, or refuses it.
    void admit(Connection& connection);
    // It waits no more: its client is gone.
    void leave_queue(Connection& connection);
    void release_slot();
    void on_connection_closed(Connection& connection);

    http::Context& context() { return context_; }
    Machine& machine() { return machine_; }
    const http::Arrival& arrival() const { return arrival_; }
    const Settings& settings() const { return settings_; }
    Counts& counts() { return counts_; }
    core::Prng& prng() { return prng_; }
    std::uint32_t number() const { return options_.number; }
    const Answer& answer() const { return answer_; }
    const Answer& error_answer() const { return error_answer_; }
    const Answer& busy_answer() const { return busy_answer_; }
    const Answer& health_answer() const { return health_answer_; }
    // An answer with another length than the usual one's.
    Answer answer_of(std::uint64_t length) const;

private:
    // AcceptorOwner
    void on_accepted(int fd) override;
    bool has_room() const override {
        return !is_closing_ && connections_.size() < options_.connections_max;
    }
    void on_acceptor_closed() override;

    bool has_slot() const;
    void take_slot();
    void follow_up();
    void reset_connections();
    void listen_again();
    void on_listen_retry() noexcept { listen_again(); }

    // Set at construction.
    Machine& machine_;
    Options options_;
    Counts& counts_;
    core::Prng prng_;
    http::Settings http_settings_;
    http::Counters http_counters_;
    http::Context context_;
    http::Arrival arrival_;

    bool is_closing_ = false;
    bool has_told_ = false;           // That its port is taken.
    std::uint64_t refused_seen_ = 0;  // Of http_counters_, what `malformed` has.
    Acceptor acceptor_;
    core::TimerOf<Backend> listen_retry_{*this};
    core::Slab<Connection> connections_;
    std::deque<Connection*> waiting_;  // In the order they came.

    // Made of the settings.
    Settings settings_;
    Answer answer_;
    Answer error_answer_;
    Answer busy_answer_;
    Answer health_answer_;
};

}  // namespace ringway::loadtest
