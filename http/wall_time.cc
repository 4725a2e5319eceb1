#include "http/wall_time.h"

#include <fmt/format.h>

namespace ringway::http {

namespace {

constexpr std::string_view day_names = "SunMonTueWedThuFriSat";
constexpr std::string_view month_names = "JanFebMarAprMayJunJulAugSepOctNovDec";

}  // namespace

WallTime& WallTime::at(core::Duration since_1970) {
    const std::int64_t second = std::chrono::floor<std::chrono::seconds>(since_1970).count();
    if (second != second_) {
        second_ = second;
        compose();
    }
    return *this;
}

void WallTime::compose() {
    using namespace std::chrono;
    const sys_seconds moment{seconds{second_}};
    const sys_days day = floor<days>(moment);
    const year_month_day date{day};
    const hh_mm_ss time{moment - day};
    const int year = static_cast<int>(date.year());
    const unsigned month = static_cast<unsigned>(date.month());
    const unsigned day_of_month = static_cast<unsigned>(date.day());
    const std::string_view month_name = month_names.substr(std::size_t{3} * (month - 1), 3);
    const std::string_view day_name =
        day_names.substr(std::size_t{3} * weekday{day}.c_encoding(), 3);
    const auto hour = time.hours().count();
    const auto minute = time.minutes().count();
    const auto second = time.seconds().count();

    fmt::format_to_n(http_date_.data(), http_date_.size(),
                     "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", day_name, day_of_month, month_name,
                     year, hour, minute, second);
    fmt::format_to_n(log_date_.data(), log_date_.size(), "{:02}/{}/{:04}:{:02}:{:02}:{:02} +0000",
                     day_of_month, month_name, year, hour, minute, second);
    fmt::format_to_n(iso_second_.data(), iso_second_.size(), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
                     year, month, day_of_month, hour, minute, second);
}

}  // namespace ringway::http
