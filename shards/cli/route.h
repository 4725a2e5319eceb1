// `ringway route --pick`: which backend of a group is picked, and why, offline: every backend up
// but those that are said to be down, nothing in flight. For algorithms that hash it takes the key
// as text and names the backend that such requests go to; on every ringway with this configuration
// the answer is the same. It starts nothing and asks nothing of the machine.
// Without --pick the verb is to say which route takes a request; there are no routes yet.
#pragma once

#include <string>
#include <vector>

#include "shards/cli/answer.h"

namespace ringway::shards::cli {

struct RouteOptions {
    std::string file = {};
    std::string group = {};
    std::vector<std::string> key = {};   // One word for each part of the group's key.
    std::vector<std::string> down = {};  // Backends, by address.
};

Answer route_pick(const RouteOptions& options);

}  // namespace ringway::shards::cli
