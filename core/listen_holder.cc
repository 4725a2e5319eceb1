// holder_of (core/listen_socket.h): from the address to the socket's inode by /proc/net, from the
// inode to the process by the links in /proc/*/task/*/fd.
#include <arpa/inet.h>
#include <dirent.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <ranges>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "core/listen_socket.h"

namespace ringway::core {

namespace {

struct Listener {
    std::uint64_t inode = 0;
    std::string user;  // Empty where /proc does not tell.
};

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream stream{line};
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(std::move(word));
    return words;
}

std::uint64_t number(std::string_view text, int base = 10) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, base);
    return value;
}

// /proc/net/tcp writes each 32-bit word of an address as hexadecimal of this machine's order.
std::string hex_of(const Address& address) {
    std::array<std::uint32_t, 4> words{};
    if (address.family() == AF_INET) {
        std::memcpy(words.data(), &reinterpret_cast<const sockaddr_in*>(address.data())->sin_addr,
                    sizeof(in_addr));
        return fmt::format("{:08X}", words[0]);
    }
    std::memcpy(words.data(), &reinterpret_cast<const sockaddr_in6*>(address.data())->sin6_addr,
                sizeof(in6_addr));
    return fmt::format("{:08X}{:08X}{:08X}{:08X}", words[0], words[1], words[2], words[3]);
}

bool is_wildcard(std::string_view hex) {
    return hex.find_first_not_of('0') == hex.npos;
}

// "0100007F:1F90" listens where we would: same port, and the same address or one that is all.
bool overlaps(std::string_view local, const Address& address, bool same_family) {
    const std::size_t colon = local.find(':');
    if (colon == local.npos || number(local.substr(colon + 1), 16) != address.port()) return false;
    const std::string_view host = local.substr(0, colon);
    if (is_wildcard(host)) return true;
    const std::string ours = hex_of(address);
    return same_family && (is_wildcard(ours) || host == ours);
}

// Columns: sl local remote state queues timer retransmit uid timeout inode. State 0A is LISTEN.
std::optional<Listener> find_tcp(const Address& address, int family) {
    std::ifstream table{family == AF_INET ? "/proc/net/tcp" : "/proc/net/tcp6"};
    for (std::string line; std::getline(table, line);) {
        const std::vector<std::string> words = words_of(line);
        if (words.size() < 10 || words[3] != "0A") continue;
        if (!overlaps(words[1], address, family == address.family())) continue;
        return Listener{.inode = number(words[9]), .user = words[7]};
    }
    return std::nullopt;
}

// Columns: address count protocol flags type state inode path. Flag 0x10000: it listens.
std::optional<Listener> find_unix(const Address& address) {
    const std::string path = address.text().substr(std::strlen("unix:"));
    std::ifstream table{"/proc/net/unix"};
    for (std::string line; std::getline(table, line);) {
        const std::vector<std::string> words = words_of(line);
        if (words.size() < 8 || words[7] != path || number(words[3], 16) != 0x10000) continue;
        return Listener{.inode = number(words[6]), .user = {}};
    }
    return std::nullopt;
}

std::vector<std::string> names_in(const std::string& directory) {
    std::vector<std::string> names;
    DIR* const stream = opendir(directory.c_str());
    if (stream == nullptr) return names;
    while (const dirent* entry = readdir(stream)) names.emplace_back(entry->d_name);
    closedir(stream);
    return names;
}

bool links_to(const std::string& directory, const std::string& socket) {
    return std::ranges::any_of(names_in(directory), [&](const std::string& fd) {
        std::array<char, 64> target{};
        const std::string link = fmt::format("{}/{}", directory, fd);
        const ssize_t length = readlink(link.c_str(), target.data(), target.size());
        return length > 0 && socket == std::string_view{target.data(), std::size_t(length)};
    });
}

// Thread by thread: threads may have descriptor tables of their own, as our shards do.
bool has_open(const std::string& process, const std::string& socket) {
    const std::string threads = fmt::format("/proc/{}/task", process);
    return std::ranges::any_of(names_in(threads), [&](const std::string& thread) {
        return links_to(fmt::format("{}/{}/fd", threads, thread), socket);
    });
}

bool is_process(const std::string& name) {
    return name.find_first_not_of("0123456789") == name.npos;
}

std::string name_of_process(const std::string& process) {
    std::ifstream file{fmt::format("/proc/{}/comm", process)};
    std::string name;
    std::getline(file, name);
    return name;
}

std::optional<Listener> find_listener(const Address& address) {
    if (address.is_unix()) return find_unix(address);
    const int other = address.family() == AF_INET ? AF_INET6 : AF_INET;
    if (auto listener = find_tcp(address, address.family())) return listener;
    return find_tcp(address, other);
}

}  // namespace

std::string holder_of(const Address& address) {
    const std::optional<Listener> listener = find_listener(address);
    if (!listener) return "";
    const std::string socket = fmt::format("socket:[{}]", listener->inode);
    for (const std::string& process : names_in("/proc")) {
        if (!is_process(process) || !has_open(process, socket)) continue;
        const bool is_us = number(process) == static_cast<std::uint64_t>(getpid());
        return fmt::format("{}, pid {}{}", name_of_process(process), process,
                           is_us ? " (this very process)" : "");
    }
    if (listener->user.empty()) return "a process we may not look into";
    return fmt::format("a process of user {}", listener->user);
}

}  // namespace ringway::core
