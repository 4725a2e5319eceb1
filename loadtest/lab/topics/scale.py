"""What many connections and many backends cost.

**Held**: two ringways at once, with 100,000 and with 1,000 connections, of which a tenth asks, at the same steady
rate; their CPU is read over the same windows, so that what the machine does besides is in both. A window counts when it
lies within what both loads measured, by their own word: not when anybody was still connecting. **Growth**: the same
rate over more and more connections, all of them active, and over more and more backends, in interleaved rounds.
"""

import collections
import json
import pathlib
import signal
import time
from dataclasses import dataclass

from lab import idle, report, stats
from lab.peers import Peer
from lab.processes import Failure, Workplace
from lab.rig import Origin
from lab.verdict import PAIRS_MIN, Bar, Verdicts

SPARE_WINDOWS = 2  # For those that do not count.
SHARDS = 6  # Each has a descriptor table of its own: 20,000 is the limit here.
ACTIVE = 0.1
RATE = 1_500
SOURCES = 20  # From one address there are 28,000 connections to one port.
WARM_SECONDS = 3
RAMP_SECONDS_MAX = 120
BYTES_BAR, CPU_BAR = 512, 1.25
GROWTH_RATE = 5_000
WARM_PER_BACKEND = 2
FLEET_MAX = 1_000  # Backends of one process; its first port lies above those the lab gives away.
FLEET_PORT = 30_000


@dataclass(frozen=True)
class Extent:
    """How much of it is measured."""

    many: int = 100_000
    few: int = 1_000
    warm: int = 5_000  # Connections, before memory is looked at.
    seconds: int = 300
    windows: int = PAIRS_MIN
    connections: tuple = (10, 100, 1_000, 10_000, 100_000)
    backends: tuple = (3, 100, 10_000)
    growth_rounds: int = 5
    growth_seconds: int = 2


QUICK = Extent(many=6_000, few=1_000, warm=1_000, seconds=3, windows=3, connections=(10, 1_000), backends=(3, 100), growth_rounds=1, growth_seconds=1)


def scale(arguments, say):
    extent = QUICK if arguments.quick else Extent()
    place, build = Workplace(say), arguments.build.resolve()
    try:
        held = hold(place, build, extent, say)
        growth = grow(place, build, extent, say)
    finally:
        place.close()
    bars = [
        Bar(
            f"{extent.many:,} held, {ACTIVE:.0%} active: CPU per request, ÷ {extent.few:,}",
            stats.spread(held["ratios"]),
            CPU_BAR,
            count_min=PAIRS_MIN,
        ),
        Bar(f"bytes of our own per connection, {extent.many:,} held", stats.spread([held["bytes"]]), BYTES_BAR, digits=0),
        Bar(f"errors in {held['seconds']:.0f} s, {held['sent']:,} requests", stats.spread([held["errors"]]), 0, digits=0),
    ]
    remarks = [f"the kernel's own: {held['kernel_bytes']:,.0f} bytes per connection, both ends of it and its pending receives"]
    return Verdicts(bars, remarks, {"machine": report.host(), "held": held, "growth": growth})


@dataclass(frozen=True)
class Window:
    """A stretch of time, by CLOCK_MONOTONIC as ringway-load tells it, and the CPU that proxies used in it."""

    begins: float
    ends: float
    cpu_us: dict

    def is_within(self, answers):
        """Whether it lies in what that load measured."""
        return answers["began_at"] <= self.begins and self.ends <= answers["began_at"] + answers["seconds"]

    def per_request(self):
        return {name: us / (RATE * (self.ends - self.begins)) for name, us in self.cpu_us.items()}


def watch(proxies, seconds):
    begins, before = time.monotonic(), {name: proxy.cpu_us() for name, proxy in proxies.items()}
    time.sleep(seconds)
    used = {name: proxy.cpu_us() - before[name] for name, proxy in proxies.items()}
    return Window(begins, time.monotonic(), used)


