// The known name that a mistyped one most likely meant. Distance counts insertions, deletions,
// replacements and swaps of neighbours ("adderss"), since those are what fingers do. A name is near
// when at most a third of it (of a short one a letter), and at most three letters, differ; what is
// farther is no hint but a distraction. A number is near to none: each is as good as the next.
// Pure, any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace ringway::config {

struct Spelling {
    std::string_view written;
    std::string_view known;
};

std::size_t edit_distance(Spelling spelling);

// Empty when none is near. Of equally near ones the first.
std::string_view nearest(std::string_view written, std::span<const std::string_view> known);

}  // namespace ringway::config
