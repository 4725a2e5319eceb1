// One real shard on a kernel of paper (paper_kernel.h), to be run under callgrind: every
// instruction that is counted is ringway's own, and every run has the same ones.
//
//   instructions --list        the names of the scenarios
//   instructions NAME          runs one: warms up, then turns the loop until so many are answered
//
// loadtest/profile runs it and reads what callgrind wrote. It is measured between the ticks of
// `ringway_counted_tick` alone, which is what callgrind is told to switch on and off at.
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "config/load.h"
#include "core/check.h"
#include "core/log.h"
#include "core/uring_io.h"
#include "shards/control/access_log_writer.h"
#include "shards/mailbox.h"
#include "shards/shard.h"
#include "shards/shard_access_log.h"
#include "tests/instructions/paper_kernel.h"
#include "tests/instructions/paper_peers.h"

extern "C" [[gnu::noinline]] void ringway_counted_tick(ringway::shards::Shard& shard) {
    shard.tick();
}

namespace ringway::paper {
namespace {

constexpr std::string_view configuration = R"(
[shards]
count = 1
pin = false

[[listen]]
address = "127.0.0.1:8080"

[[group]]
name = "web"
backends = ["127.0.0.1:9000", "127.0.0.1:9001", "127.0.0.1:9002", "127.0.0.1:9003"]
)";

// What the writer's thread would do; here nobody writes, and the ring is emptied between ticks.
class NullSink final : public core::LogSink {
public:
    void write(std::string_view lines) override { bytes += lines.size(); }
    std::uint64_t bytes = 0;
};

int run(const Script& script) {
    config::LoadResult loaded = config::load({.text = configuration, .file_name = "built in"});
    CHECK(loaded.has_value());
    core::Result<std::unique_ptr<core::UringIo>> io = core::UringIo::make({});
    CHECK(io.has_value());

    NullSink sink;
    core::Log log{sink};
    shards::AccessLogWriter writer{{.sink = sink, .logger = log.make_logger(), .shard_count = 1}};
    shards::ShardAccessLog access_log{{.format = http::AccessFormat::json,
                                       .clock = (*io)->clock(),
                                       .writer = writer,
                                       .shard = 0}};
    shards::Mesh mesh{2};
    shards::Mailbox mailbox{mesh, 0};
    shards::Shard shard{{.id = {0},
                         .config = loaded->config,
                         .io = **io,
                         .mailbox = mailbox,
                         .access_log = script.logs ? &access_log : nullptr}};
    shard.listen(Kernel::get().open_socket(), {.scheme = "http", .port = "8080"});

    Peers peers{script};
    peers.start();
    // Connections are made, buffers touched and timers spread.
    while (peers.answers() < std::uint64_t{script.clients} * 4) shard.tick();
    const std::uint64_t begin = peers.answers();
    std::uint64_t ticks = 0;
    while (peers.answers() < begin + script.requests) {
        ringway_counted_tick(shard);
        writer.ring(0).write_to(sink);
        CHECK(++ticks < std::uint64_t{script.requests} * 100);
    }
    CHECK((sink.bytes > 0) == script.logs);
    std::printf("requests %lu ticks %lu\n", peers.answers() - begin, ticks);
    std::fflush(stdout);
    std::_Exit(0);  // The shard has work under way for ever; its end is not what is measured.
}

}  // namespace
}  // namespace ringway::paper

int main(int argc, char** argv) {
    const std::string_view wanted = argc == 2 ? argv[1] : "";
    for (const ringway::paper::Script& script : ringway::paper::scripts()) {
        if (wanted == "--list") std::puts(script.name.c_str());
        if (wanted == script.name) return ringway::paper::run(script);
    }
    if (wanted == "--list") return 0;
    std::fputs("usage: instructions NAME, see --list\n", stderr);
    return 2;
}
