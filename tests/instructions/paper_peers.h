// The clients and the backends of a scenario, on a paper::Kernel. They say the same bytes again and
// again and look at what they are told only as far as needed to know that the shard did its work:
// every answer must be whole, of status 200, and of as many bytes as the backend sent.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "tests/instructions/paper_kernel.h"

namespace ringway::paper {

struct Script {
    std::string name;
    std::string request;
    std::string answer;
    // How a whole answer ends, where its length is not said.
    std::string last_bytes{};
    std::uint32_t clients = 16;
    std::uint32_t requests = 2'000;  // That are counted, a multiple of the clients.
    bool closes = false;             // A connection for each request.
    bool logs = false;
};

const std::vector<Script>& scripts();

// Answers each request it hears. Requests have no body here.
class Backend final : public Peer {
public:
    explicit Backend(const Script& script) : script_(script) {}
    void on_bytes(int fd, std::string_view bytes) override;
    void on_closed(int) override {}

private:
    const Script& script_;
};

class Client final : public Peer {
public:
    explicit Client(const Script& script) : script_(script) {}
    void start();
    void on_bytes(int fd, std::string_view bytes) override;
    void on_closed(int fd) override;
    std::uint64_t answers() const { return answers_; }

private:
    void end_answer();

    const Script& script_;
    int fd_ = -1;
    std::uint64_t body_bytes_ = 0;  // Of the answer that is under way.
    bool has_head_ = false;
    std::uint64_t answers_ = 0;
};

// Everybody around the shard.
class Peers final : public Backends {
public:
    explicit Peers(const Script& script)
        : backend_(script), clients_(script.clients, Client{script}) {}
    void start();
    Peer& connected(int) override { return backend_; }
    std::uint64_t answers() const;

private:
    Backend backend_;  // All of them are alike.
    std::deque<Client> clients_;
};

}  // namespace ringway::paper
