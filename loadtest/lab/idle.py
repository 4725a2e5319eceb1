"""What an idle connection costs in resident memory: each one asks once, is answered, and then waits."""

import pathlib
import resource
import socket

REQUEST = b"GET / HTTP/1.1\r\nHost: idle\r\n\r\n"
WARM_CONNECTIONS = 2_000  # By then every buffer of a ring was used once.
SPARE_DESCRIPTORS = 256


def resident_bytes(pids):
    """VmRSS of a program with all its processes."""
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) * 1024
    return total


def ask(port):
    """A connection that has been served; the answer is small enough to come at once."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=5)
    connection.sendall(REQUEST)
    answer = connection.recv(4096)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise OSError(f"not a good answer: {answer[:60]!r}")
    return connection


def descriptors_available():
    """Raises our own limit as far as it goes."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard - SPARE_DESCRIPTORS


def bytes_per_connection(session, peer, count):
    """Resident bytes that each of `count` idle connections adds. The first few of them are held but
    not weighed: they bring in code pages, the ring's buffers and whatever else is made only once."""
    count = min(count, descriptors_available())
    proxy, port = session.start_proxy(peer, None)
    connections = []
    try:
        connections += [ask(port) for _ in range(WARM_CONNECTIONS)]
        before = resident_bytes(session.members(proxy))
        connections += [ask(port) for _ in range(count - WARM_CONNECTIONS)]
        after = resident_bytes(session.members(proxy))
    finally:
        for connection in connections:
            connection.close()
        session.place.end(proxy)
    return (after - before) / (count - WARM_CONNECTIONS)
