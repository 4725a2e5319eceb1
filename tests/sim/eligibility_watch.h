// Watches from outside that a shard leaves a backend alone that could not be connected to: no
// connect to it for the pool's back-off, unless none of the group is known to be better. What is
// uncertain from outside (a connect that was given up, one still under way) excuses the shard.
// One per shard; it belongs to the run.
#pragma once

#include <cerrno>
#include <map>
#include <vector>

#include "tests/sim/sim_io.h"
#include "tests/sim/sim_ledger.h"

namespace ringway::sim {

class EligibilityWatch final : public SimConnectWatch {
public:
    EligibilityWatch(const SimClock& clock, SimLedger& ledger) : clock_(clock), ledger_(ledger) {}

    void add(const core::Address& backend) { backends_.push_back({.address = backend}); }

    void on_connect_began(int fd, const core::Address& peer) override {
        Backend& picked = of(peer);
        const bool is_barred = picked.refused && clock_.now() < picked.refused_at + backoff;
        for (const Backend& other : backends_) {
            if (is_barred && &other != &picked && is_surely_eligible(other)) {
                ledger_.violate(Invariant::only_eligible_backends,
                                peer.text() + " was picked within its back-off, and " +
                                    other.address.text() + " was eligible");
                break;
            }
        }
        picked.connecting++;
        began_[fd] = clock_.now();
    }

    void on_connect_ended(int fd, const core::Address& peer, int result) override {
        Backend& backend = of(peer);
        backend.connecting--;
        // Whatever the outcome: the pool did not wait for it.
        const bool given_up = result == -ECANCELED || clock_.now() > began_[fd] + connect_timeout;
        backend.refused = result < 0 && !given_up;
        if (backend.refused) backend.refused_at = clock_.now();
        if (!given_up) return;
        backend.was_given_up = true;
        backend.given_up_at = clock_.now();
    }

private:
    // UpstreamPool::backoff; a pool that waits longer is not noticed here, nor does it matter.
    static constexpr core::Duration backoff = std::chrono::milliseconds(999);
    static constexpr core::Duration connect_timeout = std::chrono::milliseconds(990);
    // A connect that was given up may end, with lost cancels, seconds after the pool knew.
    static constexpr core::Duration uncertain = std::chrono::seconds(10);

    struct Backend {
        core::Address address;
        bool refused = false;
        bool was_given_up = false;
        core::Instant refused_at{};
        core::Instant given_up_at{};
        std::uint32_t connecting = 0;
    };

    bool is_surely_eligible(const Backend& backend) const {
        return !backend.refused && backend.connecting == 0 &&
               (!backend.was_given_up || clock_.now() > backend.given_up_at + uncertain);
    }
    Backend& of(const core::Address& address) {
        for (Backend& backend : backends_) {
            if (backend.address == address) return backend;
        }
        CHECK(false && "a connect to nobody's address");
    }

    const SimClock& clock_;
    SimLedger& ledger_;
    std::vector<Backend> backends_;
    std::map<int, core::Instant> began_;  // By descriptor.
};

}  // namespace ringway::sim
