#include "shards/explain_pick.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "balance/ip_hash.h"
#include "core/packed_address.h"

namespace ringway::shards {
namespace {

using balance::Against;
using balance::Block;
using http::RequestKey;

std::string_view words_of(Block block) {
    switch (block) {
        case Block::full:
            return "has all the connections it may have";
        case Block::backing_off:
            return "refused a connection a moment ago";
        case Block::down:
            return "is down";
        case Block::ejected:
            return "is ejected for its answers";
        case Block::draining:
            return "is draining";
        case Block::disabled:
            return "is disabled";
    }
    return "unknown";
}

std::string_view words_of(Against against) {
    switch (against) {
        case Against::no_weight:
            return "has no weight";
        case Against::tried:
            return "was tried already";
        case Against::standby:
            return "waits until too little is left of those before it";
        case Against::slow_start:
            return "starts slowly and has had its part for now";
        case Against::load_bound:
            return "has as much load as it may have";
    }
    return "unknown";
}

// Those whose bit is set, in words.
template <class Enum>
void add_words(std::uint8_t bits, std::vector<std::string>& against) {
    for (unsigned bit = 1; bit <= bits; bit <<= 1) {
        if ((bits & bit) != 0) against.emplace_back(words_of(static_cast<Enum>(bit)));
    }
}

// Nothing for what is no IP address.
std::optional<std::uint64_t> hash_client(std::string_view word, const balance::IpPrefixes& bits) {
    const bool is_v6 = word.find(':') != word.npos;
    const auto address =
        core::Address::parse(is_v6 ? fmt::format("[{}]:1", word) : fmt::format("{}:1", word));
    if (!address || address->is_unix()) return {};
    return balance::ip_key(core::PackedAddress{*address}.host_bytes(), bits);
}

std::unexpected<std::string> no_address(std::string_view word) {
    return std::unexpected(fmt::format(
        "'{}' is no IP address; the client is one, such as 192.0.2.7 or 2001:db8::7", word));
}

}  // namespace

ExplainedPick explain_pick(const GroupBalancer& balancer, const ExplainOptions& options) {
    const config::Group& group = balancer.group();
    const balance::PickExplanation found = balance::explain_pick({.set = balancer.set(),
                                                                  .load = balancer.load(),
                                                                  .picker = balancer.picker(),
                                                                  .key = options.key,
                                                                  .now = options.now,
                                                                  .tries = options.tries});
    ExplainedPick explained{.group = group.name,
                            .algorithm = group.balancing.algorithm,
                            .backends = {},
                            .picked = {},
                            .tries = options.tries};
    if (found.picked) explained.picked = *found.picked;
    for (std::size_t i = 0; i < group.backends.size(); i++) {
        const config::Backend& backend = group.backends[i];
        ExplainedBackend& told =
            explained.backends.emplace_back(ExplainedBackend{.name = backend.address.text(),
                                                             .zone = backend.zone,
                                                             .tier = backend.tier,
                                                             .is_backup = backend.backup,
                                                             .candidate = found.candidates[i],
                                                             .against = {}});
        add_words<Block>(told.candidate.blocks, told.against);
        add_words<Against>(told.candidate.against, told.against);
    }
    return explained;
}

std::expected<std::uint64_t, std::string> key_of_words(const config::Group& group,
                                                       std::span<const std::string> words) {
    const config::Balancing& balancing = group.balancing;
    if (!balance::is_hash(balancing.algorithm)) {
        return std::unexpected(fmt::format("{} looks at no key; ip_hash, ring_hash and maglev do",
                                           name_of(balancing.algorithm)));
    }
    const balance::IpPrefixes prefixes = balancing.settings().prefixes;
    const RequestKey key =
        balancing.algorithm == balance::Algorithm::ip_hash ? RequestKey{} : balancing.key;
    if (words.size() != key.parts().size()) {
        return std::unexpected(
            fmt::format("its key is {}, a word for each of its parts; {} were given", key.text(),
                        words.size()));
    }
    std::uint64_t client = 0;
    for (std::size_t i = 0; i < words.size(); i++) {
        if (key.parts()[i].kind != RequestKey::Kind::client) continue;
        const std::optional<std::uint64_t> hashed = hash_client(words[i], prefixes);
        if (!hashed) return no_address(words[i]);
        client = *hashed;
    }
    const std::vector<std::string_view> values(words.begin(), words.end());
    return key.hash(values, client);
}

}  // namespace ringway::shards
