// The client side of an exchange whose client has gone, though its request goes on
// (`client_gone = "finish"`): takes whatever comes and keeps nothing. What is told of the exchange
// still names who asked, and that nobody was there to be answered.
// Part of an Exchange.
#pragma once

#include "http/client_side.h"

namespace ringway::http {

class AbsentClient final : public ClientSide {
public:
    struct Options {
        core::PackedAddress peer;
        const Arrival& arrival;
        Reason reason;  // How it went.
    };
    explicit AbsentClient(const Options& options)
        : peer_(options.peer), arrival_(options.arrival), reason_(options.reason) {}

    Reason reason() const { return reason_; }

    void send_head(const ResponseHead&, const HeadEdits&) override {}
    void send_body(core::Buffer) override {}
    void send_trailers(core::Buffer) override {}
    void reply(const Reply&) override {}
    void flush() override {}
    void finish() override {}
    void abort(const core::Error&) override {}
    void release_to(TunnelEnds& tunnel) override { tunnel.on_client_lost(); }
    void grant(std::size_t) override {}
    std::size_t backlog() const override { return 0; }
    const core::PackedAddress& peer() override { return peer_; }
    const Arrival& arrival() const override { return arrival_; }

private:
    core::PackedAddress peer_;
    const Arrival& arrival_;
    Reason reason_;
};

}  // namespace ringway::http
