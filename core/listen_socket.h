// Opens the sockets that clients connect to, and tells who has a port that we cannot have. Used at
// start and at reload, by the thread that will own the descriptor or by the control thread; never
// on the request path (it reads /proc).
//
// Every shard opens its own socket on the same address (SO_REUSEPORT) and the kernel spreads the
// connections. But SO_REUSEPORT also lets a second ringway of the same user bind without a word
// and take half of the first one's clients. So the fleet's first socket of an address is opened
// with `exclusive`: it meets "address in use" if anybody listens there, and the others may join.
// IPv6 sockets take IPv6 alone, as nginx's do: "[::]:80" and "0.0.0.0:80" stand side by side.
#pragma once

#include <string>

#include "core/address.h"
#include "core/result.h"

namespace ringway::core {

struct ListenOptions {
    int backlog = 4096;  // The kernel caps it at net.core.somaxconn.
    bool exclusive = false;
};

// The descriptor of a listening socket. Accepted sockets inherit TCP_NODELAY from it. A UNIX path
// that nobody listens on any more is taken over; UNIX sockets cannot be shared, so a fleet opens
// one and duplicates the descriptor.
Result<int> open_listen_socket(const Address& address, ListenOptions options = {});

// The address a socket was bound to, with the port that the kernel chose for port 0.
Result<Address> local_address(int fd);

// Who listens on `address` or on one that overlaps it: "nginx, pid 123", or "a process of user
// 33" where we may not look, or "" when nobody is found.
std::string holder_of(const Address& address);

}  // namespace ringway::core
