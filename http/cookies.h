// Cookies and query parameters: `name=value` among others. Looked at only where the configuration
// asks for one; what is not well-formed is skipped, for these are the application's words and not
// framing. Views into the head; pure functions, nothing allocates.
#pragma once

#include <optional>
#include <string_view>

#include "http/message.h"

namespace ringway::http {

// The first cookie of that name, as it stands there: nothing is decoded.
std::optional<std::string_view> find_cookie(const RequestHead& head, std::string_view name);

// The first parameter of that name behind the "?" of the target, as it stands there.
std::optional<std::string_view> find_query(const RequestHead& head, std::string_view name);

}  // namespace ringway::http
