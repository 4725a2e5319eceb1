// Bytes from one connection to another and back, and nothing else: what is left of a proxy when two
// ends have agreed on a protocol of their own (WebSocket, and later CONNECT and plain TCP).
//
// Each direction has a high watermark: while more than `high_water_bytes` wait to be
// sent, no more is received; it goes on when all of it has left. An end of stream is passed on and
// the other direction lives (half-close); when both have ended, or one broke, or nothing has moved
// for the idle time-out, both connections are closed. Owned by the shard's slab of relays; on its
// thread alone.
#pragma once

#include <cstdint>

#include "core/ids.h"
#include "core/stream.h"
#include "core/timer_wheel.h"
#include "http/upgrade.h"

namespace ringway::shards {

class TcpRelay;

class RelayOwner {
public:
    virtual void on_relay_closed(TcpRelay& relay) = 0;

protected:
    ~RelayOwner() = default;
};

class TcpRelay final : public http::TunnelEnds {
public:
    enum class State : std::uint8_t { gathering, running, closing, closed };

    struct Options {
        RelayOwner& owner;
        core::BackendId backend;
        core::Duration idle_timeout;
    };
    TcpRelay(core::Io& io, core::TimerWheel& timers, const Options& options);
    ~TcpRelay();

    void begin_close();
    core::BackendId backend() const { return backend_; }
    State state() const { return state_; }

private:
    static constexpr std::size_t high_water_bytes = 65'536;
    // For one side to be released after the other was.
    static constexpr core::Duration gather_timeout = std::chrono::seconds(10);

    // One of the two connections, and the direction of the bytes that come from it.
    class End final : private core::StreamEvents {
    public:
        End(TcpRelay& relay, core::Io& io, core::Stream::Options options)
            : stream(io, *this, options), relay_(relay) {}

        core::Stream stream;
        core::Buffer early;       // Arrived before the relay ran.
        bool is_settled = false;  // Released to us, or lost.
        bool has_ended = false;   // Its peer sends no more.
        bool end_was_passed_on = false;

    private:
        void on_connected() override { CHECK(false); }
        void on_bytes(core::Buffer bytes) override { relay_.on_bytes(*this, std::move(bytes)); }
        void on_stream_failed(const core::Error& error) override { relay_.on_failed(*this, error); }
        void on_drained() override { relay_.pump(*this); }
        void on_closed() override { relay_.join_close(); }
        void on_released(int, core::Buffer) override { CHECK(false); }

        TcpRelay& relay_;
    };

    // http::TunnelEnds
    void on_client_released(int fd, core::Buffer early) override;
    void on_client_lost() override;
    void on_upstream_released(int fd, core::Buffer early) override;
    void on_upstream_lost() override;

    End& other(End& end) { return &end == &client_ ? upstream_ : client_; }
    void settle(End& end, int fd, core::Buffer early);
    void run();
    void on_bytes(End& from, core::Buffer bytes);
    void on_failed(End& end, const core::Error& error);
    void pump(End& to);
    void on_idle() noexcept;
    void touch();
    void join_close();

    RelayOwner& owner_;
    core::BackendId backend_;
    core::Io& io_;
    core::TimerWheel& timers_;
    core::Duration idle_timeout_;
    State state_ = State::gathering;
    core::TimerOf<TcpRelay> timer_{*this};
    End client_;
    End upstream_;
};

}  // namespace ringway::shards
