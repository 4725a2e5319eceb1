#include "config/validate.h"

#include <fmt/core.h>

#include <map>

namespace ringway::config {
namespace {

// Looks at values in the order of the file and tells of the second and later of equal ones.
class Once {
public:
    struct Value {
        std::string path;
        std::string text;
        std::string_view what;
        std::string_view cure;
    };

    Once(const Origins& origins, std::vector<Problem>& problems)
        : origins_(origins), problems_(problems) {}

    void see(const Value& value) {
        const auto at = origins_.of(value.path);
        if (!at) return;
        const auto [first, is_new] = lines_.emplace(value.text, at->line);
        if (is_new) return;
        problems_.push_back({*at, fmt::format("{} \"{}\" stands on line {} already{}", value.what,
                                              value.text, first->second, value.cure)});
    }

private:
    const Origins& origins_;
    std::vector<Problem>& problems_;
    std::map<std::string, std::uint32_t> lines_;
};

void validate_listens(const Config& config, const Origins& origins,
                      std::vector<Problem>& problems) {
    Once addresses(origins, problems);
    Once names(origins, problems);
    for (std::size_t i = 0; i < config.listens.size(); ++i) {
        const Listen& listen = config.listens[i];
        addresses.see({.path = fmt::format("listen[{}].address", i),
                       .text = listen.address.text(),
                       .what = "the listen address",
                       .cure = ""});
        names.see({.path = fmt::format("listen[{}].name", i),
                   .text = listen.name,
                   .what = "the listen name",
                   .cure = ""});
    }
}

void validate_backends(const Group& group, const std::string& path, const Origins& origins,
                       std::vector<Problem>& problems) {
    Once addresses(origins, problems);
    for (std::size_t i = 0; i < group.backends.size(); ++i) {
        addresses.see({.path = fmt::format("{}.backends[{}].address", path, i),
                       .text = group.backends[i].address.text(),
                       .what = "the backend",
                       .cure = "; for a larger share give it a weight"});
    }
}

void validate_tiers(const Group& group, const std::string& path, const Origins& origins,
                    std::vector<Problem>& problems) {
    for (std::size_t i = 0; i < group.backends.size(); ++i) {
        const auto at = origins.of(fmt::format("{}.backends[{}].tier", path, i));
        if (!at || !group.backends[i].backup) continue;
        problems.push_back({*at, "a backup has no tier; it comes behind them all"});
    }
}

void validate_balancing(const Group& group, const std::string& path, const Origins& origins,
                        std::vector<Problem>& problems) {
    const double bound = group.balancing.load_bound;
    if (const auto at = origins.of(path + ".load_bound"); at && bound > 0 && bound < 1) {
        problems.push_back({*at, "a load_bound below 100% leaves requests without a backend"});
    }
    const http::StickySettings& sticky = group.sticky;
    if (const auto at = origins.of(path + ".sticky.cookie");
        at && sticky.cookie.size() > http::StickyCookie::name_bytes_max) {
        problems.push_back({*at, fmt::format("a cookie's name of more than {} characters",
                                             http::StickyCookie::name_bytes_max)});
    }
    if (const auto at = origins.of(path + ".sticky.cookie");
        at && sticky.cookie.find('=') != std::string::npos) {
        problems.push_back({*at, "a cookie's name has no \"=\""});
    }
    if (const auto at = origins.of(path + ".sticky.same_site");
        at && sticky.same_site == http::SameSite::none && !sticky.secure) {
        problems.push_back({*at,
                            "browsers drop a cookie with same_site = \"none\" unless it is "
                            "secure = true"});
    }
}

void validate_groups(const Config& config, const Origins& origins, std::vector<Problem>& problems) {
    Once names(origins, problems);
    for (std::size_t i = 0; i < config.groups.size(); ++i) {
        const std::string path = fmt::format("group[{}]", i);
        names.see({.path = path + ".name",
                   .text = config.groups[i].name,
                   .what = "the group name",
                   .cure = ""});
        validate_backends(config.groups[i], path, origins, problems);
        validate_tiers(config.groups[i], path, origins, problems);
        validate_balancing(config.groups[i], path, origins, problems);
    }
    if (config.groups.size() > 1) {
        problems.push_back({origins.of("group[1]").value_or(Position{}),
                            "a second [[group]]; only one can be used until routes exist"});
    }
}

void validate_limits(const Config& config, const Origins& origins, std::vector<Problem>& problems) {
    const http::HeadLimits& head = config.http.head_limits;
    if (head.request_line_max <= head.header_bytes_max) return;
    // One of the two was written, or the defaults would not fit one another.
    const auto line = origins.of("limits.request_line_bytes");
    const auto at = line ? line : origins.of("limits.header_bytes");
    problems.push_back({at.value_or(Position{}),
                        fmt::format("request_line_bytes ({}) is more than header_bytes ({}), which "
                                    "includes the request line",
                                    head.request_line_max, head.header_bytes_max)});
}

}  // namespace

void validate(const Config& config, const Origins& origins, std::vector<Problem>& problems) {
    validate_listens(config, origins, problems);
    validate_groups(config, origins, problems);
    validate_limits(config, origins, problems);
}

}  // namespace ringway::config
