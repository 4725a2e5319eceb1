// Backends that are processes of their own (--processes), so that one can be killed: ringway-origin
// runs itself once per backend and hands each its listening socket and the board. The first process
// has the control port and keeps nothing of theirs: when a backend dies its port is closed.
// Owned by main, in the first process; the origin's thread.
#pragma once

#include <cstdint>
#include <string>

#include "loadtest/origin/board.h"
#include "loadtest/origin/control.h"
#include "loadtest/origin/listeners.h"
#include "loadtest/origin/options.h"
#include "loadtest/origin/report.h"

namespace ringway::loadtest {

class OriginProcesses final : public Processes {
public:
    OriginProcesses(const Board& board, Report& report, const OriginOptions& options);
    ~OriginProcesses();  // Ends those that still run.

    // A process for the backend, which takes over the descriptor. An empty string, or why not.
    std::string run(std::uint32_t number, int listen_fd);
    // Takes note of those that ended and says so.
    void reap();

    // Processes
    std::string kill(std::uint32_t number) override;
    std::string start(std::uint32_t number) override;

private:
    void note_end(int pid, int status);

    const Board& board_;
    Report& report_;
    const OriginOptions& options_;
};

}  // namespace ringway::loadtest
