"""What goes wrong in a chaos run, when, and at which backend: drawn from a seed, one after the other, sometimes two at once."""

import os
import signal
from dataclasses import dataclass

# How a backend goes wrong: settings of its control port. {bytes} is drawn anew each time.
SETTINGS = {
    "slow": "delay=uniform:50ms:200ms",
    "hangs": "hang_rate=0.2",
    "errors": "error_rate=0.5&error_status=503",
    "resets": "fault=reset&fault_rate=0.1&fault_bytes={bytes}",
    "cuts": "fault=cut&fault_rate=0.1&fault_bytes={bytes}",
    "garbage": "fault=garbage&fault_rate=0.1&fault_bytes={bytes}",
    "understates": "fault=short_length&fault_rate=0.1&fault_bytes=10",
    "overstates": "fault=long_length&fault_rate=0.1&fault_bytes=10",
    "refuses": "up=no",
}
HEALED = "delay=uniform:0ms:2ms&hang_rate=0&error_rate=0&fault=none&up=yes"
KINDS = ("killed", "frozen", *SETTINGS)
SECONDS_OF_ONE = (0.5, 3.0)
SECONDS_BETWEEN = (0.2, 2.0)
# At which byte an answer breaks: within the head, within what a receive brings with it, or behind that.
BYTES_MAX = (100, 2_000, 20_000)
RECOVERY_SECONDS = 3.0  # At the end nothing is wrong any more.


@dataclass(frozen=True)
class Fault:
    begins: float
    ends: float
    backend: int
    kind: str
    bytes: int


def plan(dice, seconds, backends):
    """Faults in the order of their beginnings, all kinds and places equally often; never two at one backend at once,
    and never at more than a third of all."""
    faults, at, kinds, places = [], SECONDS_BETWEEN[1], [], []
    while True:
        at += dice.uniform(*SECONDS_BETWEEN)
        kinds = kinds or dice.sample(KINDS, len(KINDS))
        ends = at + dice.uniform(*SECONDS_OF_ONE)
        if ends > seconds - RECOVERY_SECONDS:
            return faults
        busy = {fault.backend for fault in faults if fault.ends >= at}
        if len(busy) >= max(1, backends // 3):
            continue
        victim = dice.choice([each for each in range(backends) if each not in busy])
        kind, place = kinds.pop(), 0
        if "{bytes}" in SETTINGS.get(kind, ""):
            places = places or dice.sample(BYTES_MAX, len(BYTES_MAX))
            place = dice.randrange(1, places.pop())
        faults.append(Fault(at, ends, victim, kind, place))


def begin(origin, fault):
    if fault.kind == "killed":
        os.kill(pid_of(origin, fault.backend), signal.SIGKILL)
    elif fault.kind == "frozen":
        os.kill(pid_of(origin, fault.backend), signal.SIGSTOP)
    else:
        words = SETTINGS[fault.kind].format(bytes=fault.bytes)
        origin.ask(f"/backends/{fault.backend}?{words}", "POST")


def end(origin, fault):
    if fault.kind == "killed":
        origin.ask(f"/backends/{fault.backend}/start", "POST")
    elif fault.kind == "frozen":
        os.kill(pid_of(origin, fault.backend), signal.SIGCONT)
    else:
        origin.ask(f"/backends/{fault.backend}?{HEALED}", "POST")


def pid_of(origin, backend):
    return origin.backends()[backend]["pid"]
