// Which backend of a group is picked, and why not the others: what balance/explain_pick.h says in
// numbers, in the words of the configuration. `ringway route --pick` shows it offline; what a shard
// knows at the moment comes the same way, out of its GroupBalancer.
// Nothing moves by asking. On the shard's thread, or on any where the balancer is nobody else's; it
// allocates, and takes 30 ns for each of its tries.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "balance/explain_pick.h"
#include "config/config.h"
#include "shards/group_balancer.h"

namespace ringway::shards {

struct ExplainedBackend {
    std::string name;  // Its address.
    std::string zone;  // Empty: none.
    std::uint32_t tier = 0;
    bool is_backup = false;
    balance::PickCandidate candidate;
    std::vector<std::string> against;  // Why it is passed over, in words; empty: it is not.
};

struct ExplainedPick {
    std::string group;
    balance::Algorithm algorithm;
    std::vector<ExplainedBackend> backends;  // In the order of the configuration.
    std::optional<std::size_t> picked;       // Nobody without a key where that decides.
    std::uint32_t tries = 0;                 // That the shares rest on.
};

struct ExplainOptions {
    std::optional<std::uint64_t> key = {};
    core::Instant now{};
    std::uint32_t tries = 100'000;
};

ExplainedPick explain_pick(const GroupBalancer& balancer, const ExplainOptions& options);

// What the words would be hashed to if a request had them: one for each part of the group's key, an
// IP address for the client. The error says what is wrong with them.
std::expected<std::uint64_t, std::string> key_of_words(const config::Group& group,
                                                       std::span<const std::string> words);

}  // namespace ringway::shards