class Proxy:
    """ringway with so many shards in front of `backends`."""

    def __init__(self, place, build, backends, shards=SHARDS):
        peer = Peer("ringway", build / "ringway", ["run", "-c", "${CONFIG}"], "ringway-scale.toml", workers=shards)
        self.port = place.free_port()
        command = peer.command(place.directory, f"127.0.0.1:{self.port}", backends)
        self.process = place.start(command)
        place.wait_for_port(self.process, command, self.port)

    def memory(self):
        return idle.resident_bytes([self.process.pid])

    def cpu_us(self):
        """Of all its threads, from the scheduler's accounts."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1000


def start_load(place, build, port, connections, rate, seconds, active=1.0):
    command = [str(build / "ringway-load"), f"http://127.0.0.1:{port}/", "-q", "--json", "-", "--expect-body", "pattern"]
    command += ["-c", str(connections), "--active", str(active), "--rate", f"{rate}/s", "--sources", str(SOURCES)]
    return place.start([*command, "--duration", f"{seconds}s", "--ramp", f"{RAMP_SECONDS_MAX}s"], capture=True)


def end_load(place, process, seconds):
    output, complaint = process.communicate(timeout=seconds + RAMP_SECONDS_MAX)
    place.end(process)
    if not output:
        raise Failure(f"ringway-load: {complaint.strip()}")
    return json.loads(output)


def kernel_bytes():
    """What lies in the kernel's slab caches."""
    total = 0
    for line in pathlib.Path("/proc/slabinfo").read_text().splitlines()[2:]:
        _, _, objects, size, *_ = line.split()
        total += int(objects) * int(size)
    return total


def hold(place, build, extent, say):
    """Two proxies at once, with many connections and with few, at the same rate: what each request costs, and what one more
    connection weighs."""
    many, few = extent.many, extent.few
    origin = Origin(place, build)
    proxies = {count: Proxy(place, build, origin.addresses) for count in (many, few)}
    for proxy in proxies.values():  # What is made only once is there before memory is looked at.
        end_load(place, start_load(place, build, proxy.port, extent.warm, RATE, WARM_SECONDS), WARM_SECONDS)
    memory, kernel = proxies[many].memory(), kernel_bytes()
    loads = {count: start_load(place, build, proxy.port, count, RATE, extent.seconds + RAMP_SECONDS_MAX, ACTIVE) for count, proxy in proxies.items()}
    wait_until_held(proxies[many], loads[many], memory)
    memory, kernel = proxies[many].memory() - memory, kernel_bytes() - kernel
    windows = watch_windows(proxies, extent, say)
    reports = interrupt(place, loads)
    for proxy in proxies.values():
        place.end(proxy.process)
    place.end(origin.process)
    valid = [window for window in windows if all(window.is_within(answers) for answers in reports.values())]
    if len(valid) < len(windows):
        say(f"{len(windows) - len(valid)} windows are not within what both loads measured, and do not count")
    errors = errors_of(reports)
    say_held(say, many, reports[many], errors)
    return {
        "connections": many,
        "compared_with": few,
        "seconds": extent.seconds,
        "ratios": [window.cpu_us[many] / window.cpu_us[few] for window in valid],
        "us_per_request": [window.per_request() for window in valid],
        # What the warm-up's connections left in the slabs is used again and in neither figure.
        "bytes": memory / (many - extent.warm),
        "kernel_bytes": kernel / (many + few - 2 * extent.warm),
        "sent": reports[many]["sent"],
        "errors": sum(errors.values()),
        "reports": reports,
    }


def watch_windows(proxies, extent, say):
    windows = []
    for number in range(extent.windows + SPARE_WINDOWS):
        windows.append(watch(proxies, extent.seconds / extent.windows))
        shown = "  ".join(f"{count:,} connections {us:.1f} µs" for count, us in windows[-1].per_request().items())
        say(f"window {number + 1:2}/{extent.windows + SPARE_WINDOWS}  {shown}")
    return windows


def interrupt(place, loads):
    """Ends all of them at once; answers that are on their way may still arrive."""
    for load in loads.values():
        load.send_signal(signal.SIGINT)
    return {count: end_load(place, load, RAMP_SECONDS_MAX) for count, load in loads.items()}


