#include "http/accept.h"

#include <algorithm>

#include "http/field_text.h"

namespace ringway::http {

namespace {

// In thousandths. What is malformed counts as 1, as if it were not there.
int quality_of(std::string_view parameters) {
    while (!parameters.empty()) {
        const std::size_t semicolon = parameters.find(';');
        const std::string_view one = trim_white_space(parameters.substr(0, semicolon));
        parameters = semicolon == std::string_view::npos ? std::string_view{}
                                                         : parameters.substr(semicolon + 1);
        if (one.size() < 3 || (one[0] | 0x20) != 'q' || one[1] != '=') continue;
        if (one[2] != '0') return 1'000;
        int quality = 0;
        int unit = 100;
        for (const char digit : one.substr(std::min<std::size_t>(4, one.size()))) {
            if (digit < '0' || digit > '9') return 1'000;
            quality += unit * (digit - '0');
            unit /= 10;
        }
        return quality;
    }
    return 1'000;
}

bool is_json(std::string_view type) {
    constexpr std::string_view suffix = "+json";
    if (equals_ignoring_case(type, "application/json")) return true;
    return type.size() > suffix.size() &&
           equals_ignoring_case(type.substr(type.size() - suffix.size()), suffix);
}

bool is_text(std::string_view type) {
    return type.size() > 5 && equals_ignoring_case(type.substr(0, 5), "text/");
}

}  // namespace

bool prefers_json(const RequestHead& head) {
    int json = 0;
    int text = 0;
    for (const Field& field : head.fields) {
        if (field.name.size != 6 || !equals_ignoring_case(head.name(field), "accept")) continue;
        for (ListReader list(head.value(field)); list.next();) {
            const std::string_view element = list.element();
            const std::size_t semicolon = element.find(';');
            const std::string_view type = trim_white_space(element.substr(0, semicolon));
            const int quality = semicolon == std::string_view::npos
                                    ? 1'000
                                    : quality_of(element.substr(semicolon + 1));
            if (is_json(type)) json = std::max(json, quality);
            if (is_text(type)) text = std::max(text, quality);
        }
    }
    return json > 0 && json >= text;
}

}  // namespace ringway::http
