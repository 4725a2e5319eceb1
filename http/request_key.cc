#include "http/request_key.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/check.h"
#include "core/hash.h"
#include "http/byte_class.h"
#include "http/cookies.h"
#include "http/field_text.h"

namespace ringway::http {

namespace {

struct Word {
    RequestKey::Kind kind;
    std::string_view text;
    bool has_name;
};

constexpr Word words[] = {
    {RequestKey::Kind::client, "client", false}, {RequestKey::Kind::host, "host", false},
    {RequestKey::Kind::path, "path", false},     {RequestKey::Kind::header, "header:", true},
    {RequestKey::Kind::cookie, "cookie:", true}, {RequestKey::Kind::query, "query:", true},
};

bool is_token(std::string_view text) {
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    return PortableScan::end_of_token(begin, end) == end;
}

char lower(char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
}

std::optional<RequestKey::Part> parse_part(std::string_view text) {
    for (const Word& word : words) {
        if (!word.has_name && text == word.text) return RequestKey::Part{word.kind, {}};
        if (!word.has_name || !text.starts_with(word.text)) continue;
        std::string name{text.substr(word.text.size())};
        if (name.empty() || !is_token(name)) return {};
        if (word.kind == RequestKey::Kind::header)
            std::ranges::transform(name, name.begin(), lower);
        return RequestKey::Part{word.kind, std::move(name)};
    }
    return {};
}

std::optional<std::string_view> find_header(const RequestHead& head, std::string_view name) {
    for (const Field& field : head.fields) {
        if (equals_ignoring_case(head.name(field), name)) return head.value(field);
    }
    return {};
}

// Nothing when the request has no such thing. A client is always there, and is not in the head.
std::optional<std::string_view> value_of(const RequestKey::Part& part, const RequestHead& head) {
    switch (part.kind) {
        case RequestKey::Kind::client:
            return std::string_view{};
        case RequestKey::Kind::host:
            if (head.host.size == 0) return {};
            return head.at(head.host);
        case RequestKey::Kind::path:
            return head.at(head.path);
        case RequestKey::Kind::header:
            return find_header(head, part.name);
        case RequestKey::Kind::cookie:
            return find_cookie(head, part.name);
        case RequestKey::Kind::query:
            return find_query(head, part.name);
    }
    return {};
}

// Names of hosts are the same however they are spelled. What is longer than any name is no name.
std::uint64_t hash_host(std::string_view host, std::uint64_t seed) {
    std::array<char, 256> spelled{};
    const std::size_t size = std::min(host.size(), spelled.size());
    std::ranges::transform(host.substr(0, size), spelled.begin(), lower);
    return core::hash64({spelled.data(), size}, seed);
}

}  // namespace

std::optional<RequestKey> RequestKey::parse(std::string_view text) {
    RequestKey key;
    key.parts_.clear();
    for (std::string_view rest = text;;) {
        const std::size_t plus = rest.find('+');
        std::optional<Part> part = parse_part(rest.substr(0, plus));
        if (!part || key.parts_.size() == parts_max) return {};
        key.parts_.push_back(std::move(*part));
        if (plus == rest.npos) return key;
        rest.remove_prefix(plus + 1);
    }
}

std::string RequestKey::text() const {
    std::string text;
    for (const Part& part : parts_) {
        if (!text.empty()) text += '+';
        const auto* word = std::ranges::find(words, part.kind, &Word::kind);
        text += word->text;
        text += part.name;
    }
    return text;
}

std::optional<std::uint64_t> RequestKey::hash(const RequestHead& head, std::uint64_t client) const {
    std::array<std::string_view, parts_max> values;
    bool has_any = false;
    for (std::size_t i = 0; i < parts_.size(); i++) {
        const std::optional<std::string_view> value = value_of(parts_[i], head);
        has_any = has_any || value.has_value();
        values[i] = value.value_or(std::string_view{});
    }
    if (!has_any) return {};
    return hash(std::span{values}.first(parts_.size()), client);
}

std::uint64_t RequestKey::hash(std::span<const std::string_view> values,
                               std::uint64_t client) const {
    CHECK(values.size() == parts_.size());
    std::uint64_t hash = 0;
    for (std::size_t i = 0; i < parts_.size(); i++) {
        switch (parts_[i].kind) {
            case Kind::client:
                // Alone it is the key itself: it has been hashed.
                if (parts_.size() == 1) return client;
                hash = core::hash64({reinterpret_cast<const char*>(&client), sizeof client}, hash);
                break;
            case Kind::host:
                hash = hash_host(values[i], hash);
                break;
            case Kind::path:
            case Kind::header:
            case Kind::cookie:
            case Kind::query:
                hash = core::hash64(values[i], hash);
                break;
        }
    }
    return hash;
}

}  // namespace ringway::http
