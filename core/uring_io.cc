#include "core/uring_io.h"

#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include <linux/sockios.h>
#include <linux/tcp.h>  // The C library's tcp_info lacks the bytes acknowledged.
#include <utility>

#include "core/uring_constants.h"
#include "core/uring_probe.h"

namespace ringway::core {

namespace {

// Before a submit is due because of them.
constexpr std::size_t connects_per_tick_max = 64;
constexpr std::size_t messages_per_tick_max = 64;

// What a receive's completion remembers.
constexpr std::uint8_t pool_note = 1;  // Whose ring the buffer will come from.
constexpr std::uint8_t standing_note = 2;

std::unexpected<Error> failed(int sys, const char* what) {
    return std::unexpected(Error{.code = errc_of(sys), .sys = sys, .what = what});
}

std::size_t ring_bytes(std::uint16_t entries) {
    return entries * sizeof(io_uring_buf);
}

}  // namespace

Result<std::unique_ptr<UringIo>> UringIo::make(const Options& options) {
    std::unique_ptr<UringIo> io{new UringIo(options)};
    if (Result<void> made = io->set_up(); !made) return std::unexpected(made.error());
    return io;
}

UringIo::UringIo(const Options& options)
    : options_(options),
      rings_{ReceiveRing{options.client_pool, options.receive_ring_entries},
             ReceiveRing{options.upstream_pool, options.receive_ring_entries}},
      bulk_pool_(options.bulk_pool) {
    ready_.reserve(options.completion_entries);
    held_.reserve(options.completion_entries);
    connect_addresses_.reserve(connects_per_tick_max);
    messages_.reserve(messages_per_tick_max);
}

Result<void> UringIo::set_up() {
    io_uring_params params{};
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                   IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
    params.cq_entries = options_.completion_entries;
    int status = io_uring_queue_init_params(options_.submission_entries, &ring_, &params);
    // Newer kernels charge ring memory to RLIMIT_MEMLOCK: a smaller ring is better than none.
    while (status == -ENOMEM && params.cq_entries > 1'024) {
        const unsigned smaller = params.cq_entries / 2;
        const unsigned flags = params.flags;
        params = {};
        params.flags = flags;
        params.cq_entries = smaller;
        status = io_uring_queue_init_params(std::min(options_.submission_entries, smaller / 2),
                                            &ring_, &params);
    }
    if (status < 0) return failed(-status, "io_uring could not be set up");
    ring_made_ = true;
    // Saves a descriptor look-up per enter; where it fails the plain descriptor serves.
    wait_flags_ = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
    if (io_uring_register_ring_fd(&ring_) == 1) wait_flags_ |= IORING_ENTER_REGISTERED_RING;
    if ((ring_.features & uring_feature_no_iowait) != 0) wait_flags_ |= uring_enter_no_iowait;

    for (Pool pool : {Pool::client, Pool::upstream}) {
        if (Result<void> made = set_up_ring(pool); !made) return made;
    }
    refill();
    wake_fd_ = options_.wake_fd >= 0 ? options_.wake_fd : eventfd(0, EFD_CLOEXEC);
    if (wake_fd_ < 0) return failed(errno, "no eventfd to be woken by");
    can_stand_ = knows_bounded_multishot(ring_, wake_fd_);
    arm_wake();
    read_clock();
    return {};
}

Result<void> UringIo::set_up_ring(Pool pool) {
    ReceiveRing& ring = rings_[std::size_t(pool)];
    void* memory = mmap(nullptr, ring_bytes(ring.entries), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return failed(errno, "no memory for a receive ring");
    ring.ring = static_cast<io_uring_buf_ring*>(memory);
    io_uring_buf_ring_init(ring.ring);
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(memory);
    registration.ring_entries = ring.entries;
    registration.bgid = static_cast<std::uint16_t>(pool);
    const int status = io_uring_register_buf_ring(&ring_, &registration, 0);
    if (status < 0) return failed(-status, "the receive ring could not be registered");
    return {};
}

UringIo::~UringIo() {
    if (woken_.in_flight()) {
        // The wake is the one operation that is ours; it ends by being woken a last time.
        closing_ = true;
        wake();
        while (woken_.in_flight()) {
            io_uring_submit_and_wait(&ring_, 1);
            harvest();
            deliver();
        }
    }
    CHECK(in_flight_ == 0);
    if (ring_made_) io_uring_queue_exit(&ring_);
    if (wake_fd_ >= 0 && wake_fd_ != options_.wake_fd) ::close(wake_fd_);
    for (ReceiveRing& ring : rings_) {
        ring.pool.reclaim_lent();
        if (ring.ring != nullptr) munmap(ring.ring, ring_bytes(ring.entries));
    }
}

Result<int> UringIo::open_socket(const Address& peer) {
    const int fd = socket(peer.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return failed(errno, "no socket for a connection");
    if (!peer.is_unix()) {
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return fd;
}

Result<Address> UringIo::peer_address(int fd) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) < 0) {
        return failed(errno, "the peer's address is gone");
    }
    return Address::from(reinterpret_cast<sockaddr*>(&storage), size);
}

// Plain system calls: IORING_OP_SHUTDOWN always goes to a worker thread, 17 times the price.
void UringIo::shutdown(int fd) noexcept {
    ::shutdown(fd, SHUT_RDWR);
}

// To disconnect sends the reset at once and ends what is in flight. SO_LINGER would need that to
// have ended before the close, and the shutdown that ends it sends a FIN.
void UringIo::reset(int fd) noexcept {
    const sockaddr nobody{.sa_family = AF_UNSPEC, .sa_data = {}};
    if (::connect(fd, &nobody, sizeof nobody) != 0) shutdown(fd);
}

void UringIo::shutdown_send(int fd) noexcept {
    ::shutdown(fd, SHUT_WR);
}

std::size_t UringIo::unacknowledged(int fd) noexcept {
    int domain = AF_UNIX;
    socklen_t size = sizeof domain;
    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    int bytes = 0;
    if (domain == AF_UNIX || ioctl(fd, SIOCOUTQ, &bytes) != 0) return 0;
    return static_cast<std::size_t>(bytes);
}

std::optional<std::uint64_t> UringIo::acknowledged(int fd) noexcept {
    tcp_info facts{};
    socklen_t size = sizeof facts;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &facts, &size) != 0) return {};
    return facts.tcpi_bytes_acked;
}

