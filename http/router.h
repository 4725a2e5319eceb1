// Which group a request is for. Immutable within a generation, shared by the exchanges of a shard.
// Today every request goes to the one group there is; host, path, method and header rules come
// with the configuration's routes, behind this same question.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/ids.h"
#include "http/message.h"
#include "http/settings.h"

namespace ringway::http {

struct Route {
    core::GroupId group;
    const RetrySettings* retry;              // The group's.
    core::Duration total_timeout = {};       // Of a request's tries together; 0: none.
    std::vector<std::string> upgrades = {};  // Protocols let through besides websocket.
    ClientGone client_gone = ClientGone::cancel;
};

class Router {
public:
    explicit Router(std::optional<Route> fallback) : fallback_(std::move(fallback)) {}

    // nullptr when no route takes the request.
    const Route* match([[maybe_unused]] const RequestHead& head) const {
        return fallback_ ? &*fallback_ : nullptr;
    }

private:
    std::optional<Route> fallback_;
};

}  // namespace ringway::http
