#include "core/packed_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>

namespace ringway::core {

PackedAddress::PackedAddress(const Address& address) : port_(address.port()) {
    family_ = Family::unknown;
    switch (address.family()) {
        case AF_INET: {
            family_ = Family::ipv4;
            const auto& in = *reinterpret_cast<const sockaddr_in*>(address.data());
            std::memcpy(host_.data(), &in.sin_addr, sizeof in.sin_addr);
            break;
        }
        case AF_INET6: {
            family_ = Family::ipv6;
            const auto& in = *reinterpret_cast<const sockaddr_in6*>(address.data());
            std::memcpy(host_.data(), &in.sin6_addr, sizeof in.sin6_addr);
            break;
        }
        case AF_UNIX:
            family_ = Family::local;
            break;
    }
}

std::string_view PackedAddress::host_text(char (&space)[text_max]) const {
    switch (family_) {
        case Family::ipv4: {
            // By hand: inet_ntop goes through snprintf, and this is asked for with every request.
            char* end = space;
            for (int part = 0; part < 4; part++) {
                if (part > 0) *end++ = '.';
                end = std::to_chars(end, space + text_max, host_[std::size_t(part)]).ptr;
            }
            return {space, static_cast<std::size_t>(end - space)};
        }
        case Family::ipv6:
            return inet_ntop(AF_INET6, host_.data(), space, text_max);
        case Family::local:
            return "unix";
        case Family::unset:
        case Family::unknown:
            break;
    }
    return "unknown";
}

}  // namespace ringway::core
