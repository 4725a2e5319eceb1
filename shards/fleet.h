// The shards as threads: started one after the other, each pinned to its CPU, with its own
// descriptor table, ring and listeners; stopped together. Owned by the control thread, which talks
// to them through its own corner of the mesh.
//
// Start-up is the one place where threads wait for each other. A shard that cannot start ends the
// start of all: a fleet runs whole or not at all.
#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "config/config.h"
#include "shards/control/access_log_writer.h"
#include "shards/group_balancer.h"
#include "shards/load_snapshots.h"
#include "shards/mailbox.h"

namespace ringway::shards {

class Fleet {
public:
    struct Options {
        const config::Config& config;  // Outlives the fleet.
        std::uint32_t shard_count;
        std::vector<int> cpus;  // To pin to, in turn; empty: not pinned.
        core::Waker& control;
        core::Duration look_max{};               // Of a shard, before it sleeps.
        AccessLogWriter* access_log = nullptr;   // Null: requests are not logged.
        std::vector<int> writers_descriptors{};  // The shards' tables are to have no copy of them.
    };
    explicit Fleet(const Options& options);
    ~Fleet();  // REQUIRES: not started, or joined.

    // Empty, or what could not be done and what to do about it, for the operator.
    std::string start();
    // Asks all shards; `false` when a queue was full and it must be asked again.
    bool post_to_all(Message::Kind kind);
    // Counts those that have reported `finished`; call when woken.
    std::uint32_t take_reports();
    void join();

    std::uint32_t shard_count() const { return options_.shard_count; }
    Mailbox& control_mailbox() { return control_; }

private:
    // What a shard's thread reports once: empty when it runs, else why it does not.
    struct Thread {
        std::thread thread;
        std::promise<std::string> started;
        int wake_fd = -1;
    };

    void run_shard(std::uint32_t index);
    std::string open_wake_fds();
    std::string open_shared_listeners();

    Options options_;
    Mesh mesh_;
    LoadMesh load_mesh_;
    GroupTables tables_;  // Made before the threads, and never changed.
    Mailbox control_;
    std::vector<std::unique_ptr<Thread>> threads_;
    std::vector<int> shared_listeners_;  // By listen; -1 where each shard opens its own.
    std::vector<std::string> ports_;     // By listen, as text: what Arrival points to.
    std::uint32_t finished_ = 0;
};

}  // namespace ringway::shards
