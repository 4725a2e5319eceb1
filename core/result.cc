#include "core/result.h"

#include <cerrno>

namespace ringway::core {

std::string_view name_of(Errc code) noexcept {
    switch (code) {
        case Errc::ended:
            return "ended";
        case Errc::reset:
            return "reset";
        case Errc::refused:
            return "refused";
        case Errc::unreachable:
            return "unreachable";
        case Errc::timed_out:
            return "timed_out";
        case Errc::canceled:
            return "canceled";
        case Errc::no_buffers:
            return "no_buffers";
        case Errc::no_descriptors:
            return "no_descriptors";
        case Errc::no_memory:
            return "no_memory";
        case Errc::denied:
            return "denied";
        case Errc::address_in_use:
            return "address_in_use";
        case Errc::bad_address:
            return "bad_address";
        case Errc::unsupported:
            return "unsupported";
        case Errc::malformed:
            return "malformed";
        case Errc::over_limit:
            return "over_limit";
        case Errc::unavailable:
            return "unavailable";
        case Errc::unexpected:
            return "unexpected";
    }
    return "unexpected";
}

std::string_view name_of(Side side) noexcept {
    switch (side) {
        case Side::client:
            return "client";
        case Side::upstream:
            return "upstream";
        case Side::us:
            return "us";
    }
    return "us";
}

Errc errc_of(int sys) noexcept {
    switch (sys) {
        case ECONNRESET:
        case EPIPE:
        case ECONNABORTED:
            return Errc::reset;
        case ECONNREFUSED:
        case ENOENT:  // A UNIX socket that is not there.
            return Errc::refused;
        case ENETUNREACH:
        case EHOSTUNREACH:
        case ENETDOWN:
        case EHOSTDOWN:
            return Errc::unreachable;
        case ETIMEDOUT:
        case ETIME:
            return Errc::timed_out;
        case ECANCELED:
            return Errc::canceled;
        case ENOBUFS:
            return Errc::no_buffers;
        case EMFILE:
        case ENFILE:
            return Errc::no_descriptors;
        case ENOMEM:
            return Errc::no_memory;
        case EPERM:
        case EACCES:
            return Errc::denied;
        case EADDRINUSE:
            return Errc::address_in_use;
        case EADDRNOTAVAIL:
        case EAFNOSUPPORT:
            return Errc::bad_address;
        case ENOSYS:
        case EOPNOTSUPP:
        case EINVAL:
            return Errc::unsupported;
    }
    return Errc::unexpected;
}

}  // namespace ringway::core
