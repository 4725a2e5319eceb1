// What the origin tells about itself, as JSON: what lab/peers.py, the demo and the tests read. The
// keys are a contract; README.md lists them. Reads the Board and nothing else, so the process with
// the control port can tell of backends that are processes of their own, or were.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/address.h"
#include "loadtest/origin/board.h"

namespace ringway::loadtest {

// A backend as the outside knows it.
struct Place {
    core::Address address;
    int pid = 0;  // 0: there is no process, it was ended.
};

class Report {
public:
    Report(const Board& board, std::vector<Place> places)
        : board_(board), places_(std::move(places)) {}

    Place& place(std::uint32_t number) { return places_[number]; }
    std::uint32_t size() const { return static_cast<std::uint32_t>(places_.size()); }

    // {"backends": [{"backend": 0, "address": …, "requests": N, …}, …]}
    std::string counts() const;
    // The same with settings.
    std::string all() const;
    // One of them.
    std::string one(std::uint32_t number) const;

private:
    std::string head_of(std::uint32_t number) const;
    std::string counts_of(std::uint32_t number) const;
    std::string settings_of(std::uint32_t number) const;

    const Board& board_;
    std::vector<Place> places_;
};

}  // namespace ringway::loadtest
