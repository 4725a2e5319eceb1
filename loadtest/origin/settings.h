// How one mock backend behaves: everything a person can set, at start and while it runs. The
// command line, the scenario file and the control port speak of settings by the same names and
// read them through the same table (`settings_table`), so what one can say all can say.
// Plain data without pointers: it lies in memory that processes share (board.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/prng.h"
#include "loadtest/quantity.h"

namespace ringway::loadtest {

// How long a request is worked on before its answer begins.
struct Delay {
    enum class Kind : std::uint8_t { none, fixed, uniform, exponential, pareto };

    Kind kind = Kind::none;
    core::Duration low{0};   // The mean of exponential, the minimum of pareto.
    core::Duration high{0};  // Of uniform.
    double shape = 0;        // Of pareto; 2 and below have no variance, 1 and below no mean.

    core::Duration sample(core::Prng& prng) const;
    bool operator==(const Delay&) const = default;
};

// A body in pieces of `bytes`, one each `interval`. No bytes: all at once.
struct Drip {
    std::uint64_t bytes = 0;
    core::Duration interval{0};
    bool operator==(const Drip&) const = default;
};

// What goes wrong with an answer, with probability `fault_rate`. `fault_bytes` is its N.
enum class Fault : std::uint8_t {
    none,
    reset,         // The first N bytes, then a reset.
    cut,           // The first N bytes, then an orderly end.
    garbage,       // N bytes of noise in place of an answer, then an orderly end.
    short_length,  // Content-Length is N less than what is sent; the connection lives on.
    long_length,   // Content-Length is N more than what is sent; then silence.
};

enum class Health : std::uint8_t { up, down, silent };

struct Settings {
    bool up = true;  // No: as if the process had died. Nothing listens, connections are reset.
    std::uint64_t size = 130;
    std::uint32_t status = 200;
    Delay delay = {};
    double error_rate = 0;
    std::uint32_t error_status = 500;
    double hang_rate = 0;
    Fault fault = Fault::none;
    double fault_rate = 1;
    std::uint64_t fault_bytes = 0;
    bool chunked = false;
    Drip drip = {};
    bool early = false;
    bool echo = false;
    core::Duration idle_close = never;
    std::uint32_t slots = 0;
    std::uint32_t queue = 512;
    Health health = Health::up;

    bool operator==(const Settings&) const = default;
};

struct Setting {
    std::string_view name;
    std::string_view form;  // Of its value, for a person.
    std::string_view help;
    bool (*read)(std::string_view text, Settings& settings);
    std::string (*text)(const Settings& settings);
};

std::span<const Setting> settings_table();

// Sets one by its name (dashes are as good as underscores). An empty string, or what is wrong.
std::string try_set(Settings& settings, std::string_view name, std::string_view text);
// Sets several, "delay=10ms,error_rate=0.1" with separator ','. All or, when one is wrong, none.
std::string try_set_all(Settings& settings, std::string_view list, char separator);

}  // namespace ringway::loadtest
