// Requests and responses as actions: the input is a list of what clients, backends, the engine, the
// clock and the operator do, in its order, to the real path of a request on a simulated network.
// Whatever they do: nothing CHECKs, every exchange ends once, everything is given back, by
// time-outs alone if need be; nobody reads what is another's, and no backend reads what was
// refused.
//
// An input is text, so that a story can be written by hand: verbs of one character, most followed
// by a digit or letter (`verbs` below has them all); white space, and from '#' to the end of a
// line, is skipped. Any other byte is a verb too.
#include <algorithm>
#include <deque>
#include <string>

#include "core/check.h"
#include "tests/fuzz/action_peers.h"
#include "tests/fuzz/action_words.h"
#include "tests/fuzz/fuzz_target.h"

namespace ringway::fuzz {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t sizes[] = {1, 5, 100, 1'000, 5'000, 20'000, 70'000};
constexpr core::Duration pauses[] = {1ms, 40ms, 400ms, 1s, 2s, 5s, 10s, 21s, 60s};
// What the engine and the network do by themselves, one in three times while it is on.
constexpr sim::Fault faults[] = {
    sim::Fault::segment_split,   sim::Fault::small_window,          sim::Fault::receive_short,
    sim::Fault::no_buffers,      sim::Fault::end_behind_no_buffers, sim::Fault::buffer_with_end,
    sim::Fault::completion_late, sim::Fault::completions_reordered, sim::Fault::submissions_limited,
    sim::Fault::close_late,      sim::Fault::cancel_late,           sim::Fault::cancel_lost,
    sim::Fault::cancel_raced,    sim::Fault::accept_ended,          sim::Fault::accept_failed,
    sim::Fault::open_failed,     sim::Fault::connect_refused,       sim::Fault::connect_hung,
    sim::Fault::latency_spike,
};

template <class T, std::size_t count>
const T& one_of(const T (&table)[count], std::uint32_t number) {
    return table[number % count];
}
template <class T>
const T& one_of(std::span<const T> table, std::uint32_t number) {
    return table[number % table.size()];
}

class Actions {
public:
    explicit Actions(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
    void play();

private:
    struct Verb {
        char name;
        bool has_operand;
        void (Actions::*act)(std::uint32_t operand);
    };
    static const Verb verbs[];
    static constexpr std::size_t actions_max = 300;
    static constexpr std::size_t clients_max = 12;  // In all.
    static constexpr std::size_t client_slots = 4;  // At a time.
    static constexpr std::size_t bytes_said_max = 400'000;
    static constexpr std::size_t rounds_max = 300'000;

    using Backend = ActionBackends::Connection;

    const Verb& next_verb(std::uint8_t byte) const;
    bool next_byte(std::uint8_t& byte);
    std::uint32_t next_operand();
    std::string next_raw(std::uint32_t count);
    std::size_t size_of(std::uint32_t operand);

    // Clients. Each acts on the client chosen last, if there is one.
    void choose_client(std::uint32_t slot);
    void ask(std::uint32_t word);
    void ask_hostile(std::uint32_t word);
    void ask_bytes(std::uint32_t size);
    void ask_chunk(std::uint32_t size);
    void ask_last_chunk(std::uint32_t);
    void ask_raw(std::uint32_t count);
    void cut_ask(std::uint32_t eighths);
    void ask_rest(std::uint32_t);
    void end_client(std::uint32_t);
    void reset_client(std::uint32_t);
    void close_client(std::uint32_t);
    void stop_client(std::uint32_t);
    void resume_client(std::uint32_t);

    // Backends. Each acts on the connection chosen last, or the latest.
    void choose_backend(std::uint32_t number);
    void answer(std::uint32_t word);
    void answer_bytes(std::uint32_t size);
    void answer_chunk(std::uint32_t size);
    void answer_last_chunk(std::uint32_t);
    void answer_raw(std::uint32_t count);
    void cut_answer(std::uint32_t eighths);
    void answer_rest(std::uint32_t);
    void end_backend(std::uint32_t);
    void reset_backend(std::uint32_t);
    void close_backend(std::uint32_t);
    void stop_backend(std::uint32_t);
    void resume_backend(std::uint32_t);
    void refuse_or_not(std::uint32_t backend);
    Backend* backend();

    // The engine, the clock, the operator.
    void tick_proxy(std::uint32_t outcomes);
    void tick_clients(std::uint32_t);
    void tick_backends(std::uint32_t) { backends_.tick(); }
    void next_event(std::uint32_t);
    void settle(std::uint32_t);
    void pass(std::uint32_t pause);
    void fault_or_not(std::uint32_t fault);
    void dry_or_refill(std::uint32_t memory);
    void drain(std::uint32_t) { proxy_.begin_drain(); }
    void end_now(std::uint32_t) { proxy_.end_now(); }

    template <class Visit>
    void for_each_host(Visit&& visit);
    bool tick_runnable();
    core::Instant next_timer();
    void run_until(core::Instant end, bool with_timers);
    void finish();

    std::span<const std::uint8_t> bytes_;
    std::size_t at_ = 0;
    std::size_t bytes_said_ = 0;
    std::size_t rounds_ = 0;

    sim::SimClock clock_;
    sim::SimFaults faults_{1};
    sim::SimNet net_{clock_, faults_};
    ActionLedger ledger_;
    ActionProxy proxy_{net_};
    ActionBackends backends_{net_, ledger_};
    std::deque<ActionClient> clients_;
    ActionClient* slots_[client_slots] = {};
    ActionClient* client_ = nullptr;
    std::size_t backend_ = 0;  // Which of the connections, counted from 1; 0: the latest.
    bool is_refusing_[backends_count] = {};
};

constexpr Actions::Verb Actions::verbs[] = {
    {'c', true, &Actions::choose_client},  // Of this slot; it connects when it is not connected.
    {'r', true, &Actions::ask},            // request_words
    {'h', true, &Actions::ask_hostile},    // hostile_words
    {'d', true, &Actions::ask_bytes},      // sizes
    {'k', true, &Actions::ask_chunk},      // sizes
    {'z', false, &Actions::ask_last_chunk},
    {'w', true, &Actions::ask_raw},  // The next so many bytes of the input, as they are.
    {'/', true, &Actions::cut_ask},  // What is said next stops after 8 times so many bytes, until:
    {';', false, &Actions::ask_rest},
    {'e', false, &Actions::end_client},
    {'x', false, &Actions::reset_client},
    {'q', false, &Actions::close_client},
    {'s', false, &Actions::stop_client},  // Reading.
    {'g', false, &Actions::resume_client},
    {'B', true, &Actions::choose_backend},  // Its connection of this number; 0: the latest.
    {'A', true, &Actions::answer},          // answer_words
    {'D', true, &Actions::answer_bytes},
    {'K', true, &Actions::answer_chunk},
    {'Z', false, &Actions::answer_last_chunk},
    {'W', true, &Actions::answer_raw},
    {'\\', true, &Actions::cut_answer},
    {':', false, &Actions::answer_rest},
    {'E', false, &Actions::end_backend},
    {'X', false, &Actions::reset_backend},
    {'Q', false, &Actions::close_backend},
    {'S', false, &Actions::stop_backend},
    {'G', false, &Actions::resume_backend},
    {'R', true, &Actions::refuse_or_not},  // Connections to this backend.
    {'t', true, &Actions::tick_proxy},     // With at most so many outcomes; 0: with all.
    {'u', false, &Actions::tick_clients},
    {'v', false, &Actions::tick_backends},
    {'n', false, &Actions::next_event},  // Of the network.
    {',', false, &Actions::settle},      // Until nothing moves but by time-outs.
    {'T', true, &Actions::pass},         // pauses
    {'F', true, &Actions::fault_or_not},
    {'M', true, &Actions::dry_or_refill},  // ActionProxy::Memory
    {'O', false, &Actions::drain},
    {'!', false, &Actions::end_now},
};

// --- Reading the input --------------------------------------------------------------------------

bool Actions::next_byte(std::uint8_t& byte) {
    while (at_ < bytes_.size()) {
        byte = bytes_[at_++];
        if (byte == '#') {
            while (at_ < bytes_.size() && bytes_[at_] != '\n') at_++;
        } else if (byte != ' ' && byte != '\n') {
            return true;
        }
    }
    return false;
}

const Actions::Verb& Actions::next_verb(std::uint8_t byte) const {
    const auto* verb = std::ranges::find(verbs, static_cast<char>(byte), &Verb::name);
    return verb == std::end(verbs) ? one_of(verbs, byte) : *verb;
}

std::uint32_t Actions::next_operand() {
    if (at_ == bytes_.size()) return 0;
    const std::uint8_t byte = bytes_[at_++];
    if (byte >= '0' && byte <= '9') return static_cast<std::uint32_t>(byte - '0');
    if (byte >= 'a' && byte <= 'z') return static_cast<std::uint32_t>(byte - 'a' + 10);
    return byte;
}

// Without what marks are made of and what a request's client is known by.
std::string Actions::next_raw(std::uint32_t count) {
    const std::size_t bytes = std::min<std::size_t>(count, bytes_.size() - at_);
    std::string raw(bytes_.begin() + static_cast<std::ptrdiff_t>(at_),
                    bytes_.begin() + static_cast<std::ptrdiff_t>(at_ + bytes));
    at_ += bytes;
    std::ranges::replace(raw, '@', 'a');
    std::ranges::replace(raw, 'X', 'x');
    return raw;
}

std::size_t Actions::size_of(std::uint32_t operand) {
    const std::size_t size = one_of(sizes, operand);
    if (bytes_said_ + size > bytes_said_max) return 1;
    bytes_said_ += size;
    return size;
}

// --- Clients ------------------------------------------------------------------------------------

void Actions::choose_client(std::uint32_t slot) {
    ActionClient*& client = slots_[slot % client_slots];
    if ((client == nullptr || client->peer.is_closed()) && clients_.size() < clients_max) {
        // Peers want their descriptors.
        const double rate = faults_.rate(sim::Fault::open_failed);
        faults_.set_rate(sim::Fault::open_failed, 0);
        client = &clients_.emplace_back(net_, static_cast<std::uint32_t>(clients_.size() + 1));
        faults_.set_rate(sim::Fault::open_failed, rate);
    }
    client_ = client;
}

void Actions::ask(std::uint32_t word) {
    if (client_ != nullptr) client_->ask(one_of(request_words(), word));
}
void Actions::ask_hostile(std::uint32_t word) {
    if (client_ != nullptr) client_->ask_hostile(one_of(hostile_words(), word));
}
void Actions::ask_bytes(std::uint32_t size) {
    if (client_ != nullptr) client_->say(std::string(size_of(size), 'b'));
}
void Actions::ask_chunk(std::uint32_t size) {
    if (client_ == nullptr) return;
    const std::string body(size_of(size), 'b');
    client_->say(fmt::format("{:x}\r\n{}\r\n", body.size(), body));
}
void Actions::ask_last_chunk(std::uint32_t) {
    if (client_ != nullptr) client_->say("0\r\n\r\n");
}
void Actions::ask_raw(std::uint32_t count) {
    std::string raw = next_raw(count);
    if (client_ != nullptr) client_->say(std::move(raw));
}
void Actions::cut_ask(std::uint32_t eighths) {
    if (client_ != nullptr) client_->cut_next(std::size_t{eighths} * 8);
}
void Actions::ask_rest(std::uint32_t) {
    if (client_ != nullptr) client_->say_rest();
}
void Actions::end_client(std::uint32_t) {
    if (client_ != nullptr) client_->peer.end();
}
void Actions::reset_client(std::uint32_t) {
    if (client_ != nullptr) client_->peer.reset();
}
void Actions::close_client(std::uint32_t) {
    if (client_ != nullptr) client_->peer.close();
}
void Actions::stop_client(std::uint32_t) {
    if (client_ != nullptr) client_->peer.stop_reading();
}
void Actions::resume_client(std::uint32_t) {
    if (client_ != nullptr) client_->peer.read_on();
}

// --- Backends -----------------------------------------------------------------------------------

void Actions::choose_backend(std::uint32_t number) {
    backend_ = number;
}

Actions::Backend* Actions::backend() {
    std::deque<Backend>& connections = backends_.connections;
    if (connections.empty()) return nullptr;
    if (backend_ == 0) return &connections.back();
    return &connections[(backend_ - 1) % connections.size()];
}

void Actions::answer(std::uint32_t word) {
    const AnswerWord& answer = one_of(answer_words(), word);
    if (Backend* told = backend()) backends_.say(*told, answer.text, answer.kind);
}
void Actions::answer_bytes(std::uint32_t size) {
    if (Backend* told = backend()) backends_.say_bytes(*told, size_of(size));
}
void Actions::answer_chunk(std::uint32_t size) {
    if (Backend* told = backend()) backends_.say_chunk(*told, size_of(size));
}
void Actions::answer_last_chunk(std::uint32_t) {
    if (Backend* told = backend()) backends_.say(*told, "0\r\n\r\n", Said::part);
}
void Actions::answer_raw(std::uint32_t count) {
    std::string raw = next_raw(count);
    std::ranges::replace(raw, '{', '(');
    if (Backend* told = backend()) backends_.say(*told, raw, Said::part);
}
void Actions::cut_answer(std::uint32_t eighths) {
    if (Backend* told = backend()) told->text.cut_next(std::size_t{eighths} * 8);
}
void Actions::answer_rest(std::uint32_t) {
    if (Backend* told = backend()) backends_.say_rest(*told);
}
void Actions::end_backend(std::uint32_t) {
    if (Backend* told = backend()) backends_.end(*told);
}
void Actions::reset_backend(std::uint32_t) {
    Backend* told = backend();
    if (told == nullptr) return;
    backends_.cut(*told);
    told->peer.reset();
}
void Actions::close_backend(std::uint32_t) {
    Backend* told = backend();
    if (told == nullptr) return;
    backends_.cut(*told);
    told->peer.close();
}
void Actions::stop_backend(std::uint32_t) {
    if (Backend* told = backend()) backends_.stop_reading(*told);
}
void Actions::resume_backend(std::uint32_t) {
    if (Backend* told = backend()) told->peer.read_on();
}
void Actions::refuse_or_not(std::uint32_t number) {
    bool& refuses = is_refusing_[number % backends_count];
    refuses = !refuses;
    net_.set_refusing(backend_address(number % backends_count), refuses);
}

// --- The engine, the clock, the operator --------------------------------------------------------

void Actions::tick_proxy(std::uint32_t outcomes) {
    if (outcomes != 0) proxy_.io().set_batch_max(outcomes);
    proxy_.tick();
    proxy_.io().set_batch_max(SIZE_MAX);
}
void Actions::tick_clients(std::uint32_t) {
    for (ActionClient& client : clients_) client.tick();
}
void Actions::next_event(std::uint32_t) {
    if (!clock_.empty() && clock_.next_due() <= clock_.now() + 1s)
        clock_.advance(clock_.next_due());
}
void Actions::settle(std::uint32_t) {
    run_until(clock_.now() + 300ms, false);
}
void Actions::pass(std::uint32_t pause) {
    run_until(clock_.now() + one_of(pauses, pause), true);
}
void Actions::fault_or_not(std::uint32_t number) {
    const sim::Fault fault = one_of(faults, number);
    faults_.set_rate(fault, faults_.rate(fault) > 0 ? 0 : 0.33);
}
void Actions::dry_or_refill(std::uint32_t memory) {
    proxy_.dry_or_refill(static_cast<ActionProxy::Memory>(memory % ActionProxy::memory_kinds));
}

template <class Visit>
void Actions::for_each_host(Visit&& visit) {
    visit(static_cast<sim::SimHost&>(proxy_));
    visit(static_cast<sim::SimHost&>(backends_));
    for (ActionClient& client : clients_) visit(static_cast<sim::SimHost&>(client));
}

bool Actions::tick_runnable() {
    bool any = false;
    for_each_host([&any](sim::SimHost& host) {
        if (!host.io().is_runnable()) return;
        host.tick();
        any = true;
    });
    return any;
}

core::Instant Actions::next_timer() {
    core::Instant next = core::Instant::max();
    for_each_host([&next](sim::SimHost& host) { next = std::min(next, host.io().sleeps_until()); });
    return next;
}

void Actions::run_until(core::Instant end, bool with_timers) {
    while (clock_.now() <= end) {
        CHECK(++rounds_ < rounds_max);  // Somebody runs in circles.
        if (tick_runnable()) {
            clock_.advance(clock_.now() + 2us);
            continue;
        }
        core::Instant next = clock_.empty() ? core::Instant::max() : clock_.next_due();
        if (clock_.empty()) backends_.on_quiet();
        if (with_timers) next = std::min(next, next_timer());
        if (next > end) break;
        clock_.advance(std::max(next, clock_.now()));
    }
    if (with_timers && clock_.now() < end) clock_.advance(end);
}

// --- From the first action to the end -----------------------------------------------------------

void Actions::play() {
    std::uint8_t byte = 0;
    for (std::size_t i = 0; i < actions_max && next_byte(byte); i++) {
        const Verb& verb = next_verb(byte);
        (this->*verb.act)(verb.has_operand ? next_operand() : 0);
    }
    finish();
}

void Actions::finish() {
    for (const sim::Fault fault : faults) faults_.set_rate(fault, 0);
    // Nobody says anything any more and nobody leaves: the proxy's time-outs end everything, with
    // as little memory as there is.
    run_until(clock_.now() + 5min, true);
    proxy_.check_at_rest();
    for (const ActionClient& client : clients_) {
        ledger_.check_received(client.number(), client.peer.received);
    }
    proxy_.refill_all();
    for (int i = 0; i < 3; i++) {
        proxy_.finish();
        backends_.finish();
        for (ActionClient& client : clients_) client.peer.close();
        run_until(clock_.now() + 3min, true);
    }
    CHECK(proxy_.finish() && backends_.finish());
    proxy_.check_at_end();
    for (ActionClient& client : clients_) CHECK(client.io().open_descriptors() == 0);
}

}  // namespace
}  // namespace ringway::fuzz

FUZZ_TARGET(exchange) {
    ringway::fuzz::Actions(bytes).play();
}
