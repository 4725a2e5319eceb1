#include "core/cpu_budget.h"

#include <sched.h>

#include <algorithm>
#include <cmath>

#include "core/system_text.h"

namespace ringway::core {
namespace {

enum class Version : bool { one, two };

// Where a cgroup hierarchy is mounted, and which cgroup of it is seen at the mount point.
struct Mount {
    std::string point;
    std::string root;
};

bool has_word(std::string_view list, std::string_view word) {
    while (!list.empty()) {
        const std::string_view entry = list.substr(0, list.find(','));
        if (entry == word) return true;
        list.remove_prefix(std::min(entry.size() + 1, list.size()));
    }
    return false;
}

// A line of /proc/self/mountinfo: "36 25 0:31 ROOT POINT OPTIONS [tags] - TYPE SOURCE OPTIONS".
std::optional<Mount> cgroup_mount(std::string_view line, Version version) {
    std::string_view words[5];
    for (std::string_view& word : words) word = take_word(line);
    while (!line.empty() && take_word(line) != "-") {
    }
    const std::string_view type = take_word(line);
    take_word(line);
    const std::string_view options = take_word(line);
    const bool wanted =
        version == Version::two ? type == "cgroup2" : type == "cgroup" && has_word(options, "cpu");
    if (!wanted) return std::nullopt;
    return Mount{.point = std::string(words[4]), .root = std::string(words[3])};
}

// A line of /proc/self/cgroup: "0::/path" in version 2, "4:cpu,cpuacct:/path" in version 1.
std::optional<std::string> cgroup_path(std::string_view line, Version version) {
    const std::size_t first = line.find(':');
    if (first == std::string_view::npos) return std::nullopt;
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const bool wanted = version == Version::two ? controllers.empty() && line.starts_with("0:")
                                                : has_word(controllers, "cpu");
    if (!wanted) return std::nullopt;
    return std::string(line.substr(second + 1));
}

// The first line of a file of /proc/self that `pick` takes something out of.
template <class Pick>
auto first_of(const std::string& path, Version version, Pick pick)
    -> decltype(pick(std::string_view{}, version)) {
    const auto text = read_system_text(path);
    if (!text) return std::nullopt;
    std::string_view rest = *text;
    while (!rest.empty()) {
        if (auto picked = pick(take_line(rest), version)) return picked;
    }
    return std::nullopt;
}

std::optional<double> quota_at(const std::string& folder, Version version) {
    if (version == Version::two) {
        const auto text = read_system_text(folder + "/cpu.max");
        return text ? quota_in(*text) : std::nullopt;
    }
    const auto quota = read_system_number(folder + "/cpu.cfs_quota_us");
    const auto period = read_system_number(folder + "/cpu.cfs_period_us");
    if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
    return static_cast<double>(*quota) / static_cast<double>(*period);
}

std::optional<double> smaller(std::optional<double> a, std::optional<double> b) {
    if (a && b) return std::min(*a, *b);
    return a ? a : b;
}

// Every cgroup from ours up to the one at the mount point may have a quota.
std::optional<double> quota_of(const std::string& root, Version version) {
    const auto mount = first_of(root + "/proc/self/mountinfo", version, cgroup_mount);
    auto path = first_of(root + "/proc/self/cgroup", version, cgroup_path);
    if (!mount || !path) return std::nullopt;
    // A container without a cgroup namespace is told the host's path, which begins with what is
    // mounted.
    if (mount->root != "/" && path->starts_with(mount->root)) path->erase(0, mount->root.size());
    std::optional<double> least;
    while (true) {
        least = smaller(least, quota_at(root + mount->point + *path, version));
        if (path->empty() || *path == "/") return least;
        const std::size_t parent_end = path->rfind('/');
        path->resize(parent_end == std::string::npos ? 0 : parent_end);
    }
}

}  // namespace

std::optional<double> quota_in(std::string_view cpu_max) {
    const auto quota = number_in(take_word(cpu_max));  // "max" is no number.
    const auto period = number_in(take_word(cpu_max));
    if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
    return static_cast<double>(*quota) / static_cast<double>(*period);
}

std::optional<double> read_cpu_quota(const std::string& root) {
    return smaller(quota_of(root, Version::two), quota_of(root, Version::one));
}

unsigned CpuBudget::shards() const {
    const double count = static_cast<double>(allowed.size());
    const double paid = quota ? std::ceil(*quota) : count;
    return static_cast<unsigned>(std::max(1.0, std::min(count, paid)));
}

CpuBudget read_cpu_budget() {
    CpuBudget budget;
    // Larger than any machine's; the kernel refuses a mask smaller than its own.
    constexpr int cpus_max = 8'192;
    cpu_set_t* mask = CPU_ALLOC(cpus_max);
    const std::size_t bytes = CPU_ALLOC_SIZE(cpus_max);
    CPU_ZERO_S(bytes, mask);
    if (sched_getaffinity(0, bytes, mask) == 0) {
        for (int cpu = 0; cpu < cpus_max; ++cpu) {
            if (CPU_ISSET_S(static_cast<std::size_t>(cpu), bytes, mask)) {
                budget.allowed.push_back(cpu);
            }
        }
    }
    CPU_FREE(mask);
    if (budget.allowed.empty()) budget.allowed.push_back(0);
    budget.quota = read_cpu_quota("");
    return budget;
}

}  // namespace ringway::core
