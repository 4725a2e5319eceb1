// In steady state the request path makes no allocation: the shard's thread is counted while
// clients, one thread, and backends, another, have 10,000 mixed exchanges with it over loopback.
// malloc and its relatives are counted by standing in for them (operator new calls malloc); what
// asks the kernel for memory directly is seen by tests/scenario/quiet_test.py.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "core/listen_socket.h"
#include "core/uring_io.h"
#include "shards/shard.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RINGWAY_COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#define RINGWAY_COUNTS_ALLOCATIONS \
    (!__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer))
#else
#define RINGWAY_COUNTS_ALLOCATIONS 1
#endif

namespace {

thread_local std::uint64_t allocations_here = 0;

}  // namespace

#if RINGWAY_COUNTS_ALLOCATIONS

extern "C" void* __libc_malloc(std::size_t size);
extern "C" void* __libc_calloc(std::size_t count, std::size_t size);
extern "C" void* __libc_realloc(void* memory, std::size_t size);
extern "C" void* __libc_memalign(std::size_t alignment, std::size_t size);

extern "C" __attribute__((used)) void* malloc(std::size_t size) noexcept {
    allocations_here++;
    return __libc_malloc(size);
}
extern "C" __attribute__((used)) void* calloc(std::size_t count, std::size_t size) noexcept {
    allocations_here++;
    return __libc_calloc(count, size);
}
extern "C" __attribute__((used)) void* realloc(void* memory, std::size_t size) noexcept {
    allocations_here++;
    return __libc_realloc(memory, size);
}
extern "C" __attribute__((used)) void* aligned_alloc(std::size_t alignment,
                                                     std::size_t size) noexcept {
    allocations_here++;
    return __libc_memalign(alignment, size);
}
extern "C" __attribute__((used)) int posix_memalign(void** memory, std::size_t alignment,
                                                    std::size_t size) noexcept {
    allocations_here++;
    *memory = __libc_memalign(alignment, size);
    return *memory == nullptr ? 12 : 0;
}

#endif

namespace ringway::shards {
namespace {

constexpr int clients = 8;
constexpr int warm_up = 2'000;
constexpr int counted = 10'000;
// A backend ends each connection behind so many answers and says so: where it does not, a POST that
// meets the end is answered with 502, as it must be.
constexpr int answers_per_connection = 50;
// A client comes anew behind so many exchanges.
constexpr int exchanges_per_client_connection = 100;

void send_all(int fd, std::string_view bytes) {
    EXPECT_EQ(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
}

// One message with Content-Length or none from the front of `bytes`, reading as needed. Empty when
// the peer ended.
std::string take_message(int fd, std::string& bytes) {
    std::array<char, 16'384> space;
    while (true) {
        if (const std::size_t head = bytes.find("\r\n\r\n"); head != bytes.npos) {
            std::size_t size = head + 4;
            const std::size_t length = bytes.find("Content-Length: ");
            if (length < head) size += std::stoul(bytes.substr(length + 16, 9));
            if (bytes.size() >= size) {
                std::string message = bytes.substr(0, size);
                bytes.erase(0, size);
                return message;
            }
        }
        const ssize_t count = recv(fd, space.data(), space.size(), 0);
        if (count <= 0) return {};
        bytes.append(space.data(), static_cast<std::size_t>(count));
    }
}

// Answers each request with its method; those for /missing with 404.
class Backend {
public:
    Backend() : listen_fd_(core::open_listen_socket(core::Address::ipv4_loopback(0)).value()) {}
    core::Address address() const { return core::local_address(listen_fd_).value(); }

    void run(const std::atomic<bool>& stopping) {
        std::vector<pollfd> polled{{.fd = listen_fd_, .events = POLLIN, .revents = 0}};
        std::vector<int> answers{0};
        while (!stopping.load()) {
            poll(polled.data(), polled.size(), 10);
            for (std::size_t i = polled.size(); i-- > 1;) {
                if (polled[i].revents == 0 || answer(polled[i].fd, ++answers[i])) continue;
                close(polled[i].fd);
                polled.erase(polled.begin() + static_cast<std::ptrdiff_t>(i));
                answers.erase(answers.begin() + static_cast<std::ptrdiff_t>(i));
            }
            if (polled[0].revents == 0) continue;
            polled.push_back(
                {.fd = accept(listen_fd_, nullptr, nullptr), .events = POLLIN, .revents = 0});
            answers.push_back(0);
        }
        for (const pollfd& each : polled) close(each.fd);
    }

private:
    // False when the connection ends.
    bool answer(int fd, int number) {
        std::string bytes;
        const std::string request = take_message(fd, bytes);
        if (request.empty()) return false;
        const bool ends = number == answers_per_connection;
        const std::string_view body = std::string_view(request).substr(0, request.find(' '));
        send_all(
            fd, fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n{}\r\n{}",
                            request.find(" /missing ") == request.npos ? "200 OK" : "404 Not Found",
                            body.size(), ends ? "Connection: close\r\n" : "", body));
        return !ends;
    }

    int listen_fd_;
};

// A shard on a thread of its own, counted while `counting` is set.
class ShardThread {
public:
    explicit ShardThread(const config::Config& config) : config_(config) {
        control_.set_waker(nobody_);
        thread_ = std::thread(&ShardThread::run, this);
        while (!is_up_.load()) std::this_thread::yield();
    }
    ~ShardThread() {
        if (thread_.joinable()) stop();
    }
    void stop() {
        EXPECT_TRUE(control_.try_post(0, {.kind = Message::Kind::end_now}));
        thread_.join();
    }

