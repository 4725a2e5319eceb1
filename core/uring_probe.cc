#include "core/uring_probe.h"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <liburing.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/system_text.h"
#include "core/uring_constants.h"

namespace ringway::core {
namespace {

constexpr unsigned submission_entries = 1'024;
constexpr unsigned completion_entries = 8'192;
// Below this the engine gives up too.
constexpr unsigned completion_entries_min = 1'024;

struct Operation {
    int code;
    std::string_view name;
};

// What UringIo submits.
constexpr std::array operations{
    Operation{IORING_OP_ACCEPT, "accept"}, Operation{IORING_OP_CONNECT, "connect"},
    Operation{IORING_OP_RECV, "recv"},     Operation{IORING_OP_SEND, "send"},
    Operation{IORING_OP_READ, "read"},     Operation{IORING_OP_POLL_ADD, "poll_add"},
    Operation{IORING_OP_CLOSE, "close"},   Operation{IORING_OP_ASYNC_CANCEL, "async_cancel"},
    Operation{IORING_OP_NOP, "nop"},
};

struct Feature {
    std::uint32_t bit;
    std::string_view name;
    std::string_view without;  // What happens where it is missing; empty: nothing worth saying.
};

constexpr std::array features{
    Feature{IORING_FEAT_NODROP, "NODROP", ""},
    Feature{IORING_FEAT_EXT_ARG, "EXT_ARG", ""},
    Feature{uring_feature_no_iowait, "NO_IOWAIT", "idle shards are shown as waiting for I/O"},
};

std::unexpected<Error> failed(int sys, const char* what) {
    return std::unexpected(Error{.code = errc_of(sys), .sys = sys, .what = what});
}

// A ring that is gone at the end of its scope.
class ShortLivedRing {
public:
    ShortLivedRing() = default;
    ~ShortLivedRing() {
        if (made_) io_uring_queue_exit(&ring_);
    }
    ShortLivedRing(const ShortLivedRing&) = delete;
    ShortLivedRing& operator=(const ShortLivedRing&) = delete;

    // 0 or a negative errno; halves the completion queue as the engine does when memory is short.
    int make() {
        int status = -ENOMEM;
        for (unsigned entries = completion_entries;
             status == -ENOMEM && entries >= completion_entries_min; entries /= 2) {
            io_uring_params params{};
            params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                           IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
            params.cq_entries = entries;
            status = io_uring_queue_init_params(std::min(submission_entries, entries / 2), &ring_,
                                                &params);
            features_ = params.features;
            completion_entries_ = params.cq_entries;
        }
        made_ = status == 0;
        return status;
    }

    io_uring& ring() { return ring_; }
    std::uint32_t features() const { return features_; }
    unsigned entries() const { return completion_entries_; }

private:
    io_uring ring_{};
    bool made_ = false;
    std::uint32_t features_ = 0;
    unsigned completion_entries_ = 0;
};

std::vector<std::string_view> lacking_operations(io_uring& ring) {
    std::vector<std::string_view> lacking;
    io_uring_probe* probe = io_uring_get_probe_ring(&ring);
    if (probe == nullptr) return lacking;  // A kernel that cannot be asked is older than the floor.
    for (const Operation& operation : operations) {
        if (io_uring_opcode_supported(probe, operation.code) == 0) {
            lacking.push_back(operation.name);
        }
    }
    io_uring_free_probe(probe);
    return lacking;
}

// Whether the kernel takes a ring of provided buffers, which every receive is served from.
int try_buffer_ring(io_uring& ring) {
    constexpr unsigned entries = 128;
    const std::size_t bytes = entries * sizeof(io_uring_buf);
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return -errno;
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(memory);
    registration.ring_entries = entries;
    const int status = io_uring_register_buf_ring(&ring, &registration, 0);
    if (status == 0) io_uring_unregister_buf_ring(&ring, 0);
    munmap(memory, bytes);
    return status;
}

bool try_bounded_multishot(io_uring& ring) {
    const int no_socket = eventfd(0, EFD_CLOEXEC);
    if (no_socket < 0) return false;
    const bool known = knows_bounded_multishot(ring, no_socket);
    close(no_socket);
    return known;
}

}  // namespace

// Asked for a receive from what is no socket a kernel that knows the bound gets as far as to notice
// that; an older one refuses the bound.
bool knows_bounded_multishot(io_uring& ring, int no_socket) {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring);
    io_uring_prep_recv_multishot(sqe, no_socket, nullptr, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->file_index = 1;  // The bound stands where other operations have this.
    io_uring_sqe_set_data(sqe, nullptr);
    io_uring_cqe* cqe = nullptr;
    if (io_uring_submit_and_wait(&ring, 1) < 0 || io_uring_peek_cqe(&ring, &cqe) != 0) return false;
    const bool is_known = cqe->res == -ENOTSOCK;
    io_uring_cqe_seen(&ring, cqe);
    return is_known;
}

Result<UringProbe> probe_uring() {
    ShortLivedRing ring;
    if (const int status = ring.make(); status < 0) {
        return failed(-status, "io_uring could not be set up");
    }
    if (const int status = try_buffer_ring(ring.ring()); status < 0) {
        return failed(-status, "the receive ring could not be registered");
    }
    utsname system{};
    uname(&system);
    UringProbe probe{.kernel_release = system.release,
                     .features = ring.features(),
                     .bounded_multishot = try_bounded_multishot(ring.ring()),
                     .completion_entries = ring.entries(),
                     .completion_entries_wanted = completion_entries,
                     .ring_registered = io_uring_register_ring_fd(&ring.ring()) == 1,
                     .lacking = lacking_operations(ring.ring())};
    if (!probe.lacking.empty()) return failed(ENOSYS, "the kernel lacks an operation we need");
    return probe;
}

std::string text_of(const UringProbe& probe) {
    std::vector<std::string_view> used{"DEFER_TASKRUN", "buffer rings", "multishot accept"};
    std::vector<std::string> fallbacks;
    for (const Feature& feature : features) {
        if ((probe.features & feature.bit) != 0) {
            used.push_back(feature.name);
        } else {
            fallbacks.push_back(feature.without.empty()
                                    ? fmt::format("no {}", feature.name)
                                    : fmt::format("no {}: {}", feature.name, feature.without));
        }
    }
    if (probe.bounded_multishot)
        used.push_back("bounded multishot receives");
    else
        fallbacks.emplace_back("no bounded multishot receives: a small request costs a tenth more");
    if (probe.ring_registered)
        used.push_back("registered ring");
    else
        fallbacks.emplace_back("ring not registered");
    if (probe.completion_entries < probe.completion_entries_wanted) {
        fallbacks.push_back(fmt::format("completion queue of {} instead of {} for lack of memory",
                                        probe.completion_entries, probe.completion_entries_wanted));
    }
    return fmt::format("kernel {}, io_uring: features used {}; fallbacks {}", probe.kernel_release,
                       fmt::join(used, ", "),
                       fallbacks.empty() ? "none" : fmt::format("{}", fmt::join(fallbacks, ", ")));
}

}  // namespace ringway::core
