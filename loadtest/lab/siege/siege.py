"""A proxy with thousands of slow clients around it, and what a well-behaved client beside them notices.

The proxy has a core of its own. The other one is shared by the attackers, at their lowest priority, and by the
backend and the well-behaved client, which run in front of them and of everything else on the machine: what is
measured is the proxy and not who had to wait for the attackers' core. The attackers' processes are there all the
time; in the quiet half of a pair they have no connection.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from lab import idle, quota, stats
from lab.peers import known_peers
from lab.processes import Failure, may_be_realtime
from lab.rig import Origin, Ringway

ATTACKERS = 10_000  # That the bar is for.
MODES = ("header", "body", "read")
KINDS = ("kept", "new")  # Of the well-behaved client's connections: those that the bar is for.
RATIO_MAX = 2.0
AT_WORK_MIN = 0.95  # Of the attackers, and of their steps: fewer are no attack, for want of CPU time on their side.
PER_PROCESS = 2500
STEP_SECONDS = 2.0
# Within which attackers come, each at a moment of its own. Readers come over as long as it takes their closed windows
# to be asked after 7 times: had all begun at once, the kernel's timers, which are late by an eighth and in bundles,
# would be thousands in one moment and none in the next, and a figure a matter of when it was taken.
START_SECONDS = {"header": 2.0, "body": 2.0, "read": 24.0}
SETTLE_SECONDS = 1.0  # From when all are at work until it is measured.
ANSWER_BYTES = 262_144  # More than the sockets of a slow reader hold.
SPARE_PAIRS = 3
RATE = 500
BACKENDS = 4  # Connections to one would come near the end of the ports there are.
SHARDS = 2  # On the one core: 20,000 descriptors, of each shard, hold 5,000 attackers and their backends'.
LAB = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Options:
    build: Path
    attackers: int
    seconds: float = 3.0  # Measured in each half of a pair.
    peer: str = "ringway"
    hurry: bool = False  # Readers come as fast as the others.


@dataclass
class Half:
    """Of a pair: percentiles of the latencies in µs, and the share of its core that the proxy used."""

    latencies: dict
    busy: float

    def p(self, kind, share):
        return percentile(self.latencies[kind], share)


@dataclass
class Pair:
    quiet: Half
    attacked: Half
    open: int  # Attackers at work at the end of it.
    steps_per_second: float
    fates: dict
    errors: dict = field(default_factory=dict)

    def ratio(self, kind):
        return self.attacked.p(kind, 0.99) / self.quiet.p(kind, 0.99)


class Siege:
    def __init__(self, place, options):
        idle.descriptors_available()  # Raises the limit that what we start inherits.
        self.place, self.options = place, options
        cores = sorted(os.sched_getaffinity(0))
        self.proxy_cpu, self.other_cpu = (cores[0], cores[1]) if len(cores) > 1 else (None, None)
        self.realtime = may_be_realtime()
        # Behind the measuring side in any case; in front of what else the machine does if that may be.
        self.niceness = "-10" if self.realtime else "19"
        self.front = {"cpu": self.other_cpu, "realtime": self.realtime}
        self.origin = Origin(place, options.build, BACKENDS, "--size", str(ANSWER_BYTES), how=self.front)
        self.start_proxy({"cpu": self.proxy_cpu, "realtime": self.realtime})
        self.attackers, self.start_seconds = [], 0.0

    def start_proxy(self, how):
        options, place = self.options, self.place
        if options.peer == "ringway":
            proxy = Ringway(place, options.build, self.origin.addresses, shards=SHARDS, how=how)
            self.port, self.process = proxy.port, proxy.process
            return
        (peer,) = [p for p in known_peers(options.build) if p.name == options.peer]
        if peer.missing():
            raise Failure(f"{options.peer} is not installed")
        self.port = place.free_port()
        command = peer.command(place.directory, f"127.0.0.1:{self.port}", self.origin.addresses[:1])
        self.process = place.start(command, **how)
        place.wait_for_port(self.process, command, self.port)

    def conditions(self):
        """What was not as it should be, for the header of a figure."""
        wrong = [] if self.proxy_cpu is not None else ["one core for all"]
        return wrong + ([] if self.realtime else ["no real-time priority for the measuring side"])

    def muster(self, mode, again=True):
        """Attackers' processes for `mode`, without connections yet."""
        self.dismiss()
        modes = MODES if mode == "all" else (mode,)
        starts = {kind: STEP_SECONDS if self.options.hurry else START_SECONDS[kind] for kind in modes}
        self.start_seconds = max(starts.values())
        count = self.options.attackers
        shares = [count // len(modes) + (i < count % len(modes)) for i in range(len(modes))]
        for kind, share in zip(modes, shares):
            for first in range(0, share, PER_PROCESS):
                source = f"127.0.0.{2 + len(self.attackers)}"
                pace = [STEP_SECONDS, starts[kind], int(again)]
                words = [kind, self.port, min(PER_PROCESS, share - first), source, *pace]
                command = ["nice", "-n", self.niceness, sys.executable, str(LAB / "attack.py"), *map(str, words)]
                how = {"cpu": self.other_cpu, "capture": True, "stdin": subprocess.PIPE}
                self.attackers.append(self.place.start(command, **how))
        self.count()  # They are there.

    def dismiss(self):
        for process in self.attackers:
            self.place.end(process)
        self.attackers = []

    def order(self, word):
        for process in self.attackers:
            process.stdin.write(word + "\n")
            process.stdin.flush()

    def count(self):
        self.order("count")
        reports = []
        for process in self.attackers:
            line = process.stdout.readline()
            if not line:
                raise Failure(f"an attacker failed: {process.stderr.read().strip()[-300:]}")
            reports.append(json.loads(line))
        return reports

    def begin(self):
        """Returns when every attacker has had the time to connect and to take its first steps."""
        self.order("begin")
        time.sleep(self.start_seconds + STEP_SECONDS + SETTLE_SECONDS)

    def end(self):
        self.order("end")
        self.count()  # They have ended.
        time.sleep(0.5)  # Until their ends have been dealt with.

    def pair(self):
        """REQUIRES: mustered."""
        errors = {}
        quiet = self.half(errors)
        self.begin()
        before = self.count()
        attacked = self.half(errors)
        after = self.count()
        self.end()
        if self.process.poll() is not None:
            raise Failure(f"{self.options.peer} ended under attack")
        steps = sum((b["steps"] - a["steps"]) / (b["at"] - a["at"]) for a, b in zip(before, after))
        at_work = min(sum(report["open"] for report in reports) for reports in (before, after))
        return Pair(quiet, attacked, at_work, steps, fates(after), errors)

    def pairs(self, mode, count, say):
        """As many at full strength; fewer where too many were not."""
        found = []
        self.muster(mode)
        for _ in range(count + SPARE_PAIRS):
            if len(found) == count:
                break
            pair = self.pair()
            if self.is_at_strength(pair):
                found.append(pair)
            else:
                say(f"{mode:>8}  a pair is not counted: {pair.open} attackers at work, {pair.steps_per_second:.0f} steps/s")
        self.dismiss()
        return found

    def is_at_strength(self, pair):
        count = self.options.attackers
        return pair.open >= AT_WORK_MIN * count and pair.steps_per_second >= AT_WORK_MIN * count / STEP_SECONDS

    def half(self, errors):
        before, began = self.proxy_seconds(), time.monotonic()
        result = self.polite()
        busy = (self.proxy_seconds() - before) / (time.monotonic() - began)
        for what, count in result["errors"].items():
            errors[what] = errors.get(what, 0) + count
        return Half(result["latencies"], busy)

    def proxy_seconds(self):
        return sum(quota.process_clock_us(pid) for pid in quota.descendants(self.process.pid)) / 1e6

    def polite(self):
        seconds, direct_port = self.options.seconds, self.origin.addresses[0].rsplit(":", 1)[1]
        command = [sys.executable, str(LAB / "polite.py"), str(self.port), str(seconds), str(RATE), direct_port]
        client = self.place.start(command, capture=True, **self.front)
        output, error = client.communicate(timeout=20 * seconds + 60)
        self.place.end(client)
        if not output:
            raise Failure(f"the well-behaved client failed: {error.strip()[-300:]}")
        return json.loads(output)


def established(port):
    """Connections whose near end is there, by the kernel's own table; state 01 is ESTABLISHED."""
    with open("/proc/net/tcp") as file:
        rows = [line.split() for line in list(file)[1:]]
    return sum(row[3] == "01" and int(row[1].rsplit(":", 1)[1], 16) == port for row in rows)


def fates(reports):
    found = {}
    for report in reports:
        for fate, count in report["fates"].items():
            found[fate] = found.get(fate, 0) + count
    return found


def tell_fates(reports):
    text = ", ".join(f"{count} {fate}" for fate, count in sorted(fates(reports).items())) or "none ended"
    return f"{sum(r['open'] for r in reports)} open of {sum(r['made'] for r in reports)} made; {text}"


def percentile(values, share):
    ordered = sorted(values) or [float("inf")]  # No answer at all is no figure to be proud of.
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def ratio(pairs, kind):
    """The p99 under attack by the quiet one, pair by pair; None without pairs."""
    return stats.spread([pair.ratio(kind) for pair in pairs])


def middle(pairs, half, kind, share):
    return statistics.median(getattr(pair, half).p(kind, share) for pair in pairs)


def errors(pairs):
    """What the well-behaved client met; there should be none."""
    return [f"{count} x {what}" for pair in pairs for what, count in pair.errors.items()]


def strength(pairs):
    """How much of an attack it was, and what it cost the proxy."""
    ended = ", ".join(f"{count} {fate}" for fate, count in sorted(pairs[-1].fates.items())) or "none"
    busy = {half: statistics.median(getattr(pair, half).busy for pair in pairs) for half in ("quiet", "attacked")}
    return (f"{min(pair.open for pair in pairs)} attackers at work, {min(pair.steps_per_second for pair in pairs):.0f}"
            f" steps/s, ended in the last pair: {ended}; the proxy used {busy['attacked']:.1%} of its core,"
            f" quiet {busy['quiet']:.1%}")
