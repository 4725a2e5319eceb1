#include "shards/cli/route.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <expected>

#include "config/load.h"
#include "config/nearest.h"
#include "shards/explain_pick.h"

namespace ringway::shards::cli {
namespace {

// Any time will do: nobody has been picked, refused or answered before it.
constexpr core::Instant some_time{std::chrono::hours(1)};

Answer refused(std::string_view why) {
    return {.exit = Exit::refused, .err = fmt::format("ringway: {}\n", why)};
}

// What was meant, or what there is.
std::string known(std::string_view written, const std::vector<std::string_view>& names) {
    const std::string_view meant = config::nearest(written, names);
    if (!meant.empty()) return fmt::format("did you mean '{}'?", meant);
    return fmt::format("it has {}", fmt::join(names, ", "));
}

std::expected<const config::Group*, std::string> find_group(const config::Config& config,
                                                            const RouteOptions& options) {
    std::vector<std::string_view> names;
    for (const config::Group& group : config.groups) {
        if (group.name == options.group) return &group;
        names.push_back(group.name);
    }
    return std::unexpected(fmt::format("{} has no group '{}'; {}", options.file, options.group,
                                       known(options.group, names)));
}

// An empty string, or what is wrong.
std::string take_down(const std::vector<std::string>& down, GroupBalancer& balancer) {
    std::vector<std::string> names;
    for (const config::Backend& backend : balancer.group().backends) {
        names.push_back(backend.address.text());
    }
    for (const std::string& name : down) {
        const auto found = std::ranges::find(names, name);
        if (found == names.end()) {
            return fmt::format("group '{}' has no backend '{}'; {}", balancer.group().name, name,
                               known(name, {names.begin(), names.end()}));
        }
        balancer.set().block(static_cast<std::size_t>(found - names.begin()), balance::Block::down);
    }
    return {};
}

using Row = std::array<std::string, 10>;

Row row_of(const ExplainedBackend& backend) {
    const balance::PickCandidate& candidate = backend.candidate;
    const auto number_or_dash = [](bool has, float number) {
        return has ? fmt::format("{:.3f}", number) : std::string("-");
    };
    return {backend.name,
            backend.is_backup ? "backup" : fmt::format("{}", backend.tier),
            backend.zone.empty() ? "-" : backend.zone,
            fmt::format("{}", candidate.weight),
            fmt::format("{}", candidate.weight_in_force),
            fmt::format("{}", candidate.own_in_flight),
            fmt::format("{}", candidate.others_in_flight),
            number_or_dash(candidate.score.has_value(), candidate.score.value_or(0)),
            fmt::format("{:.2f}%", candidate.share * 100),
            fmt::format("{}", fmt::join(backend.against, ", "))};
}

// Columns as wide as what is in them; who is picked has a mark.
std::string table_of(const ExplainedPick& explained) {
    std::vector<Row> rows{{"backend", "tier", "zone", "weight", "in force", "own", "others",
                           "score", "share", "why not"}};
    for (const ExplainedBackend& backend : explained.backends) rows.push_back(row_of(backend));
    std::array<std::size_t, std::tuple_size_v<Row>> widths{};
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < row.size(); i++) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (std::size_t n = 0; n < rows.size(); n++) {
        std::string line = explained.picked && *explained.picked + 1 == n ? "*" : " ";
        for (std::size_t i = 0; i < widths.size(); i++) {
            line += fmt::format(" {:<{}}", rows[n][i], widths[i]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    return text;
}

std::string told(const ExplainedPick& explained, const config::Group& group,
                 const RouteOptions& options) {
    std::string text = fmt::format("group {}, {}", explained.group, name_of(explained.algorithm));
    const bool hashes = balance::is_hash(explained.algorithm);
    const bool asks_client = explained.algorithm == balance::Algorithm::ip_hash;
    if (hashes) {
        text += fmt::format(", key {}", asks_client ? "client" : group.balancing.key.text());
    }
    if (!options.key.empty()) text += fmt::format(" = {}", fmt::join(options.key, " "));
    text += "\n\n" + table_of(explained) + '\n';
    if (explained.picked) {
        text += fmt::format("{}: {}\n", hashes ? "picked" : "picked next, if all is as shown",
                            explained.backends[*explained.picked].name);
    } else if (hashes && options.key.empty()) {
        text += "picked: that depends on the key; give one to know\n";
    } else {
        text += "picked: nobody\n";
    }
    text += fmt::format("share: of {} picks{}, with {} requests per backend in flight\n",
                        explained.tries, hashes ? " by random keys" : "",
                        balance::tried_in_flight_each);
    if (!group.sticky.cookie.empty()) {
        text += fmt::format("sticky: who has the cookie {} stays with its backend\n",
                            group.sticky.cookie);
    }
    return text;
}

}  // namespace

Answer route_pick(const RouteOptions& options) {
    const auto loaded = config::load_file(options.file);
    if (!loaded) return refusal(loaded.error());
    const auto found = find_group(loaded->config, options);
    if (!found) return refused(found.error());
    // A cookie is asked before all of this, and its keys are drawn at start.
    config::Group group = **found;
    group.sticky = {};
    ExplainOptions explain{.now = some_time};
    if (!options.key.empty()) {
        const auto key = key_of_words(group, options.key);
        if (!key) return refused(fmt::format("group '{}': {}", group.name, key.error()));
        explain.key = *key;
    }
    GroupBalancer balancer({.group = group, .shards = loaded->config.shards, .shard = {0}});
    if (const std::string wrong = take_down(options.down, balancer); !wrong.empty()) {
        return refused(wrong);
    }
    return {.out = told(explain_pick(balancer, explain), **found, options)};
}

}  // namespace ringway::shards::cli
