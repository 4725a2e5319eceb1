#include "config/nearest.h"

#include <algorithm>
#include <array>
#include <vector>

namespace ringway::config {
namespace {

// Longer names are nobody's typing mistake, and the distance costs the product of the lengths.
constexpr std::size_t written_max = 64;

bool is_number(std::string_view text) {
    return text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::size_t edit_distance(Spelling spelling) {
    const auto [written, known] = spelling;
    // Three rows of the usual table: a swap looks back two rows.
    std::array<std::vector<std::size_t>, 3> rows;
    for (auto& row : rows) row.resize(known.size() + 1);
    for (std::size_t j = 0; j <= known.size(); ++j) rows[0][j] = j;
    for (std::size_t i = 1; i <= written.size(); ++i) {
        auto& row = rows[i % 3];
        const auto& above = rows[(i + 2) % 3];
        const auto& two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (std::size_t j = 1; j <= known.size(); ++j) {
            const std::size_t replaced = above[j - 1] + (written[i - 1] == known[j - 1] ? 0 : 1);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
            const bool swapped =
                i > 1 && j > 1 && written[i - 1] == known[j - 2] && written[i - 2] == known[j - 1];
            if (swapped) row[j] = std::min(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[written.size() % 3][known.size()];
}

std::string_view nearest(std::string_view written, std::span<const std::string_view> known) {
    std::string_view best;
    if (written.size() > written_max || is_number(written)) return best;
    std::size_t best_distance = written_max;
    for (const std::string_view candidate : known) {
        const std::size_t allowed = std::clamp<std::size_t>(candidate.size() / 3, 1, 3);
        // So many letters differ at least, and lengths are cheap to compare.
        const std::size_t longer = std::max(written.size(), candidate.size());
        if (longer - std::min(written.size(), candidate.size()) > allowed) continue;
        const std::size_t distance = edit_distance({.written = written, .known = candidate});
        if (distance <= allowed && distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

}  // namespace ringway::config