io_uring_sqe* UringIo::start(Completion& completion) {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    if (sqe == nullptr) {
        counts_.queue_full++;
        submit();
        sqe = io_uring_get_sqe(&ring_);
        CHECK(sqe != nullptr);
    }
    completion.started();
    in_flight_++;
    return sqe;
}

void UringIo::submit() {
    for (;;) {
        const int status = io_uring_submit(&ring_);
        if (status >= 0 && io_uring_sq_ready(&ring_) == 0) break;
        // EBUSY: completions overflowed and must be fetched first. No handler runs here.
        CHECK(status >= 0 || status == -EBUSY || status == -EAGAIN || status == -EINTR);
        io_uring_get_events(&ring_);
        harvest();
    }
    forget_submitted();
}

void UringIo::forget_submitted() {
    connect_addresses_.clear();
    messages_.clear();
}

void UringIo::accept(Completion& completion, int listen_fd) {
    io_uring_sqe* sqe = start(completion);
    io_uring_prep_multishot_accept(sqe, listen_fd, nullptr, nullptr, SOCK_CLOEXEC);
    io_uring_sqe_set_data(sqe, &completion);
}

void UringIo::connect(Completion& completion, int fd, const Address& peer) {
    // The kernel reads the address when it takes the operation, which is at the next submit.
    if (connect_addresses_.size() == connects_per_tick_max) submit();
    io_uring_sqe* sqe = start(completion);
    const Address& kept = connect_addresses_.emplace_back(peer);
    io_uring_prep_connect(sqe, fd, kept.data(), kept.size());
    io_uring_sqe_set_data(sqe, &completion);
}

