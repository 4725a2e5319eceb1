// Numbers as people write them on a command line, in a scenario and to the control port: "10ms",
// "64k", "0.05", "yes". Reading answers false, and leaves the number alone, when the text is not
// one; writing gives the text that reads back as the same number.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace ringway::loadtest {

bool read_quantity(std::string_view text, bool& truth);  // yes, no, true, false, on, off, 1, 0
bool read_quantity(std::string_view text, std::uint32_t& count);  // Digits.
bool read_quantity(std::string_view text, std::uint64_t& bytes);  // Digits, then k, m or g (1024).
bool read_quantity(std::string_view text, double& number);        // Finite and not negative.
bool read_quantity(std::string_view text, core::Duration& time);  // ns, us, ms, s, m, h; 0; never

// As good as for ever, and far from the end of what a clock can say.
inline constexpr core::Duration never = std::chrono::hours(24 * 365);

std::string text_of(bool truth);
std::string text_of(std::uint32_t count);
std::string text_of(std::uint64_t bytes);
std::string text_of(double number);
std::string text_of(core::Duration time);

// Cuts off and returns what stands before the first `separator`; all of it when there is none.
std::string_view take_until(std::string_view& text, char separator);

}  // namespace ringway::loadtest
