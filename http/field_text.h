// Small words about the text of fields: their names, lists of tokens, authorities. ASCII only and
// without locale, because HTTP is. Pure functions, any thread; nothing here allocates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "http/byte_class.h"
#include "http/message.h"

namespace ringway::http {

// REQUIRES: name consists of token bytes.
FieldId field_id_of(std::string_view name) noexcept;

// The name in lower case, empty for `other`.
std::string_view name_of(FieldId id) noexcept;

// REQUIRES: lower is in lower case.
bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept;

// "host", "host:port", "[v6]:port", and nothing else: no user, no list, no empty host, a port up to
// 65535 (an empty one is legal, RFC 3986, 3.2.3).
bool is_authority(std::string_view text) noexcept;

std::string_view trim_white_space(std::string_view text) noexcept;

// The elements of a comma-separated list, trimmed; empty ones are skipped (RFC 9110, 5.6.1).
//
//     for (ListReader list(value); list.next();) use(list.element());
class ListReader {
public:
    explicit ListReader(std::string_view list) : rest_(list) {}

    bool next() {
        while (!rest_.empty()) {
            const std::size_t comma = rest_.find(',');
            element_ = trim_white_space(rest_.substr(0, comma));
            rest_ = comma == std::string_view::npos ? std::string_view() : rest_.substr(comma + 1);
            if (!element_.empty()) return true;
        }
        return false;
    }
    std::string_view element() const { return element_; }

private:
    std::string_view rest_;
    std::string_view element_;
};

}  // namespace ringway::http
