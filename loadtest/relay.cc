// relay: a bare 1:1 io_uring forwarder that every proxy is measured against.
//
// One client connection is joined to one upstream connection, opened when the client is accepted;
// bytes are copied both ways and never looked at. What it costs per request is therefore what the
// kernel's TCP path and io_uring cost whoever asks for each receive. ringway's receives stand where
// the kernel can bound them: its distance to the relay is our own code less what that saves.
// It stands alone on liburing on purpose: were it built on core, core's cost would hide in it. One
// thread owns everything here. Two invariants: a direction has at most one operation in flight, and
// a pair's sockets are closed only when both of its directions have ended.
//
//   ringway-relay --listen 127.0.0.1:8081 --upstream 127.0.0.1:9000 [--cpu 0]

#include <arpa/inet.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace {

constexpr unsigned sq_entries = 1024;
constexpr unsigned cq_entries = 8192;
// One turn brings about 50 completions at 256 connections; with 64 buffers it starved (+4 %).
constexpr unsigned buffer_count = 256;
constexpr unsigned buffer_bytes = 16384;
// A multiple of 4 KiB would put all heads into the same L1 sets; three lines more spread them.
constexpr unsigned buffer_stride = buffer_bytes + 192;
constexpr int buffer_group = 0;
constexpr int backlog = 4096;
// Looking longer than a sleep and its wake cost (2–4 µs) cannot pay.
constexpr std::chrono::nanoseconds look_max{4000};

[[noreturn]] void die(const char* what, int error) {
    std::fprintf(stderr, "relay: %s: %s\n", what, std::strerror(error));
    std::exit(1);
}

int check(const char* what, int res) {
    if (res < 0) die(what, errno);
    return res;
}

struct Settings {
    sockaddr_in listen{};
    sockaddr_in upstream{};
    int cpu = -1;
};

struct Pair;

// One way through a pair: bytes from one socket to the other.
struct Direction {
    enum class State : std::uint8_t { idle, connecting, receiving, starved, sending, ended };

    Pair* pair = nullptr;
    int from = -1;
    int to = -1;
    std::uint32_t length = 0;
    std::uint16_t buffer = 0;
    bool more = false;  // The last recv left bytes in the socket: read on without polling first.
    State state = State::idle;

    bool in_flight() const {
        return state == State::connecting || state == State::receiving || state == State::sending;
    }
};

struct Pair {
    Direction up;    // client → upstream
    Direction down;  // upstream → client
    bool failed = false;
};

class Relay {
public:
    explicit Relay(const Settings& settings);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    void run();

private:
    // user_data is a Direction, whose state names its one operation, or one of these.
    static constexpr std::uint64_t accept_data = 1;
    static constexpr std::uint64_t stop_data = 2;

    void open_ring();
    void open_buffers();
    void open_listener();
    void open_signals();
    bool work_waits() const;
    bool look();
    bool reap();
    void dispatch(const io_uring_cqe& cqe);

    void on_accepted(int fd, std::uint32_t flags);
    void on_connected(Pair& pair, int res);
    void on_received(Direction& direction, int res, std::uint32_t flags);
    void on_sent(Direction& direction, int res);
    void arm_accept();
    void arm_recv(Direction& direction);
    void resume_starved();
    void give_back(std::uint16_t buffer);
    void fail(Pair& pair);
    void join(Pair& pair);

    io_uring_sqe* next_sqe(std::uint64_t data);
    io_uring_sqe* next_sqe(Direction& direction, Direction::State state);
    unsigned char* bytes(std::uint16_t buffer) {
        return slab_ + std::size_t{buffer} * buffer_stride;
    }

    // Set at construction.
    Settings settings_;
    io_uring ring_{};
    io_uring_buf_ring* buffer_ring_ = nullptr;
    unsigned char* slab_ = nullptr;
    int listener_ = -1;
    int signals_ = -1;

    // While running.
    bool stopping_ = false;
    bool accepting_ = false;
    std::vector<std::unique_ptr<Pair>> pairs_;
    std::vector<Pair*> free_pairs_;
    std::vector<Direction*> starved_;
    unsigned look_score_ = 8;  // 0..16: how often looking paid lately.
    unsigned looks_skipped_ = 0;
};

Relay::Relay(const Settings& settings) : settings_(settings) {
    open_signals();
    open_ring();
    open_buffers();
    open_listener();
}

Relay::~Relay() {
    io_uring_queue_exit(&ring_);  // The kernel cancels what is in flight.
    close(listener_);
    close(signals_);
}

void Relay::open_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    signals_ = check("signalfd", signalfd(-1, &set, SFD_CLOEXEC));
}

void Relay::open_ring() {
    io_uring_params params{};
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                   IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE | IORING_SETUP_TASKRUN_FLAG;
    params.cq_entries = cq_entries;
    const int res = io_uring_queue_init_params(sq_entries, &ring_, &params);
    if (res < 0) die("io_uring (kernel 6.1 or newer is needed)", -res);
    io_uring_register_ring_fd(&ring_);  // Where it is refused, all is only a little slower.
}

