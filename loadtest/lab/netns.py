"""A network of our own, so that the congestion control of a measurement is chosen and not met.

BBR paces by timers, also on the loopback device, and their work is charged to whoever runs on that core
at the time: the busier program pays for the idler one. reno sends when it may.
"""

import ctypes
import fcntl
import os
import pathlib
import socket
import struct

from lab.processes import Failure

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
CONGESTION = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control")


def congestion():
    """What TCP connections made here use."""
    try:
        return CONGESTION.read_text().strip()
    except OSError:
        return "unknown"


def enter(name):
    """Moves this process, and all that it will start, into a network that has only a loopback device,
    with congestion control `name`."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise Failure(f"no network of our own: {os.strerror(ctypes.get_errno())} (are you root?)")
    with socket.socket() as any_socket:
        asked = fcntl.ioctl(any_socket, SIOCGIFFLAGS, struct.pack("16sh14x", b"lo", 0))
        flags = struct.unpack("16sh14x", asked)[1] | IFF_UP
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags))
    try:
        CONGESTION.write_text(name)
    except OSError as error:
        raise Failure(f"congestion control {name} cannot be had: {error.strerror}") from None
