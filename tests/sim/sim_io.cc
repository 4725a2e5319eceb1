#include "tests/sim/sim_io.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace ringway::sim {

namespace {

// What an event of ours is about.
enum class Event : std::uint8_t { outcome_due, cancel_due };

constexpr int first_descriptor = 3;

core::Error no_descriptors() {
    return {.code = core::Errc::no_descriptors,
            .side = core::Side::us,
            .retry = core::Retry::never,
            .sys = EMFILE,
            .what = "no descriptor left"};
}

core::Duration microseconds(std::uint64_t count) {
    return std::chrono::microseconds(static_cast<std::int64_t>(count));
}

core::Outcome with_result(int result) {
    return {.result = result};
}

}  // namespace

SimIo::SimIo(SimNet& net, const Options& options)
    : net_(net),
      host_(options.host),
      host_text_(options.host.text()),
      client_pool_(options.client_pool),
      upstream_pool_(options.upstream_pool),
      bulk_pool_(options.bulk_pool),
      descriptors_max_(options.descriptors_max) {
    // Every simulation begins on 2026-11-20 at noon.
    clock_.set_wall_offset(std::chrono::seconds(1'795'176'000));
    clock_.set(net_.clock().now());
}

SimIo::~SimIo() {
    CHECK(in_flight_ == 0);
}

// ---------------------------------------------------------------- descriptors

int SimIo::take_descriptor(Descriptor::State state) {
    if (open_descriptors_ >= descriptors_max_) return -1;
    int fd;
    if (free_descriptors_.empty()) {
        fd = first_descriptor + static_cast<int>(descriptors_.size());
        descriptors_.emplace_back();
    } else {
        fd = free_descriptors_.back();
        free_descriptors_.pop_back();
        faults().count(Fault::descriptor_reused);
    }
    descriptors_[static_cast<std::size_t>(fd - first_descriptor)] = {
        .state = state, .is_listener = state == Descriptor::State::listener};
    open_descriptors_++;
    return fd;
}

void SimIo::free_descriptor(int fd) {
    descriptor(fd).state = Descriptor::State::free;
    free_descriptors_.push_back(fd);
    open_descriptors_--;
}

SimIo::Descriptor& SimIo::descriptor(int fd) {
    const std::size_t index = static_cast<std::size_t>(fd - first_descriptor);
    CHECK(fd >= first_descriptor && index < descriptors_.size());  // EBADF
    CHECK(descriptors_[index].state != Descriptor::State::free);   // EBADF
    return descriptors_[index];
}

core::Result<int> SimIo::open_socket(const core::Address&) {
    if (faults().strikes(Fault::open_failed)) return std::unexpected(no_descriptors());
    const int fd = take_descriptor(Descriptor::State::socket);
    if (fd < 0) return std::unexpected(no_descriptors());
    descriptor(fd).socket = net_.open(*this, fd);
    return fd;
}

core::Result<core::Address> SimIo::peer_address(int fd) {
    const SocketId socket = descriptor(fd).socket;
    if (!net_.is_connected(socket)) {
        return std::unexpected(
            core::Error{.code = core::Errc::unexpected, .sys = ENOTCONN, .what = "not connected"});
    }
    return net_.peer_of(socket);
}

void SimIo::shutdown(int fd) noexcept {
    net_.shutdown(descriptor(fd).socket);
}
void SimIo::reset(int fd) noexcept {
    net_.reset(descriptor(fd).socket);
}
void SimIo::shutdown_send(int fd) noexcept {
    net_.shutdown_send(descriptor(fd).socket);
}
std::size_t SimIo::unacknowledged(int fd) noexcept {
    return net_.unacknowledged(descriptor(fd).socket);
}
std::optional<std::uint64_t> SimIo::acknowledged(int fd) noexcept {
    return net_.acknowledged(descriptor(fd).socket);
}

int SimIo::listen(const core::Address& address) {
    const int fd = take_descriptor(Descriptor::State::listener);
    CHECK(fd >= 0);
    net_.listen(*this, fd, address);
    return fd;
}

void SimIo::close_listener(int fd) {
    CHECK(descriptor(fd).state == Descriptor::State::listener && descriptor(fd).undelivered == 0);
    net_.close_listener(*this, fd);
    free_descriptor(fd);
}

// ---------------------------------------------------------------- starting

SimIo::Operation& SimIo::start(core::Completion& completion, Kind kind, int fd) {
    completion.started();
    in_flight_++;
    std::uint32_t index;
    if (free_operations_.empty()) {
        index = static_cast<std::uint32_t>(operations_.size());
        operations_.emplace_back();
        late_.emplace_back();
    } else {
        index = free_operations_.back();
        free_operations_.pop_back();
    }
    Operation& operation = operations_[index];
    const std::uint32_t generation = operation.generation + 1;
    operation = {.completion = &completion, .kind = kind, .fd = fd, .generation = generation};
    submissions_.push_back({index, generation, false});
    if (fd < 0) return operation;
    Descriptor& descriptor = this->descriptor(fd);
    CHECK(descriptor.state != Descriptor::State::closing);
    descriptor.undelivered++;
    return operation;
}

void SimIo::accept(core::Completion& completion, int listen_fd) {
    Descriptor& listener = descriptor(listen_fd);
    CHECK(listener.state == Descriptor::State::listener);
    CHECK(!std::exchange(listener.receive_pending, true));
    start(completion, Kind::accept, listen_fd);
}

void SimIo::connect(core::Completion& completion, int fd, const core::Address& peer) {
    CHECK(!std::exchange(descriptor(fd).send_pending, true));
    start(completion, Kind::connect, fd).peer = peer;
    if (watch_ != nullptr) watch_->on_connect_began(fd, peer);
}

void SimIo::receive(core::Completion& completion, int fd, core::Pool pool) {
    CHECK(!std::exchange(descriptor(fd).receive_pending, true));
    start(completion, Kind::receive, fd).pool = pool;
}

void SimIo::receive_standing(core::Completion& completion, int fd, core::Pool pool) {
    CHECK(!std::exchange(descriptor(fd).receive_pending, true));
    Operation& operation = start(completion, Kind::receive, fd);
    operation.pool = pool;
    operation.standing_left = core::standing_bytes(this->pool(pool).space_each());
}

void SimIo::receive_into(core::Completion& completion, int fd, std::span<std::byte> space) {
    CHECK(!space.empty() && !std::exchange(descriptor(fd).receive_pending, true));
    start(completion, Kind::receive, fd).space = space;
}

void SimIo::send(core::Completion& completion, int fd, std::span<const std::byte> bytes) {
    send_parts(completion, fd, {&bytes, 1});
}

void SimIo::send_parts(core::Completion& done, int fd, std::span<const core::Part> parts) {
    CHECK(!parts.empty() && parts.size() <= core::send_parts_max);
    for (const core::Part& part : parts) CHECK(!part.empty());
    CHECK(!std::exchange(descriptor(fd).send_pending, true));
    start(done, Kind::send, fd).parts.assign(parts.begin(), parts.end());
}

void SimIo::send_last(core::Completion& completion, int fd, std::span<const std::byte> bytes) {
    CHECK(!bytes.empty() && !std::exchange(descriptor(fd).send_pending, true));
    Operation& operation = start(completion, Kind::send, fd);
    operation.parts.assign(1, bytes);
    operation.is_last = true;
}

void SimIo::yield(core::Completion& completion) {
    start(completion, Kind::yield, -1);
}

void SimIo::poll(core::Completion& completion, int fd, unsigned events) {
    start(completion, Kind::poll, fd).events = events;
}

void SimIo::close(core::Completion& completion, int fd) {
    CHECK(descriptor(fd).undelivered == 0);  // The close join was not joined.
    start(completion, Kind::close, fd);
    descriptor(fd).state = Descriptor::State::closing;
}

void SimIo::cancel(core::Completion& victim) {
    CHECK(victim.in_flight());
    for (std::uint32_t index = 0; index < operations_.size(); index++) {
        if (operations_[index].completion != &victim) continue;
        submissions_.push_back({index, operations_[index].generation, true});
        return;
    }
    CHECK(false && "the victim is another engine's");
}

// ---------------------------------------------------------------- a tick

bool SimIo::is_runnable() const {
    return !is_asleep_ || is_woken_ || !ready_.empty() || !submissions_.empty() ||
           net_.clock().now() >= sleeps_until_;
}

void SimIo::run_once(core::Instant until, core::SleepGate& gate) {
    if (std::exchange(is_asleep_, false)) gate.on_awake();
    const bool was_woken = std::exchange(is_woken_, false);
    clock_.set(net_.clock().now());
    submit_queued();
    take_batch();
    const bool idle = batch_.empty() && ready_.empty() && submissions_.empty() && !was_woken;
    for (std::size_t i = 0; i < batch_.size(); i++) deliver(batch_[i]);
    batch_.clear();
    if (!idle || clock_.now() >= until || faults().strikes(Fault::wake_spurious)) return;
    if (!gate.may_sleep()) return;
    is_asleep_ = true;
    sleeps_until_ = until;
}

void SimIo::submit_queued() {
    std::size_t count = submissions_.size();
    if (count > 1 && faults().strikes(Fault::submissions_limited)) {
        count = static_cast<std::size_t>(faults().between(1, count));
    }
    for (std::size_t i = 0; i < count; i++) {
        const Submission submission = submissions_[i];
        const Operation& operation = operations_[submission.operation];
        if (operation.generation != submission.generation || operation.completion == nullptr) {
            continue;  // A cancel whose victim was delivered meanwhile.
        }
        if (submission.is_cancel) {
            begin_cancel(submission.operation);
        } else {
            submit(submission.operation);
        }
    }
    submissions_.erase(submissions_.begin(),
                       submissions_.begin() + static_cast<std::ptrdiff_t>(count));
}

void SimIo::take_batch() {
    std::size_t count = std::min(ready_.size(), batch_max_);
    if (count > 1 && faults().strikes(Fault::completions_limited)) {
        count = static_cast<std::size_t>(faults().between(1, count));
    }
    batch_.assign(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(count));
    ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(count));
    hold_what_is_too_soon();
    if (batch_.size() > 1 && faults().strikes(Fault::completions_reordered)) reorder_batch();
}

// A tick has one outcome of each receive.
void SimIo::hold_what_is_too_soon() {
    std::vector<Ready> held;
    for (std::size_t i = 0; i < batch_.size();) {
        const auto here = batch_.begin() + static_cast<std::ptrdiff_t>(i);
        const std::uint32_t index = here->operation;
        const bool is_second = std::any_of(
            batch_.begin(), here, [index](const Ready& ready) { return ready.operation == index; });
        if (!is_second || operations_[index].kind != Kind::receive) {
            i++;
            continue;
        }
        held.push_back(*here);
        batch_.erase(here);
    }
    ready_.insert(ready_.begin(), held.begin(), held.end());
}

// A multishot operation's own outcomes keep their order.
void SimIo::reorder_batch() {
    for (std::size_t round = 0; round < 3; round++) {
        for (std::size_t i = 0; i + 1 < batch_.size(); i++) {
            if (batch_[i].operation == batch_[i + 1].operation) continue;
            if (faults().prng().chance(0.5)) std::swap(batch_[i], batch_[i + 1]);
        }
    }
}

void SimIo::finish(std::uint32_t index, core::Outcome outcome) {
    Operation& operation = operations_[index];
    CHECK(!operation.ended);
    if (!outcome.more) {
        operation.ended = true;
        detach(index);
    }
    const bool is_close = operation.kind == Kind::close;
    const bool late = !outcome.more && operation.kind != Kind::accept &&
                      faults().strikes(is_close ? Fault::close_late : Fault::completion_late);
    if (!late) {
        ready_.push_back({index, outcome});
        return;
    }
    late_[index] = {index, outcome};
    net_.clock().after(microseconds(faults().skewed(20'000)),
                       {.target = this,
                        .kind = static_cast<std::uint8_t>(Event::outcome_due),
                        .index = index,
                        .generation = operation.generation});
}

// The kernel lets go of the descriptor; its owner does when the outcome is delivered.
void SimIo::detach(std::uint32_t index) {
    const Operation& operation = operations_[index];
    if (operation.kind == Kind::close || operation.fd < 0 || !operation.submitted) return;
    Descriptor& descriptor = this->descriptor(operation.fd);
    if (descriptor.reader == index) descriptor.reader = none;
    if (descriptor.writer == index) descriptor.writer = none;
    for (std::uint32_t* link = &descriptor.polls; *link != none;) {
        if (*link == index) {
            *link = operation.next_poll;
            return;
        }
        link = &operations_[*link].next_poll;
    }
}

void SimIo::deliver(const Ready& ready) {
    Operation& operation = operations_[ready.operation];
    core::Completion& completion = *operation.completion;
    net_.trace().add(static_cast<std::uint64_t>(operation.kind) << 32 |
                     static_cast<std::uint32_t>(operation.fd));
    net_.trace().add(static_cast<std::uint32_t>(ready.outcome.result));
    delivered_total_++;
    static constexpr const char* kinds[] = {"accept", "connect", "receive", "send",
                                            "yield",  "poll",    "close"};
    net_.tell("{} fd {} {} -> {}{}", host_text_, operation.fd,
              kinds[static_cast<std::size_t>(operation.kind)], ready.outcome.result,
              ready.outcome.more ? " more" : "");
    if (watch_ != nullptr && operation.kind == Kind::connect) {
        watch_->on_connect_ended(operation.fd, operation.peer, ready.outcome.result);
    }
    if (!ready.outcome.more) {
        if (operation.kind != Kind::close && operation.fd >= 0) {
            Descriptor& descriptor = this->descriptor(operation.fd);
            const bool writes = operation.kind == Kind::connect || operation.kind == Kind::send;
            descriptor.undelivered--;
            if (writes) {
                descriptor.send_pending = false;
            } else if (operation.kind != Kind::poll) {
                descriptor.receive_pending = false;
            }
        }
        operation.completion = nullptr;
        free_operations_.push_back(ready.operation);
        in_flight_--;
    }
    completion.completed(ready.outcome);
}

void SimIo::on_event(const SimEvent& event) noexcept {
    const Operation& operation = operations_[event.index];
    if (operation.generation != event.generation || operation.completion == nullptr) return;
    switch (static_cast<Event>(event.kind)) {
        case Event::outcome_due:
            ready_.push_back(late_[event.index]);
            return;
        case Event::cancel_due:
            do_cancel(event.index);
            return;
    }
}

// ---------------------------------------------------------------- cancelling

void SimIo::begin_cancel(std::uint32_t index) {
    if (operations_[index].ended) return;
    const bool lost = faults().strikes(Fault::cancel_lost);
    if (!lost && !faults().strikes(Fault::cancel_late)) return do_cancel(index);
    const core::Duration delay =
        microseconds(lost ? faults().between(100'000, 2'000'000) : faults().between(50, 5'000));
    net_.clock().after(delay, {.target = this,
                               .kind = static_cast<std::uint8_t>(Event::cancel_due),
                               .index = index,
                               .generation = operations_[index].generation});
}

void SimIo::do_cancel(std::uint32_t index) {
    Operation& operation = operations_[index];
    if (operation.ended) return;
    if (faults().rate(Fault::cancel_raced) > 0 && race_cancel(index)) return;
    // A send that got some bytes through says how many.
    const bool cut = operation.kind == Kind::send && operation.done > 0;
    finish(index, with_result(cut ? static_cast<int>(operation.done) : -ECANCELED));
}

// The victim succeeds in the moment of its cancellation, where it can.
bool SimIo::race_cancel(std::uint32_t index) {
    Operation& operation = operations_[index];
    if (!operation.submitted || !faults().draws(Fault::cancel_raced)) return false;
    const SocketId socket = descriptor(operation.fd).socket;
    switch (operation.kind) {
        case Kind::connect:
            if (net_.connect_now(socket) != 0) return false;
            finish(index, with_result(0));
            break;
        case Kind::receive:
            net_.hurry(socket);
            break;
        case Kind::accept:
        case Kind::send:
        case Kind::yield:
        case Kind::poll:
        case Kind::close:
            break;
    }
    if (!operations_[index].ended) return false;
    faults().count(Fault::cancel_raced);
    return true;
}

}  // namespace ringway::sim