void* map(std::size_t size) {
    constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (memory == MAP_FAILED) die("mmap", errno);
    return memory;
}

void Relay::open_buffers() {
    slab_ = static_cast<unsigned char*>(map(std::size_t{buffer_count} * buffer_stride));
    buffer_ring_ = static_cast<io_uring_buf_ring*>(map(buffer_count * sizeof(io_uring_buf)));
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(buffer_ring_);
    registration.ring_entries = buffer_count;
    registration.bgid = buffer_group;
    const int res = io_uring_register_buf_ring(&ring_, &registration, 0);
    if (res < 0) die("buffer ring", -res);
    io_uring_buf_ring_init(buffer_ring_);
    for (std::uint16_t i = 0; i < buffer_count; ++i) give_back(i);
}

void Relay::open_listener() {
    listener_ = check("socket", socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener_, IPPROTO_TCP, TCP_NODELAY, &on,
               sizeof on);  // Accepted sockets inherit it.
    const auto* address = reinterpret_cast<const sockaddr*>(&settings_.listen);
    check("bind", bind(listener_, address, sizeof settings_.listen));
    check("listen", listen(listener_, backlog));
}

void Relay::run() {
    arm_accept();
    io_uring_prep_poll_add(next_sqe(stop_data), signals_, POLLIN);
    while (!stopping_) {
        const bool reaped = reap();
        if (!starved_.empty()) resume_starved();
        if (io_uring_sq_ready(&ring_) > 0 || work_waits()) {
            io_uring_submit_and_get_events(&ring_);
        } else if (!reaped && !look()) {
            const int res = io_uring_submit_and_wait(&ring_, 1);
            if (res < 0 && res != -EINTR) die("io_uring_enter", -res);
        }
    }
}

