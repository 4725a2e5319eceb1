#include "tests/sim/sim_ledger.h"

#include <fmt/format.h>

#include <bit>

#include "core/check.h"

namespace ringway::sim {

namespace {

constexpr std::size_t body_bytes_max = 1'048'576;
constexpr std::uint32_t requester = 0xffff'ffff;

// Every body is a piece of this text; where it begins depends on whose it is.
const std::string& common_text() {
    static const std::string text = [] {
        core::Prng prng(0x7465'7874);
        std::string made(2 * body_bytes_max, '\0');
        for (char& letter : made) letter = static_cast<char>('!' + prng.uniform(94));
        return made;
    }();
    return text;
}

std::string_view text_of(std::uint32_t number, std::uint32_t side, std::size_t size) {
    CHECK(size <= body_bytes_max);
    std::uint64_t seed = std::uint64_t{number} << 32 | side;
    const std::size_t begin = core::Prng::splitmix(seed) % body_bytes_max;
    return std::string_view(common_text()).substr(begin, size);
}

std::uint32_t skewed(core::Prng& prng, std::uint32_t most) {
    const std::uint64_t bits = prng.uniform(static_cast<std::uint64_t>(std::bit_width(most)) + 1);
    return static_cast<std::uint32_t>(prng.uniform(std::min<std::uint64_t>(most, 1ULL << bits)));
}

}  // namespace

std::string_view name_of(Invariant invariant) {
    switch (invariant) {
        case Invariant::answers_go_to_their_request:
            return "answers_go_to_their_request";
        case Invariant::requests_arrive_as_sent:
            return "requests_arrive_as_sent";
        case Invariant::unsafe_requests_go_once:
            return "unsafe_requests_go_once";
        case Invariant::answers_are_whole_or_cut:
            return "answers_are_whole_or_cut";
        case Invariant::errors_need_a_cause:
            return "errors_need_a_cause";
        case Invariant::every_exchange_ends:
            return "every_exchange_ends";
        case Invariant::exchanges_finish_once:
            return "exchanges_finish_once";
        case Invariant::in_flight_returns_to_zero:
            return "in_flight_returns_to_zero";
        case Invariant::everything_is_given_back:
            return "everything_is_given_back";
        case Invariant::only_eligible_backends:
            return "only_eligible_backends";
        case Invariant::runs_repeat:
            return "runs_repeat";
    }
    return "";
}

std::string_view name_of(SimMethod method) {
    switch (method) {
        case SimMethod::get:
            return "GET";
        case SimMethod::head:
            return "HEAD";
        case SimMethod::post:
            return "POST";
        case SimMethod::put:
            return "PUT";
    }
    return "";
}

SimLedger::SimLedger(std::uint64_t seed, std::uint32_t exchanges_max, bool strict)
    : prng_(seed), exchanges_max_(exchanges_max), strict_(strict) {
    exchanges_.reserve(exchanges_max);
}

std::uint32_t SimLedger::plan(std::uint32_t client, bool is_alone) {
    CHECK(has_more());
    Exchange exchange{.client = client};
    const std::uint64_t die = prng_.uniform(20);
    exchange.method = die < 11   ? SimMethod::get
                      : die < 13 ? SimMethod::head
                      : die < 18 ? SimMethod::post
                                 : SimMethod::put;
    if (exchange.method == SimMethod::post || exchange.method == SimMethod::put) {
        exchange.request_bytes = skewed(prng_, prng_.chance(0.02) ? 600'000 : 40'000);
    }
    static constexpr std::uint16_t statuses[] = {201, 204, 304, 404, 500};
    if (prng_.chance(0.2)) exchange.status = statuses[prng_.uniform(std::size(statuses))];
    // Some are larger than any window on the way.
    exchange.answer_bytes = skewed(prng_, prng_.chance(0.02) ? 800'000 : 50'000);
    if (exchange.status == 204 || exchange.status == 304) exchange.answer_bytes = 0;
    if (is_alone && exchange.method == SimMethod::get && prng_.chance(0.3)) {
        exchange.is_upgrade = true;
        exchange.status = 101;
        exchange.request_bytes = 1 + skewed(prng_, 40'000);
        exchange.answer_bytes = 1 + skewed(prng_, 40'000);
    }
    exchanges_.push_back(exchange);
    open_count_++;
    return static_cast<std::uint32_t>(exchanges_.size() - 1);
}

void SimLedger::on_seen(std::uint32_t number) {
    Exchange& exchange = exchanges_[number];
    exchange.seen++;
    if (exchange.method == SimMethod::post && exchange.seen > 1) {
        violate(Invariant::unsafe_requests_go_once,
                fmt::format("POST {} reached a backend {} times", number, exchange.seen));
    }
}

void SimLedger::end(std::uint32_t number, End end, std::uint16_t status) {
    Exchange& exchange = exchanges_[number];
    CHECK(exchange.end == End::open && end != End::open);
    exchange.end = end;
    open_count_--;
    ended_[static_cast<std::size_t>(end)]++;
    if (end == End::own_error && status < own_errors_.size()) own_errors_[status]++;
    if (strict_ && end == End::own_error) {
        violate(
            Invariant::errors_need_a_cause,
            fmt::format("exchange {} of client {} ended with {}", number, exchange.client, status));
    }
}

void SimLedger::cut(std::uint32_t number, bool within) {
    end(number, End::cut, 0);
    if (!strict_) return;
    if (was_drained_ && exchanges_[number].is_upgrade) return;
    if (was_drained_ && !within && exchanges_[number].seen == 0) return;
    violate(Invariant::errors_need_a_cause,
            fmt::format("exchange {} of client {} was cut {}", number, exchanges_[number].client,
                        within ? "within its answer" : "before its answer"));
}

std::string_view SimLedger::request_text(std::uint32_t number, std::size_t size) {
    return text_of(number, requester, size);
}

std::string_view SimLedger::answer_text(std::uint32_t number, std::uint32_t backend,
                                        std::size_t size) {
    return text_of(number, backend, size);
}

void SimLedger::violate(Invariant invariant, std::string what) {
    if (violations_.size() < 20) violations_.push_back({invariant, std::move(what)});
}

}  // namespace ringway::sim
