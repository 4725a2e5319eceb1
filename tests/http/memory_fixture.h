// A Context with pools of two sizes and an engine that is never run: for the parts of http that
// only need memory. `dry` takes every buffer, as a flood would.
// One per test; at its end every buffer must be back.
#pragma once

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "http/context.h"
#include "tests/sim/sim_io.h"

namespace ringway::http::fakes {

class MemoryTest : public testing::Test {
protected:
    void TearDown() override {
        taken.clear();
        EXPECT_EQ(small.free_count(), small.count());
        EXPECT_EQ(large.free_count(), large.count());
    }
    void dry() {
        while (core::Buffer buffer = small.try_take()) taken.push_back(std::move(buffer));
        while (core::Buffer buffer = large.try_take()) taken.push_back(std::move(buffer));
    }
    // As they come from a receive: in a buffer of another pool.
    core::Buffer bytes(std::string_view text) {
        core::Buffer buffer = arrivals.try_take();
        buffer.append(std::as_bytes(std::span{text.data(), text.size()}));
        return buffer;
    }

    sim::SimClock clock;
    sim::SimFaults faults{1};
    sim::SimNet net{clock, faults};
    sim::SimIo io{net, {.host = core::Address::ipv4_loopback(0)}};
    core::TimerWheel timers{clock.now()};
    Settings settings;
    core::BufferPool small{{.count = 8, .bytes_each = 4'096}};
    core::BufferPool large{{.count = 2, .bytes_each = 65'536}};
    core::BufferPool arrivals{{.count = 4, .bytes_each = 16'384}};
    Counters counters;
    FieldTable field_table;
    Context context{.io = io,
                    .timers = timers,
                    .settings = settings,
                    .small_buffers = small,
                    .large_buffers = large,
                    .counters = counters,
                    .field_table = field_table};
    std::vector<core::Buffer> taken;
};

}  // namespace ringway::http::fakes