bool Relay::work_waits() const {
    const unsigned flags = __atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED);
    return (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

// Watches the kernel's flag for a moment instead of sleeping. Where that does not pay it is tried
// at every 32nd occasion only.
bool Relay::look() {
    if (look_score_ < 4 && ++looks_skipped_ % 32 != 0) return false;
    const auto deadline = std::chrono::steady_clock::now() + look_max;
    do {
        for (int i = 0; i < 8; ++i) {
            if (work_waits()) {
                look_score_ += look_score_ < 16 ? 1 : 0;
                return true;
            }
            __builtin_ia32_pause();
        }
    } while (std::chrono::steady_clock::now() < deadline);
    look_score_ -= look_score_ > 0 ? 1 : 0;
    return false;
}

bool Relay::reap() {
    unsigned count = 0;
    unsigned head = 0;
    io_uring_cqe* cqe = nullptr;
    io_uring_for_each_cqe(&ring_, head, cqe) {
        ++count;
        dispatch(*cqe);
    }
    io_uring_cq_advance(&ring_, count);
    return count > 0;
}

void Relay::dispatch(const io_uring_cqe& cqe) {
    if (cqe.user_data == accept_data) return on_accepted(cqe.res, cqe.flags);
    if (cqe.user_data == stop_data) {
        stopping_ = true;
        return;
    }
    Direction& direction = *reinterpret_cast<Direction*>(cqe.user_data);
    if (direction.state == Direction::State::receiving) {
        on_received(direction, cqe.res, cqe.flags);
    } else if (direction.state == Direction::State::sending) {
        on_sent(direction, cqe.res);
    } else {
        on_connected(*direction.pair, cqe.res);
    }
}

void Relay::arm_accept() {
    io_uring_sqe* sqe = next_sqe(accept_data);
    io_uring_prep_multishot_accept(sqe, listener_, nullptr, nullptr, SOCK_CLOEXEC);
    accepting_ = true;
}

void Relay::on_accepted(int fd, std::uint32_t flags) {
    if ((flags & IORING_CQE_F_MORE) == 0) accepting_ = false;
    if (fd < 0) return;  // Out of descriptors: the next close arms it again.
    if (!accepting_) arm_accept();
    const int upstream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (upstream < 0) {
        close(fd);
        return;
    }
    const int on = 1;
    setsockopt(upstream, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (free_pairs_.empty()) {
        free_pairs_.push_back(pairs_.emplace_back(std::make_unique<Pair>()).get());
    }
    Pair& pair = *free_pairs_.back();
    free_pairs_.pop_back();
    pair = Pair{.up = {.pair = &pair, .from = fd, .to = upstream},
                .down = {.pair = &pair, .from = upstream, .to = fd}};
    const auto* address = reinterpret_cast<const sockaddr*>(&settings_.upstream);
    io_uring_prep_connect(next_sqe(pair.up, Direction::State::connecting), upstream, address,
                          sizeof settings_.upstream);
}

void Relay::on_connected(Pair& pair, int res) {
    pair.up.state = Direction::State::idle;
    if (res < 0) return fail(pair);
    arm_recv(pair.up);
    arm_recv(pair.down);
}

void Relay::arm_recv(Direction& direction) {
    io_uring_sqe* sqe = next_sqe(direction, Direction::State::receiving);
    io_uring_prep_recv(sqe, direction.from, nullptr, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = buffer_group;
    if (!direction.more) sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
}

void Relay::on_received(Direction& direction, int res, std::uint32_t flags) {
    Pair& pair = *direction.pair;
    direction.state = Direction::State::idle;
    direction.buffer = static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
    direction.more = (flags & IORING_CQE_F_SOCK_NONEMPTY) != 0;
    if (res > 0 && !pair.failed) {
        direction.length = static_cast<std::uint32_t>(res);
        io_uring_prep_send(next_sqe(direction, Direction::State::sending), direction.to,
                           bytes(direction.buffer), direction.length, MSG_WAITALL);
        return;
    }
    if ((flags & IORING_CQE_F_BUFFER) != 0) give_back(direction.buffer);
    if (res == -ENOBUFS && !pair.failed) {
        direction.state = Direction::State::starved;
        direction.more = false;
        starved_.push_back(&direction);
    } else if (res == 0) {
        shutdown(direction.to, SHUT_WR);
        direction.state = Direction::State::ended;
        join(pair);
    } else {
        fail(pair);
    }
}

void Relay::on_sent(Direction& direction, int res) {
    give_back(direction.buffer);
    direction.state = Direction::State::idle;
    // With MSG_WAITALL a short count means that the peer is gone.
    if (direction.pair->failed || res != static_cast<int>(direction.length)) {
        return fail(*direction.pair);
    }
    arm_recv(direction);
}

void Relay::give_back(std::uint16_t buffer) {
    io_uring_buf_ring_add(buffer_ring_, bytes(buffer), buffer_bytes, buffer,
                          io_uring_buf_ring_mask(buffer_count), 0);
    io_uring_buf_ring_advance(buffer_ring_, 1);
}

// Once per turn, for those that found no buffer. With POLL_FIRST, one that again finds none costs
// a completion.
void Relay::resume_starved() {
    for (Direction* direction : std::exchange(starved_, {})) arm_recv(*direction);
}

// Shuts both sockets down, so that whatever is in flight completes; then its direction ends, too.
void Relay::fail(Pair& pair) {
    if (!pair.failed) {
        shutdown(pair.up.from, SHUT_RDWR);
        shutdown(pair.up.to, SHUT_RDWR);
        std::erase_if(starved_, [&](const Direction* d) { return d->pair == &pair; });
    }
    pair.failed = true;
    if (!pair.up.in_flight()) pair.up.state = Direction::State::ended;
    if (!pair.down.in_flight()) pair.down.state = Direction::State::ended;
    join(pair);
}

void Relay::join(Pair& pair) {
    if (pair.up.state != Direction::State::ended) return;
    if (pair.down.state != Direction::State::ended) return;
    close(pair.up.from);
    close(pair.up.to);
    free_pairs_.push_back(&pair);
    if (!accepting_) arm_accept();
}

io_uring_sqe* Relay::next_sqe(Direction& direction, Direction::State state) {
    direction.state = state;
    return next_sqe(reinterpret_cast<std::uintptr_t>(&direction));
}

io_uring_sqe* Relay::next_sqe(std::uint64_t data) {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    while (sqe == nullptr) {
        io_uring_submit(&ring_);
        sqe = io_uring_get_sqe(&ring_);
    }
    sqe->user_data = data;  // The prep functions of liburing 2.2 and later leave it alone.
    return sqe;
}

bool parse_address(const char* text, sockaddr_in& address) {
    char host[16];
    unsigned short port = 0;
    char rest = 0;
    if (std::sscanf(text, "%15[0-9.]:%hu%c", host, &port, &rest) != 2) return false;
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    return inet_pton(AF_INET, host, &address.sin_addr) == 1;
}

bool parse_argument(std::string_view name, const char* value, Settings& settings) {
    if (name == "--listen") return parse_address(value, settings.listen);
    if (name == "--upstream") return parse_address(value, settings.upstream);
    char rest = 0;
    return name == "--cpu" && std::sscanf(value, "%d%c", &settings.cpu, &rest) == 1;
}

bool parse_arguments(int argc, char** argv, Settings& settings) {
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc || !parse_argument(argv[i], argv[i + 1], settings)) return false;
    }
    return settings.listen.sin_port != 0 && settings.upstream.sin_port != 0;
}

void raise_file_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(cpu), &set);
    check("--cpu", sched_setaffinity(0, sizeof set, &set));
}

}  // namespace

int main(int argc, char** argv) {
    Settings settings;
    if (!parse_arguments(argc, argv, settings)) {
        std::fputs("usage: ringway-relay --listen IP:PORT --upstream IP:PORT [--cpu N]\n", stderr);
        return 2;
    }
    raise_file_limit();
    if (settings.cpu >= 0) pin(settings.cpu);
    Relay relay{settings};
    relay.run();
    return 0;
}
