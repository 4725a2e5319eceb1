// The two sides that a fuzz target plays: clients, each connection from an address of its own, and
// backends that accept what the proxy connects. They say exactly what they are told to, in pieces
// where they are told to cut; the ledger hears what backends read.
// One of each per input, in its one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "tests/fuzz/action_ledger.h"
#include "tests/fuzz/action_proxy.h"
#include "tests/fuzz/action_words.h"
#include "tests/support/sim_peer.h"

namespace ringway::fuzz {

// What is to be said, of which a part may have to wait.
class CutText {
public:
    // The next text goes out in two parts, the first of that many bytes.
    void cut_next(std::size_t bytes) { cut_at_ = bytes; }
    // What of `text` goes out now.
    std::string say(std::string text);
    std::string rest() { return std::exchange(rest_, {}); }
    bool is_cut() const { return !rest_.empty(); }

private:
    std::size_t cut_at_ = std::string::npos;
    std::string rest_;
};

// One connection to the proxy.
class ActionClient final : public sim::SimHost, private core::SleepGate {
public:
    ActionClient(sim::SimNet& net, std::uint32_t number);

    sim::SimIo& io() override { return io_; }
    void tick() override { io_.run_once(core::Instant::max(), *this); }

    void ask(const RequestWord& word);
    void ask_hostile(std::string_view word);
    // Anything, which may be a part of anything.
    void say(std::string text);
    void say_rest() { peer.send(text_.rest()); }
    void cut_next(std::size_t bytes) { text_.cut_next(bytes); }
    std::uint32_t number() const { return number_; }

private:
    sim::SimIo io_;

public:
    tests::SimPeer peer;

private:
    static constexpr std::uint32_t requests_max = 26;

    bool may_sleep() noexcept override { return true; }
    void on_awake() noexcept override {}
    void say_word(std::string_view word, std::string_view mark);

    std::uint32_t number_;
    std::uint32_t requests_ = 0;
    bool is_in_step_ = true;  // All it said are whole requests: what comes next begins one.
    bool is_refused_ = false;
    CutText text_;
};

// All backends, and their connections in the order in which they came.
class ActionBackends final : public sim::SimHost, private core::SleepGate {
public:
    struct Connection {
        explicit Connection(sim::SimIo& io) : peer(io) {}

        tests::SimPeer peer;
        std::uint32_t number = 0;
        std::size_t shown = 0;   // Bytes that the ledger has seen.
        bool is_in_step = true;  // All it said are whole answers.
        CutText text;
    };

    ActionBackends(sim::SimNet& net, ActionLedger& ledger);

    sim::SimIo& io() override { return io_; }
    void tick() override;

    void say(Connection& connection, std::string_view text, Said kind);
    void say_bytes(Connection& connection, std::size_t bytes);
    void say_chunk(Connection& connection, std::size_t bytes);
    void say_rest(Connection& connection);
    void cut(Connection& connection) { ledger_.on_cut(connection.number); }
    void end(Connection& connection);
    void stop_reading(Connection& connection);
    // Nothing moves but by time-outs.
    void on_quiet();
    // Closes whatever is left. True when nothing is open or in flight any more.
    bool finish();

private:
    sim::SimIo io_;

public:
    std::deque<Connection> connections;

private:
    // One backend's listening socket.
    struct Door {
        explicit Door(ActionBackends& owner) : backends(owner) {}
        void on_accepted(core::Outcome outcome) noexcept;

        ActionBackends& backends;
        int fd = -1;
        core::Op<Door> accept{*this};
    };

    bool may_sleep() noexcept override { return true; }
    void on_awake() noexcept override {}
    void show(Connection& connection);

    ActionLedger& ledger_;
    std::deque<Door> doors_;
    bool is_stopping_ = false;
};

}  // namespace ringway::fuzz
