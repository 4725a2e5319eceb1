#include "loadtest/origin/settings.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace ringway::loadtest {

namespace {

// A sample of a heavy tail may be longer than anybody waits.
constexpr core::Duration delay_max = std::chrono::hours(1);

core::Duration scaled(core::Duration time, double factor) {
    const double nanoseconds = static_cast<double>(time.count()) * factor;
    // Also false for what is not a number.
    if (!(nanoseconds < static_cast<double>(delay_max.count()))) return delay_max;
    return core::Duration{static_cast<std::int64_t>(nanoseconds)};
}

// A word of an enum, and which value it names.
template <class Value>
struct Word {
    std::string_view name;
    Value value;
};
constexpr std::array<Word<Delay::Kind>, 5> delay_words{{
    {"none", Delay::Kind::none},
    {"fixed", Delay::Kind::fixed},
    {"uniform", Delay::Kind::uniform},
    {"exponential", Delay::Kind::exponential},
    {"pareto", Delay::Kind::pareto},
}};
constexpr std::array<Word<Fault>, 6> fault_words{{
    {"none", Fault::none},
    {"reset", Fault::reset},
    {"cut", Fault::cut},
    {"garbage", Fault::garbage},
    {"short_length", Fault::short_length},
    {"long_length", Fault::long_length},
}};
constexpr std::array<Word<Health>, 3> health_words{{
    {"up", Health::up},
    {"down", Health::down},
    {"silent", Health::silent},
}};

template <class Value, std::size_t Count>
bool read_word(const std::array<Word<Value>, Count>& words, std::string_view text, Value& value) {
    for (const Word<Value>& word : words) {
        if (word.name != text) continue;
        value = word.value;
        return true;
    }
    return false;
}

template <class Value, std::size_t Count>
std::string_view word_of(const std::array<Word<Value>, Count>& words, Value value) {
    for (const Word<Value>& word : words) {
        if (word.value == value) return word.name;
    }
    return "";
}

bool read_quantity(std::string_view text, Fault& fault) {
    return read_word(fault_words, text, fault);
}
std::string text_of(Fault fault) {
    return std::string{word_of(fault_words, fault)};
}
bool read_quantity(std::string_view text, Health& health) {
    return read_word(health_words, text, health);
}
std::string text_of(Health health) {
    return std::string{word_of(health_words, health)};
}

bool read_quantity(std::string_view text, Delay& delay) {
    Delay read{.kind = Delay::Kind::fixed};
    if (loadtest::read_quantity(text, read.low)) {
        delay = read;
        return true;
    }
    if (!read_word(delay_words, take_until(text, ':'), read.kind)) return false;
    bool good = true;
    if (read.kind != Delay::Kind::none) {
        good = loadtest::read_quantity(take_until(text, ':'), read.low);
    }
    if (read.kind == Delay::Kind::uniform) {
        good = good && loadtest::read_quantity(take_until(text, ':'), read.high);
        good = good && read.low <= read.high;
    }
    if (read.kind == Delay::Kind::pareto) {
        good = good && loadtest::read_quantity(take_until(text, ':'), read.shape) && read.shape > 0;
    }
    if (!good || !text.empty()) return false;
    delay = read;
    return true;
}

std::string text_of(const Delay& delay) {
    using loadtest::text_of;
    const std::string_view word = word_of(delay_words, delay.kind);
    switch (delay.kind) {
        case Delay::Kind::none:
            return "none";
        case Delay::Kind::fixed:
            return text_of(delay.low);
        case Delay::Kind::exponential:
            return fmt::format("{}:{}", word, text_of(delay.low));
        case Delay::Kind::uniform:
            return fmt::format("{}:{}:{}", word, text_of(delay.low), text_of(delay.high));
        case Delay::Kind::pareto:
            return fmt::format("{}:{}:{}", word, text_of(delay.low), delay.shape);
    }
    return "";
}

bool read_quantity(std::string_view text, Drip& drip) {
    Drip read;
    if (!loadtest::read_quantity(take_until(text, ':'), read.bytes)) return false;
    if (read.bytes > 0 && !loadtest::read_quantity(text, read.interval)) return false;
    if (read.bytes == 0 && !text.empty()) return false;
    drip = read;
    return true;
}

std::string text_of(const Drip& drip) {
    using loadtest::text_of;
    if (drip.bytes == 0) return "0";
    return fmt::format("{}:{}", text_of(drip.bytes), text_of(drip.interval));
}

using loadtest::read_quantity;
using loadtest::text_of;

template <auto Member>
bool read_member(std::string_view text, Settings& settings) {
    return read_quantity(text, settings.*Member);
}
template <auto Member>
bool read_rate(std::string_view text, Settings& settings) {
    double rate = 0;
    if (!read_quantity(text, rate) || rate > 1) return false;
    settings.*Member = rate;
    return true;
}
template <auto Member>
bool read_status(std::string_view text, Settings& settings) {
    std::uint32_t status = 0;
    if (!read_quantity(text, status) || status < 200 || status > 599) return false;
    settings.*Member = status;
    return true;
}
template <auto Member>
std::string text_of_member(const Settings& settings) {
    return text_of(settings.*Member);
}

template <auto Member>
constexpr Setting setting(std::string_view name, std::string_view form, std::string_view help) {
    return {name, form, help, &read_member<Member>, &text_of_member<Member>};
}
template <auto Member>
constexpr Setting rate(std::string_view name, std::string_view help) {
    return {name, "0..1", help, &read_rate<Member>, &text_of_member<Member>};
}
template <auto Member>
constexpr Setting status(std::string_view name, std::string_view help) {
    return {name, "200..599", help, &read_status<Member>, &text_of_member<Member>};
}

constexpr std::array table{
    setting<&Settings::size>("size", "BYTES", "bytes of an answer's body, as 130 or 64k"),
    status<&Settings::status>("status", "status of an answer"),
    setting<&Settings::delay>("delay", "DELAY",
                              "time before an answer: none, 10ms, uniform:LOW:HIGH, "
                              "exponential:MEAN, pareto:MINIMUM:SHAPE"),
    rate<&Settings::error_rate>("error_rate", "share of requests answered with error_status"),
    status<&Settings::error_status>("error_status", "what an error is"),
    rate<&Settings::hang_rate>("hang_rate", "share of requests never answered"),
    setting<&Settings::fault>("fault", "FAULT",
                              "what breaks an answer: none, reset or cut after N bytes, N bytes of "
                              "garbage, short_length or long_length by N"),
    rate<&Settings::fault_rate>("fault_rate", "share of answers that the fault breaks"),
    setting<&Settings::fault_bytes>("fault_bytes", "BYTES", "the N of the fault"),
    setting<&Settings::chunked>("chunked", "yes|no", "answers are chunked"),
    setting<&Settings::drip>("drip", "BYTES:TIME", "a body goes in such pieces; 0: all at once"),
    setting<&Settings::early>("early", "yes|no", "answers before the request's body is whole"),
    setting<&Settings::echo>("echo", "yes|no", "answers with the request's head and body"),
    setting<&Settings::idle_close>("idle_close", "TIME", "ends connections idle for so long"),
    setting<&Settings::slots>("slots", "N", "requests worked on at once; 0: any number"),
    setting<&Settings::queue>("queue", "N", "requests that wait for a slot; beyond them 503"),
    setting<&Settings::health>("health", "up|down|silent", "verdict of /healthz: 200, 503, none"),
    setting<&Settings::up>("up", "yes|no", "no: nothing listens and connections are reset"),
};

}  // namespace

