// Moments as people and protocols write them, each form composed once a second and kept: in between
// a date is a view. One per user, on its thread; a view lives until the next call.
// Told the time, it never asks; it must not be asked for times that alternate between two seconds
// more than the caller can afford.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/clock.h"

namespace ringway::http {

class WallTime {
public:
    // "Fri, 20 Nov 2026 12:00:00 GMT" (RFC 9110, 5.6.7).
    std::string_view http_date(core::Duration since_1970) {
        return text(at(since_1970).http_date_);
    }
    // "20/Nov/2026:12:00:00 +0000", as access logs have it.
    std::string_view log_date(core::Duration since_1970) { return text(at(since_1970).log_date_); }
    // "2026-11-20T12:00:00": to the second, without zone.
    std::string_view iso_second(core::Duration since_1970) {
        return text(at(since_1970).iso_second_);
    }

private:
    WallTime& at(core::Duration since_1970);
    void compose();

    template <std::size_t Size>
    static std::string_view text(const std::array<char, Size>& form) {
        return {form.data(), Size};
    }

    std::int64_t second_ = -1;
    std::array<char, 29> http_date_;
    std::array<char, 26> log_date_;
    std::array<char, 19> iso_second_;
};

}  // namespace ringway::http
