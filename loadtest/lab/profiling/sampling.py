"""Where a saturated ringway's CPU time goes, the kernel's part included: `perf record -e cpu-clock` beside wrk.

Samples, not counts: they differ from run to run, and on a shared machine by more than a percent. Our own part is counted better
by callgrind.py.
"""

import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from lab import session
from lab.processes import Failure

# What the kernel was doing, by the function under which it was done. The first that a sample's stack holds counts.
LAYERS = (
    ("sending: through TCP, loopback and the peer's half of TCP", ("io_send", "io_sendmsg")),
    ("receiving", ("io_recv", "io_recvmsg")),
    ("waiting for readiness: arming polls", ("io_arm_apoll", "io_arm_poll_handler", "io_poll_add")),
    ("accepting, connecting, closing", ("io_accept", "io_connect", "io_close", "__x64_sys_socket", "__x64_sys_shutdown")),
    ("sleeping and waking", ("schedule",)),
    ("io_uring's own", ("__do_sys_io_uring_enter",)),
)


@dataclass
class Samples:
    total: int
    user: int
    layers: dict
    symbols: dict  # Of the kernel.

    def share(self, count):
        return count / self.total if self.total else 0.0


def record(build, scenario, connections, seconds):
    settings = session.Settings(
        build=Path(build), scenario=scenario, connections=[connections] if connections else [], only=["ringway"]
    )
    lab = session.Session(settings, lambda text: None)
    try:
        return read(stacks(lab, lab.peers[0], settings.connections[-1], seconds).text), settings.connections[-1]
    finally:
        lab.close()


@dataclass(frozen=True)
class Stacks:
    """What `perf script` says, and of which program."""

    text: str
    program: str


def stacks(lab, peer, connections, seconds):
    """Of one saturated proxy, every fifth of a millisecond of its CPU time."""
    if shutil.which("perf") is None:
        raise Failure("perf is not installed: apt-get install linux-perf")
    proxy, port = lab.start_proxy(peer, lab.settings.share)
    load = lab.start_wrk(port, connections, seconds)
    time.sleep(lab.scenario.warm_seconds)
    data = Path(lab.place.directory) / "perf.data"
    command = ["perf", "record", "-q", "-e", "cpu-clock", "-F", "4999", "-g", "-p", str(proxy.pid), "-o", str(data)]
    subprocess.run([*command, "--", "sleep", str(seconds)], check=True, capture_output=True, timeout=60 + seconds)
    program = os.readlink(f"/proc/{proxy.pid}/exe")
    lab.end_wrk(load)
    lab.place.end(proxy)
    script = ["perf", "script", "--no-inline", "-F", "ip,sym,dso", "-i", str(data)]
    text = subprocess.run(script, check=True, capture_output=True, text=True, timeout=120).stdout
    return Stacks(text, program)


def frames_of(text):
    """Of `perf script`: a stack per paragraph, innermost first, as (address, symbol, object). Addresses in programs and
    libraries are those in their files."""
    for paragraph in text.split("\n\n"):
        if frames := re.findall(r"^\s*([0-9a-f]+) (.*) \((.*)\)$", paragraph, re.MULTILINE):
            yield [(int(address, 16), symbol, place) for address, symbol, place in frames]


def read(text):
    samples = Samples(0, 0, {}, {})
    for frames in frames_of(text):
        samples.total += 1
        if not frames[0][2].startswith("[kernel"):
            samples.user += 1
            continue
        kernel = [symbol for _, symbol, place in frames if place.startswith("[kernel")]
        layer = next((name for name, functions in LAYERS if set(functions) & set(kernel)), "other")
        samples.layers[layer] = samples.layers.get(layer, 0) + 1
        samples.symbols[kernel[0]] = samples.symbols.get(kernel[0], 0) + 1
    return samples
