#include "loadtest/origin/report.h"

#include <fmt/format.h>

#include <iterator>

namespace ringway::loadtest {

namespace {

struct CountName {
    std::string_view name;
    std::uint64_t (*value)(const Counts& counts);
};

template <auto Member>
constexpr CountName named(std::string_view name) {
    return {name, [](const Counts& counts) {
                return static_cast<std::uint64_t>((counts.*Member).value());
            }};
}

constexpr CountName count_names[] = {
    named<&Counts::requests>("requests"),
    named<&Counts::answers>("answers"),
    named<&Counts::errors>("errors"),
    named<&Counts::rejections>("rejections"),
    named<&Counts::hangs>("hangs"),
    named<&Counts::faults>("faults"),
    named<&Counts::gone>("gone"),
    named<&Counts::malformed>("malformed"),
    named<&Counts::health_checks>("health_checks"),
    named<&Counts::bodies>("bodies"),
    named<&Counts::numbered>("numbered"),
    named<&Counts::duplicates>("duplicates"),
    named<&Counts::bytes_in>("bytes_in"),
    named<&Counts::bytes_out>("bytes_out"),
    named<&Counts::connections>("connections"),
    named<&Counts::open>("open"),
    named<&Counts::active>("active"),
    named<&Counts::queued>("queued"),
    named<&Counts::active_max>("active_max"),
    named<&Counts::queued_max>("queued_max"),
};

}  // namespace

std::string Report::head_of(std::uint32_t number) const {
    const Place& place = places_[number];
    return fmt::format(R"("backend": {}, "address": "{}", "pid": {})", number, place.address.text(),
                       place.pid);
}

std::string Report::counts_of(std::uint32_t number) const {
    std::string text;
    for (const CountName& count : count_names) {
        fmt::format_to(std::back_inserter(text), R"(, "{}": {})", count.name,
                       count.value(board_.counts(number)));
    }
    return text;
}

// As text, in the form that the control port takes.
std::string Report::settings_of(std::uint32_t number) const {
    const Settings settings = board_.settings(number);
    std::string text;
    for (const Setting& setting : settings_table()) {
        fmt::format_to(std::back_inserter(text), R"({}"{}": "{}")", text.empty() ? "" : ", ",
                       setting.name, setting.text(settings));
    }
    return fmt::format(R"(, "settings": {{{}}})", text);
}

std::string Report::one(std::uint32_t number) const {
    return fmt::format("{{{}{}{}}}\n", head_of(number), counts_of(number), settings_of(number));
}

std::string Report::counts() const {
    std::string text;
    for (std::uint32_t number = 0; number < size(); number++) {
        fmt::format_to(std::back_inserter(text), "{}\n {{{}{}}}", number == 0 ? "" : ",",
                       head_of(number), counts_of(number));
    }
    return fmt::format("{{\"backends\": [{}\n]}}\n", text);
}

std::string Report::all() const {
    std::string text;
    for (std::uint32_t number = 0; number < size(); number++) {
        fmt::format_to(std::back_inserter(text), "{}\n {{{}{}{}}}", number == 0 ? "" : ",",
                       head_of(number), counts_of(number), settings_of(number));
    }
    return fmt::format("{{\"backends\": [{}\n]}}\n", text);
}

}  // namespace ringway::loadtest
