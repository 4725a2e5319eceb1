#include "http/cookies.h"

#include "http/field_text.h"

namespace ringway::http {

namespace {

std::optional<std::string_view> find_pair(std::string_view text, char separator,
                                          std::string_view name) {
    while (!text.empty()) {
        const std::size_t end = text.find(separator);
        const std::string_view pair = trim_white_space(text.substr(0, end));
        if (pair.size() > name.size() && pair[name.size()] == '=' && pair.starts_with(name)) {
            return pair.substr(name.size() + 1);
        }
        if (end == text.npos) break;
        text.remove_prefix(end + 1);
    }
    return {};
}

}  // namespace

std::optional<std::string_view> find_cookie(const RequestHead& head, std::string_view name) {
    for (const Field& field : head.fields) {
        if (field.id != FieldId::other || !equals_ignoring_case(head.name(field), "cookie")) {
            continue;
        }
        if (const auto value = find_pair(head.value(field), ';', name)) return value;
    }
    return {};
}

std::optional<std::string_view> find_query(const RequestHead& head, std::string_view name) {
    const std::string_view target = head.at(head.target);
    const std::size_t mark = target.find('?');
    if (mark == target.npos) return {};
    return find_pair(target.substr(mark + 1), '&', name);
}

}  // namespace ringway::http