def say_held(say, many, answers, errors):
    early = {kind: times for kind, times in answers["errors_before"].items() if times}
    latency = answers["latency_ms"]
    say(f"{answers['connects'] - many:,} connections made anew, {answers['ended_idle']:,} ended between requests; before it began: {early or 'no error'}")
    say(f"{many:,} connections, {answers['sent']:,} requests: p50 {latency['p50']:.3f}, p99 {latency['p99']:.3f} ms, errors {dict(errors) or 'none'}")


def errors_of(reports):
    """What went wrong, by kind; `reports` by the number of connections there should have been."""
    errors = collections.Counter()
    for count, answers in reports.items():
        errors.update({kind: times for kind, times in answers["errors"].items() if times})
        errors["connections missing"] += max(0, count - answers["connects"])
    return +errors


def wait_until_held(proxy, load, memory):
    """Until the proxy's memory has not grown for two seconds: every connection is there."""
    deadline, last, since = time.monotonic() + RAMP_SECONDS_MAX, 0, 0.0
    while time.monotonic() < deadline and load.poll() is None:
        now = proxy.memory()
        if now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > 2 and now > memory:
            return
        time.sleep(0.2)
    raise Failure("the connections were not made in time")


def grow(place, build, extent, say):
    """By connections with as many shards as 100,000 take, by backends with one: its pools are all there is."""

    def by_connections(count):
        return grow_once(place, build, extent, Growth(connections=count, shards=SHARDS))

    def by_backends(count):
        return grow_once(place, build, extent, Growth(backends=count))

    return {
        "rate": GROWTH_RATE,
        "connections": measured_by_size("connections", extent.connections, extent.growth_rounds, by_connections),
        "backends": measured_by_size("backends", extent.backends, extent.growth_rounds, by_backends),
    }


def measured_by_size(what, sizes, rounds, measure):
    """CPU µs per request by size, in interleaved rounds."""
    runs = {size: [] for size in sizes}
    for _ in range(rounds):
        for size in sizes:
            runs[size].append(measure(size))
    medians = {size: stats.spread(found).median for size, found in runs.items()}
    print(f"CPU µs per request at {GROWTH_RATE:,}/s by {what}: " + "  ".join(f"{size:,}: {us:.1f}" for size, us in medians.items()))
    return runs


@dataclass(frozen=True)
class Growth:
    connections: int = 64
    backends: int = 1
    shards: int = 1

    @property
    def asks_all_first(self):
        """Where it takes all connections long to have their turn, those that never asked would be given up by their server.
        ringway-load asks each of them once before it begins if at least one is held: one is."""
        return self.connections > GROWTH_RATE * 2


def grow_once(place, build, extent, growth):
    """CPU µs per request, once every backend was asked often enough to have its connections."""
    fleets = [
        Origin(place, build, min(FLEET_MAX, growth.backends - first), listen=f"127.0.1.{1 + first // FLEET_MAX}:{FLEET_PORT}")
        for first in range(0, growth.backends, FLEET_MAX)
    ]
    proxy = Proxy(place, build, [address for fleet in fleets for address in fleet.addresses], shards=growth.shards)
    first = growth.connections if growth.asks_all_first else 0
    warm = max(GROWTH_RATE // 2, WARM_PER_BACKEND * growth.backends)
    seconds = extent.growth_seconds + warm / GROWTH_RATE

    def asked():
        return sum(fleet.total("requests") for fleet in fleets)

    active = 1 - 1 / growth.connections if growth.asks_all_first else 1
    load = start_load(place, build, proxy.port, growth.connections, GROWTH_RATE, round(seconds + 1), active)
    while asked() < first + warm and load.poll() is None:
        time.sleep(0.05)
    already = asked()
    window = watch({"ringway": proxy}, extent.growth_seconds)
    answered = asked() - already
    answers = end_load(place, load, seconds)
    for process in [proxy.process, *(fleet.process for fleet in fleets)]:
        place.end(process)
    # Ten connections may all be busy when a request is due; that is no error here.
    errors = {kind: count for kind, count in answers["errors"].items() if count and kind != "unsent"}
    if errors or not answered:
        raise Failure(f"{growth}: {errors or 'nothing was answered'}")
    if not window.is_within(answers):
        raise Failure(f"{growth}: the load ended before its window did")
    return window.cpu_us["ringway"] / answered
