// Who may read what. Everything that a simulated backend says carries a mark, and the ledger knows
// for each mark on which connection it was said, in answer to whose request, and when. What a
// client has received is then held against it: a mark that is not its own is another client's
// secret, and CHECKs.
//
// Marks are made of '@', which nothing else contains. A backend tells whose request it reads from
// X-Forwarded-For: every client connection has an address of its own.
//
// One exception is no fault of the proxy's. A backend that speaks before it was asked is believed
// when its words and the next request pass each other on the wire. They cannot have passed each
// other when all was quiet in between: that is what epochs are for. Words that a full window keeps
// from leaving are on their way until they have left.
// One per input, in its one thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::fuzz {

inline constexpr std::uint32_t nobody = 0xffff'ffff;

// Every whole mark in `text` becomes `mark`.
void renew_marks(std::string& text, std::string_view mark);

class ActionLedger {
public:
    // Everything sent has arrived and was read; nothing moves but by time-outs.
    void on_quiet() { epoch_++; }
    // ... and of what this connection said something waits for room all the same, or nothing does.
    void on_unsent(std::uint32_t connection);
    void on_all_sent(std::uint32_t connection) { connections_[connection].left = said_.size(); }

    // A backend's connection, by its number.
    std::uint32_t begin_connection();
    // It read bytes, which may contain the heads of requests. REQUIRES: each byte is shown once.
    void on_read(std::uint32_t connection, std::string_view bytes);
    // It was cut: a request on its way is lost.
    void on_cut(std::uint32_t connection);
    // It said its last word. What it reads from now on it cannot answer, and does not execute.
    void on_ended(std::uint32_t connection) { connections_[connection].has_ended = true; }
    // It does not read: requests may have come unseen.
    void on_deaf(std::uint32_t connection) { connections_[connection].is_deaf = true; }
    // The answer to the last request is whole; what it says now nobody asked for.
    void on_answered(std::uint32_t connection) { connections_[connection].asked_by = nobody; }
    // The mark of what it says now.
    std::string mark(std::uint32_t connection);

    void check_received(std::uint32_t client, std::string_view bytes) const;

private:
    struct Arrival {
        std::uint32_t client;
        std::uint64_t epoch;
    };
    struct Connection {
        std::vector<Arrival> arrivals;
        std::uint32_t asked_by = nobody;
        std::uint64_t asked_at = 0;  // Which arrival of all.
        bool is_cut = false;
        bool is_deaf = false;
        bool has_ended = false;
        std::uint64_t cut_epoch = 0;
        std::size_t left = 0;  // The words before this one have left.
        std::string unread;    // The end of what was read: a mark may be cut in two.
    };
    struct Word {
        std::uint32_t connection;
        std::size_t arrivals;  // On that connection, before.
        std::uint32_t asked_by;
        std::uint64_t asked_at;
        std::uint64_t epoch;
        std::uint64_t epoch_left;  // When the last of it can have left.

        bool was_under_way(std::uint64_t then) const { return epoch <= then && then <= epoch_left; }
    };

    void on_request(Connection& connection, std::uint32_t client);
    void on_unsafe_request(std::string_view mark);
    bool may_have_crossed(const Word& said, std::uint32_t client) const;

    std::uint64_t epoch_ = 0;
    std::uint64_t arrivals_total_ = 0;
    std::vector<Connection> connections_;
    std::vector<Word> said_;
    std::vector<std::string> unsafe_seen_;
};

}  // namespace ringway::fuzz
