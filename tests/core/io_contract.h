// What the tests of Io's promises share: the engines as test parameters, an operation that writes
// down its outcomes, and a connected pair of descriptors on one engine with blocking-style words
// (send all, receive until) that pump the engine. Every word copes with what the promises allow:
// short receives, -ENOBUFS, a multishot that ends, a cancel that does not.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/buffer_pool.h"
#include "tests/support/io_engine.h"

namespace ringway::core::contract {

// An operation's owner that keeps what it hears.
class Waiter {
public:
    Completion& armed() { return op_.then<&Waiter::on_outcome>(); }
    bool in_flight() const { return op_.in_flight(); }
    bool has_ended() const { return !outcomes.empty() && !outcomes.back().more; }
    int result() const { return outcomes.back().result; }

    std::vector<Outcome> outcomes;

private:
    void on_outcome(Outcome outcome) noexcept { outcomes.push_back(outcome); }
    Op<Waiter> op_{*this};
};

inline std::string pattern(std::size_t count, unsigned salt = 0) {
    std::string bytes(count, '\0');
    for (std::size_t i = 0; i < count; i++) {
        bytes[i] = static_cast<char>('a' + (i * 7 + i / 26 + salt) % 26);
    }
    return bytes;
}

inline std::span<const std::byte> as_bytes(std::string_view text) {
    return std::as_bytes(std::span{text.data(), text.size()});
}

struct EngineParameter {
    const char* name;
    std::uint64_t seed;
};
inline void PrintTo(const EngineParameter& parameter, std::ostream* out) {
    *out << parameter.name << " seed " << parameter.seed;
}

// What every suite of promises is run on.
inline const auto all_engines =
    testing::Values(EngineParameter{"uring", 0}, EngineParameter{"sim", 0},
                    EngineParameter{"sim_faulty", 1}, EngineParameter{"sim_faulty", 2},
                    EngineParameter{"sim_faulty", 3}, EngineParameter{"sim_faulty", 4},
                    EngineParameter{"sim_faulty", 5}, EngineParameter{"sim_faulty", 6});
inline std::string name_of(const testing::TestParamInfo<EngineParameter>& parameter) {
    const EngineParameter& engine = parameter.param;
    return engine.name + (engine.seed == 0 ? "" : std::to_string(engine.seed));
}

class IoContract : public testing::TestWithParam<EngineParameter> {
protected:
    struct Pair {
        int client = -1;
        int server = -1;
    };

    bool is_uring() const { return std::string_view(GetParam().name) == "uring"; }
    bool is_calm() const { return GetParam().seed == 0; }
    Io& io() { return engine->io(); }

    void SetUp() override {
        std::string why_not;
        if (is_uring()) {
            engine = support::make_uring_engine(why_not);
        } else {
            engine = is_calm() ? support::make_calm_sim_engine()
                               : support::make_faulty_sim_engine(GetParam().seed);
        }
        if (engine == nullptr) GTEST_SKIP() << "no io_uring here: " << why_not;
        descriptors_before = engine->open_descriptors();
        listening = engine->listen();
    }

    // Whatever a test did, nothing stays in flight, no descriptor open and no buffer out.
    void TearDown() override {
        if (engine == nullptr) return;
        EXPECT_EQ(io().in_flight(), 0U);
        engine->close_listener(listening.fd);
        EXPECT_EQ(engine->open_descriptors(), descriptors_before);
    }

    bool run_until_ended(const Waiter& waiter) {
        return engine->run_until([&] { return waiter.has_ended(); });
    }

    int close(int fd) {
        Waiter waiter;
        io().close(waiter.armed(), fd);
        EXPECT_TRUE(run_until_ended(waiter));
        return waiter.result();
    }
    void close(Pair pair) {
        EXPECT_EQ(close(pair.client), 0);
        EXPECT_EQ(close(pair.server), 0);
    }

    int send(int fd, std::string_view bytes) {
        Waiter waiter;
        io().send(waiter.armed(), fd, as_bytes(bytes));
        EXPECT_TRUE(run_until_ended(waiter));
        return waiter.result();
    }

    int send_last(int fd, std::string_view bytes) {
        Waiter waiter;
        io().send_last(waiter.armed(), fd, as_bytes(bytes));
        EXPECT_TRUE(run_until_ended(waiter));
        return waiter.result();
    }

    // Reclaims the buffer of a receive and appends its bytes.
    void take(const Outcome& outcome, Pool pool, std::string& bytes) {
        if (outcome.buffer == Outcome::no_buffer) return;
        const auto count = static_cast<std::size_t>(std::max(outcome.result, 0));
        const Buffer buffer = io().pool(pool).reclaim(outcome.buffer, count);
        bytes.append(reinterpret_cast<const char*>(buffer.bytes().data()), buffer.size());
    }

    // Receives until `count` bytes came or the stream ended; returns the last result.
    int receive(int fd, std::size_t count, std::string& bytes, Pool pool = Pool::client) {
        int result = 0;
        while (bytes.size() < count) {
            Waiter waiter;
            io().receive(waiter.armed(), fd, pool);
            EXPECT_TRUE(run_until_ended(waiter));
            take(waiter.outcomes.back(), pool, bytes);
            result = waiter.result();
            if (result <= 0 && result != -ENOBUFS) break;
        }
        return result;
    }
    // How the stream ends. REQUIRES: no bytes are to come.
    int receive_end(int fd) {
        std::string bytes;
        const int result = receive(fd, 1, bytes);
        EXPECT_EQ(bytes, "");
        return result;
    }

    // Accepts until there are `count`, arming again whenever the multishot ends.
    std::vector<int> accept(std::size_t count) {
        std::vector<int> accepted;
        Waiter waiter;
        for (bool ending = false; accepted.size() < count || waiter.in_flight();) {
            if (!waiter.in_flight()) io().accept(waiter.armed(), listening.fd);
            if (accepted.size() == count && !ending) {
                io().cancel(waiter.armed());
                ending = true;
            }
            const bool heard = engine->run_until([&] { return !waiter.outcomes.empty(); });
            EXPECT_TRUE(heard);
            if (!heard) break;
            for (const Outcome& outcome : waiter.outcomes) {
                if (outcome.result >= 0) accepted.push_back(outcome.result);
            }
            waiter.outcomes.clear();
        }
        return accepted;
    }

    Pair make_pair() {
        Pair pair;
        pair.client = io().open_socket(listening.address).value();
        Waiter connecting;
        io().connect(connecting.armed(), pair.client, listening.address);
        const std::vector<int> accepted = accept(1);
        EXPECT_TRUE(run_until_ended(connecting));
        EXPECT_EQ(connecting.result(), 0);
        EXPECT_EQ(accepted.size(), 1U);
        if (!accepted.empty()) pair.server = accepted.front();
        return pair;
    }

    std::unique_ptr<support::IoEngine> engine;
    support::IoEngine::Listening listening{};
    std::size_t descriptors_before = 0;
};

}  // namespace ringway::core::contract