io_uring_sqe* UringIo::start_receive(Completion& completion, int fd, Pool pool) {
    io_uring_sqe* sqe = start(completion);
    io_uring_prep_recv(sqe, fd, nullptr, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = static_cast<std::uint16_t>(pool);
    // Wait for readiness first: no buffer is held while idle, and a dry ring does not spin.
    sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
    io_uring_sqe_set_data(sqe, &completion);
    completion.note = static_cast<std::uint8_t>(pool);
    return sqe;
}

void UringIo::receive(Completion& completion, int fd, Pool pool) {
    start_receive(completion, fd, pool);
}

void UringIo::receive_standing(Completion& completion, int fd, Pool pool) {
    io_uring_sqe* sqe = start_receive(completion, fd, pool);
    if (!can_stand_) return;
    completion.note |= standing_note;
    sqe->ioprio |= IORING_RECV_MULTISHOT;
    // Bounds of one arrival, and of all: the latter stands where other operations have
    // `file_index`.
    const std::uint32_t space = this->pool(pool).space_each();
    sqe->file_index = standing_bytes(space);
    sqe->len = space - sqe->file_index;
}

void UringIo::receive_into(Completion& completion, int fd, std::span<std::byte> space) {
    io_uring_sqe* sqe = start(completion);
    io_uring_prep_recv(sqe, fd, space.data(), space.size(), 0);
    io_uring_sqe_set_data(sqe, &completion);
}

io_uring_sqe* UringIo::start_send(Completion& completion, int fd,
                                  std::span<const std::byte> bytes) {
    io_uring_sqe* sqe = start(completion);
    io_uring_prep_send(sqe, fd, bytes.data(), bytes.size(), MSG_WAITALL | MSG_NOSIGNAL);
    io_uring_sqe_set_data(sqe, &completion);
    return sqe;
}

void UringIo::send(Completion& completion, int fd, std::span<const std::byte> bytes) {
    start_send(completion, fd, bytes);
}

void UringIo::send_parts(Completion& completion, int fd, std::span<const Part> parts) {
    if (parts.size() == 1) return send(completion, fd, parts.front());
    CHECK(parts.size() <= send_parts_max);
    if (messages_.size() == messages_per_tick_max) submit();
    io_uring_sqe* sqe = start(completion);
    Message& message = messages_.emplace_back();
    for (std::size_t i = 0; i < parts.size(); i++) {
        message.parts[i] = {const_cast<std::byte*>(parts[i].data()), parts[i].size()};
    }
    message.header = {};
    message.header.msg_iov = message.parts.data();
    message.header.msg_iovlen = parts.size();
    io_uring_prep_sendmsg(sqe, fd, &message.header, MSG_WAITALL | MSG_NOSIGNAL);
    io_uring_sqe_set_data(sqe, &completion);
}

// What is less than a segment waits for the FIN and takes it along.
void UringIo::send_last(Completion& completion, int fd, std::span<const std::byte> bytes) {
    start_send(completion, fd, bytes)->msg_flags |= MSG_MORE;
}

void UringIo::yield(Completion& completion) {
    io_uring_sqe* sqe = start(completion);
    io_uring_prep_nop(sqe);
    io_uring_sqe_set_data(sqe, &completion);
}

void UringIo::poll(Completion& completion, int fd, unsigned events) {
    io_uring_sqe* sqe = start(completion);
    io_uring_prep_poll_add(sqe, fd, events);
    io_uring_sqe_set_data(sqe, &completion);
}

void UringIo::close(Completion& completion, int fd) {
    io_uring_sqe* sqe = start(completion);
    io_uring_prep_close(sqe, fd);
    io_uring_sqe_set_data(sqe, &completion);
}

void UringIo::cancel(Completion& victim) {
    CHECK(victim.in_flight());
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    if (sqe == nullptr) {
        counts_.queue_full++;
        submit();
        sqe = io_uring_get_sqe(&ring_);
    }
    // By address, never by descriptor: that would scan every armed operation of the ring.
    io_uring_prep_cancel(sqe, &victim, 0);
    io_uring_sqe_set_data(sqe, nullptr);
}

void UringIo::wake() noexcept {
    const std::uint64_t one = 1;
    // Fails only when the counter is full, and then the shard is being woken anyway.
    [[maybe_unused]] const ssize_t written = ::write(wake_fd_, &one, sizeof one);
}

void UringIo::arm_wake() {
    io_uring_sqe* sqe = start(woken_.then<&UringIo::on_woken>());
    in_flight_--;  // Ours, not our user's.
    io_uring_prep_read(sqe, wake_fd_, &wake_count_, sizeof wake_count_, 0);
    io_uring_sqe_set_data(sqe, &woken_);
}

void UringIo::on_woken(Outcome) noexcept {
    in_flight_++;
    if (!closing_) arm_wake();
}

void UringIo::refill() {
    for (ReceiveRing& ring : rings_) {
        if (ring.missing > 0) refill(ring);
    }
}

void UringIo::refill(ReceiveRing& ring) {
    const int mask = io_uring_buf_ring_mask(ring.entries);
    int added = 0;
    while (ring.missing > 0) {
        Buffer buffer = ring.pool.try_take();
        if (!buffer) break;
        const std::uint16_t index = ring.pool.lend(std::move(buffer));
        const std::span<std::byte> space = ring.pool.receive_space(index);
        io_uring_buf_ring_add(ring.ring, space.data(), static_cast<unsigned>(space.size()), index,
                              mask, added);
        added++;
        ring.missing--;
    }
    io_uring_buf_ring_advance(ring.ring, added);
}

std::size_t UringIo::harvest() {
    unsigned head = 0;
    unsigned count = 0;
    io_uring_cqe* cqe = nullptr;
    io_uring_for_each_cqe(&ring_, head, cqe) {
        count++;
        if (cqe->user_data == 0) continue;  // A cancel: nobody waits for it.
        ready_.push_back({reinterpret_cast<Completion*>(cqe->user_data), cqe->res, cqe->flags});
    }
    io_uring_cq_advance(&ring_, count);
    return count;
}

Outcome UringIo::outcome_of(const Ready& ready) {
    Outcome outcome{.result = ready.result,
                    .more = (ready.flags & IORING_CQE_F_MORE) != 0,
                    .socket_nonempty = (ready.flags & IORING_CQE_F_SOCK_NONEMPTY) != 0};
    if ((ready.flags & IORING_CQE_F_BUFFER) != 0) {
        outcome.buffer = static_cast<std::uint16_t>(ready.flags >> IORING_CQE_BUFFER_SHIFT);
        rings_[ready.completion->note & pool_note].missing++;
    }
    if (ready.result == -ENOBUFS) counts_.dry_rings++;
    if (!outcome.more) in_flight_--;
    return outcome;
}

void UringIo::deliver() {
    // Handlers may harvest more (a full submission queue); that is appended and delivered too.
    for (std::size_t i = 0; i < ready_.size(); i++) {
        const Ready ready = ready_[i];
        if (is_too_soon(*ready.completion)) {
            held_.push_back(ready);
            continue;
        }
        ready.completion->completed(outcome_of(ready));
    }
    counts_.completions += ready_.size() - held_.size();
    ready_.clear();
    ready_.swap(held_);
}

// The second outcome in a tick of a receive that stands waits for the next tick.
bool UringIo::is_too_soon(Completion& completion) const {
    if ((completion.note & standing_note) == 0) return false;
    const auto tick = static_cast<std::uint16_t>(counts_.ticks);
    return std::exchange(completion.heard_in, tick) == tick;
}

bool UringIo::look(Instant until) {
    if (options_.look_max.count() == 0 || !look_history_.should_look()) return false;
    counts_.looks++;
    until = std::min(until, clock_.now() + options_.look_max);
    while (io_uring_cq_ready(&ring_) == 0 && clock_.now() < until) {
        io_uring_get_events(&ring_);
        read_clock();
    }
    const bool has_paid = io_uring_cq_ready(&ring_) > 0;
    look_history_.record(has_paid);
    if (has_paid) counts_.looks_paid++;
    return has_paid;
}

void UringIo::sleep(Instant until) {
    const Duration left =
        std::clamp(until - clock_.now(), Duration{0}, Duration{std::chrono::hours{1}});
    __kernel_timespec timeout{.tv_sec = left.count() / 1'000'000'000,
                              .tv_nsec = left.count() % 1'000'000'000};
    io_uring_getevents_arg argument{};
    argument.ts = reinterpret_cast<std::uintptr_t>(&timeout);
    counts_.sleeps++;
    // Everything was submitted by the enter before. Whatever ends the wait (a completion, the
    // time, a signal), the caller looks at the queue and the clock next.
    io_uring_enter2(static_cast<unsigned>(ring_.enter_ring_fd), 0, 1, wait_flags_,
                    reinterpret_cast<sigset_t*>(&argument), sizeof argument);
}

void UringIo::run_once(Instant until, SleepGate& gate) {
    counts_.ticks++;
    refill();
    read_clock();
    io_uring_submit_and_get_events(&ring_);
    // What could not be submitted (the kernel was short of memory) is not slept on.
    const bool all_submitted = io_uring_sq_ready(&ring_) == 0;
    const bool has_work = harvest() > 0 || !ready_.empty();
    if (!has_work && all_submitted && until > clock_.now() && !(look(until) && harvest() > 0)) {
        if (gate.may_sleep()) sleep(until);
        gate.on_awake();
        harvest();
    }
    if (all_submitted) forget_submitted();
    read_clock();
    deliver();
}

void UringIo::read_clock() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    clock_.set(Instant{std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec)});
    if (clock_.now() - wall_read_at_ >= std::chrono::seconds(1)) read_wall_clock();
}

// Once a second is often enough for dates; the clock is set less often than that.
void UringIo::read_wall_clock() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    const Duration since_1970 =
        std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
    clock_.set_wall_offset(since_1970 - clock_.now().time_since_epoch());
    wall_read_at_ = clock_.now();
}

}  // namespace ringway::core
