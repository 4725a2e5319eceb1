#include "http/upgrade.h"

#include <algorithm>

#include "http/field_text.h"

namespace ringway::http {

namespace {

bool are_same_tokens(std::string_view a, std::string_view b) {
    const auto lower = [](char byte) {
        return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte;
    };
    return std::ranges::equal(a, b, {}, lower, lower);
}

bool has_connection_option(const Head& head, std::string_view lower) {
    for (const Field& field : head.fields) {
        if (field.id != FieldId::connection) continue;
        for (ListReader list(head.value(field)); list.next();) {
            if (equals_ignoring_case(list.element(), lower)) return true;
        }
    }
    return false;
}

// The only element of the only Upgrade field, or empty: with a choice of protocols it is in doubt
// which one a 101 means.
std::string_view only_upgrade(const Head& head) {
    std::string_view only;
    for (const Field& field : head.fields) {
        if (field.id != FieldId::upgrade) continue;
        for (ListReader list(head.value(field)); list.next();) {
            if (!only.empty()) return {};
            only = list.element();
        }
    }
    return only;
}

}  // namespace

std::string_view upgrade_asked(const RequestHead& head, std::span<const std::string> allowed) {
    const std::string_view token = only_upgrade(head);
    if (token.empty() || head.minor_version == 0) return {};
    if (!has_connection_option(head, "upgrade")) return {};
    const bool is_allowed = equals_ignoring_case(token, "websocket") ||
                            std::ranges::any_of(allowed, [&](const std::string& other) {
                                return are_same_tokens(token, other);
                            });
    return is_allowed ? token : std::string_view{};
}

bool is_upgrade_agreed(const ResponseHead& head, std::string_view asked) {
    return are_same_tokens(only_upgrade(head), asked) && has_connection_option(head, "upgrade");
}

}  // namespace ringway::http