core::Duration Delay::sample(core::Prng& prng) const {
    switch (kind) {
        case Kind::none:
            return core::Duration{0};
        case Kind::fixed:
            return low;
        case Kind::uniform:
            return low + scaled(high - low, prng.real());
        case Kind::exponential:
            return scaled(low, -std::log1p(-prng.real()));
        case Kind::pareto:
            return scaled(low, std::pow(1 - prng.real(), -1 / shape));
    }
    return core::Duration{0};
}

std::span<const Setting> settings_table() {
    return table;
}

std::string try_set(Settings& settings, std::string_view name, std::string_view text) {
    std::string wanted{name};
    std::ranges::replace(wanted, '-', '_');
    for (const Setting& setting : table) {
        if (setting.name != wanted) continue;
        if (setting.read(text, settings)) return "";
        return fmt::format("{}: '{}' is not {} ({})", wanted, text, setting.form, setting.help);
    }
    return fmt::format("there is no setting '{}'", name);
}

std::string try_set_all(Settings& settings, std::string_view list, char separator) {
    Settings changed = settings;
    while (!list.empty()) {
        std::string_view text = take_until(list, separator);
        const std::string_view name = take_until(text, '=');
        if (std::string wrong = try_set(changed, name, text); !wrong.empty()) return wrong;
    }
    settings = changed;
    return "";
}

}  // namespace ringway::loadtest