    core::Address address;
    std::atomic<bool> counting{false};
    // Valid when stopped.
    std::uint64_t allocations = 0;
    std::uint64_t connects = 0;
    std::uint64_t accepts = 0;
    std::uint64_t answers_own = 0;

private:
    struct Nobody final : core::Waker {
        void wake() noexcept override {}
    };

    void run() {
        auto io = core::UringIo::make({}).value();
        Mailbox mailbox{mesh_, 0};
        Shard shard{{.id = {0}, .config = config_, .io = *io, .mailbox = mailbox}};
        const int fd = core::open_listen_socket(core::Address::ipv4_loopback(0)).value();
        address = core::local_address(fd).value();
        shard.listen(fd, {.scheme = "http", .port = "80"});
        is_up_.store(true);
        while (!shard.is_finished()) {
            const std::uint64_t before = allocations_here;
            shard.tick();
            if (counting.load()) allocations += allocations_here - before;
        }
        connects = shard.upstreams().counters().connects.value();
        accepts = shard.counters().clients_accepted.value();
        answers_own = shard.http_counters().answers_own.value();
    }

    const config::Config& config_;
    Mesh mesh_{2};
    Mailbox control_{mesh_, 1};
    Nobody nobody_;
    std::atomic<bool> is_up_{false};
    std::thread thread_;
};

// What clients ask, in turn. `answered` is what the status line must hold.
struct Ask {
    std::string request;
    std::string_view answered;
};

std::vector<Ask> mixed() {
    const std::string body(3'000, 'b');
    return {
        {"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", " 200 "},
        {fmt::format("POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{}", body.size(),
                     body),
         " 200 "},
        {"GET /missing HTTP/1.1\r\nHost: x\r\n\r\n", " 404 "},
        {"PUT /c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok", " 200 "},
    };
}

class Allocation : public testing::Test {
protected:
    void SetUp() override {
        if (!RINGWAY_COUNTS_ALLOCATIONS) GTEST_SKIP() << "a sanitizer has the allocator";
        if (auto io = core::UringIo::make({}); !io) GTEST_SKIP() << "no io_uring here";
        const std::uint64_t before = allocations_here;
        delete new (std::nothrow) std::string(100, 'x');
        ASSERT_GT(allocations_here, before) << "nothing is counted";
    }

    // In rounds: every client asks, then every client is answered.
    static void exchange(const core::Address& address, const std::vector<Ask>& asks, int count) {
        std::array<int, clients> fds;
        fds.fill(-1);
        std::array<std::string, clients> bytes;
        for (int done = 0; done < count; done += clients) {
            for (std::size_t i = 0; i < clients; i++) {
                const int round = done / clients + static_cast<int>(i);
                if (fds[i] < 0 || round % exchanges_per_client_connection == 0) {
                    if (fds[i] >= 0) close(fds[i]);
                    fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
                    ASSERT_EQ(connect(fds[i], address.data(), address.size()), 0);
                    bytes[i].clear();
                }
                send_all(fds[i], asks[static_cast<std::size_t>(round) % asks.size()].request);
            }
            for (std::size_t i = 0; i < clients; i++) {
                const auto round = static_cast<std::size_t>(done / clients) + i;
                const std::string answer = take_message(fds[i], bytes[i]);
                ASSERT_NE(answer.find(asks[round % asks.size()].answered), answer.npos) << answer;
            }
        }
        for (const int fd : fds) close(fd);
    }

    static void count(ShardThread& shard, const std::vector<Ask>& asks) {
        exchange(shard.address, asks, warm_up);
        shard.counting.store(true);
        exchange(shard.address, asks, counted);
        shard.counting.store(false);
        shard.stop();
        fmt::print(
            "{} exchanges, {} clients accepted, {} connects to backends, {} own answers: "
            "{} allocations while {} were counted\n",
            warm_up + counted, shard.accepts, shard.connects, shard.answers_own, shard.allocations,
            counted);
        EXPECT_EQ(shard.allocations, 0U);
    }
};

TEST_F(Allocation, NoneOverTenThousandMixedExchanges) {
    std::array<Backend, 2> backends;
    std::atomic<bool> stopping{false};
    std::vector<std::thread> threads;
    config::Config config;
    config.groups.resize(1);
    config.limits.connections = 1'000;
    for (Backend& backend : backends) {
        config.groups[0].backends.push_back({.address = backend.address()});
        threads.emplace_back([&] { backend.run(stopping); });
    }
    ShardThread shard{config};
    count(shard, mixed());
    stopping.store(true);
    for (std::thread& thread : threads) thread.join();
    EXPECT_GE(shard.connects, static_cast<std::uint64_t>(counted / answers_per_connection) / 2);
    EXPECT_GE(shard.accepts, static_cast<std::uint64_t>(counted / exchanges_per_client_connection));
}

TEST_F(Allocation, NoneOverTenThousandAnswersOfOurOwn) {
    config::Config config;
    config.limits.connections = 1'000;
    ShardThread shard{config};
    count(shard, {{"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", " 404 "}});
    EXPECT_EQ(shard.answers_own, static_cast<std::uint64_t>(warm_up + counted));
}

}  // namespace
}  // namespace ringway::shards
