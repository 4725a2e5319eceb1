"""What many connections and many backends cost.

**Held**: two ringways at once, with 100,000 and with 1,000 connections, of which a tenth asks, at the same steady
rate; their CPU is read over the same windows, so that what the machine does besides is in both. **Growth**: the same
rate over more and more connections, all of them active, and over more and more backends, in interleaved rounds.
"""

import collections
import json
import pathlib
import time

from lab import idle, report, stats
from lab.peers import Peer
from lab.processes import Failure, Workplace
from lab.rig import Origin
from lab.verdict import PAIRS_MIN, Bar, Verdicts

SHARDS = 6  # Each has a descriptor table of its own: 20,000 is the limit here.
MANY, FEW = 100_000, 1_000
ACTIVE = 0.1
RATE = 1_500
SOURCES = 20  # From one address there are 28,000 connections to one port.
HELD_SECONDS = 300
WARM_CONNECTIONS, WARM_SECONDS = 5_000, 3
RAMP_SECONDS_MAX = 120
BYTES_BAR, CPU_BAR = 512, 1.25
GROWTH_CONNECTIONS = (10, 100, 1_000, 10_000)
GROWTH_BACKENDS = (3, 100, 10_000)
GROWTH_ROUNDS, GROWTH_SECONDS = 5, 2
GROWTH_RATE = 5_000
WARM_PER_BACKEND = 2
FLEET_MAX = 1_000  # Backends of one process; its first port lies above those the lab gives away.
FLEET_PORT = 21_000


def scale(arguments, say):
    place = Workplace(say)
    try:
        held = hold(place, arguments, say)
        growth = grow(place, arguments, say)
    finally:
        place.close()
    bars = [
        Bar(f"{MANY:,} held, {ACTIVE:.0%} active: CPU per request, ÷ {FEW:,}", stats.spread(held["ratios"]), CPU_BAR, count_min=PAIRS_MIN),
        Bar(f"bytes of our own per connection, {MANY:,} held", stats.spread([held["bytes"]]), BYTES_BAR, digits=0),
        Bar(f"errors in {held['seconds']:.0f} s, {held['sent']:,} requests", stats.spread([held["errors"]]), 0, digits=0),
    ]
    remarks = [f"the kernel's own: {held['kernel_bytes']:,.0f} bytes per connection, both ends of it and its pending receives"]
    return Verdicts(bars, remarks, {"machine": report.host(), "held": held, "growth": growth})


class Proxy:
    """ringway with so many shards in front of `backends`."""

    def __init__(self, place, build, backends, shards=SHARDS):
        quoted = ",\n".join(f'"{address}"' for address in backends)
        arguments = ["run", "-c", "${CONFIG}"]
        peer = Peer("ringway", build / "ringway", arguments, "ringway-scale.toml", SHARDS=str(shards), BACKENDS=quoted)
        self.port = place.free_port()
        command = peer.command(place.directory, f"127.0.0.1:{self.port}", "")
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


def hold(place, arguments, say):
    build, seconds = arguments.build.resolve(), HELD_SECONDS
    origin = Origin(place, build)
    proxies = {count: Proxy(place, build, origin.addresses) for count in (MANY, FEW)}
    for proxy in proxies.values():  # What is made only once is there before memory is looked at.
        end_load(place, start_load(place, build, proxy.port, WARM_CONNECTIONS, RATE, WARM_SECONDS), WARM_SECONDS)
    memory, kernel = proxies[MANY].memory(), kernel_bytes()
    loads = {count: start_load(place, build, proxy.port, count, RATE, seconds + RAMP_SECONDS_MAX, ACTIVE) for count, proxy in proxies.items()}
    wait_until_held(proxies[MANY], loads[MANY], memory)
    memory, kernel = proxies[MANY].memory() - memory, kernel_bytes() - kernel
    ratios = []
    for number in range(PAIRS_MIN):
        before = {count: proxy.cpu_us() for count, proxy in proxies.items()}
        time.sleep(seconds / PAIRS_MIN)
        used = {count: proxy.cpu_us() - before[count] for count, proxy in proxies.items()}
        ratios.append(used[MANY] / used[FEW])
        per_request = {count: us / (RATE * seconds / PAIRS_MIN) for count, us in used.items()}
        say(f"window {number + 1:2}/{PAIRS_MIN}  " + "  ".join(f"{count:,} connections {us:.1f} µs" for count, us in per_request.items()))
    reports = {count: end_load(place, load, 2 * RAMP_SECONDS_MAX) for count, load in loads.items()}
    for proxy in proxies.values():
        place.end(proxy.process)
    place.end(origin.process)
    many = reports[MANY]
    errors = collections.Counter()
    for count, answers in reports.items():
        errors.update({kind: times for kind, times in answers["errors"].items() if times})
        errors["connections missing"] += max(0, count - answers["connects"])
    errors = +errors
    say(f"{MANY:,} connections, {many['sent']:,} requests: p50 {many['latency_ms']['p50']:.3f}, p99 {many['latency_ms']['p99']:.3f} ms, errors {dict(errors) or 'none'}")
    return {
        "seconds": seconds,
        "ratios": ratios,
        # What the warm-up's connections left in the slabs is used again and in neither figure.
        "bytes": memory / (MANY - WARM_CONNECTIONS),
        "kernel_bytes": kernel / (MANY + FEW - 2 * WARM_CONNECTIONS),
        "sent": many["sent"],
        "errors": sum(errors.values()),
        "reports": reports,
    }


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


def grow(place, arguments, say):
    build = arguments.build.resolve()
    return {
        "connections": rounds_of(place, say, "connections", GROWTH_CONNECTIONS, lambda n: grow_once(place, build, n, 1)),
        "backends": rounds_of(place, say, "backends", GROWTH_BACKENDS, lambda n: grow_once(place, build, 64, n)),
    }


def rounds_of(place, say, what, sizes, measure):
    """CPU µs per request by size, the medians of interleaved rounds."""
    runs = {size: [] for size in sizes}
    for _ in range(GROWTH_ROUNDS):
        for size in sizes:
            runs[size].append(measure(size))
    medians = {size: stats.spread(found).median for size, found in runs.items()}
    print(f"CPU µs per request at {GROWTH_RATE:,}/s by {what}: " + "  ".join(f"{size:,}: {us:.1f}" for size, us in medians.items()))
    return medians


def grow_once(place, build, connections, backends):
    """CPU µs per request, once every backend was asked often enough to have its connections."""
    fleets = [
        Origin(place, build, min(FLEET_MAX, backends - first), listen=f"127.0.1.{1 + first // FLEET_MAX}:{FLEET_PORT}")
        for first in range(0, backends, FLEET_MAX)
    ]
    proxy = Proxy(place, build, [address for fleet in fleets for address in fleet.addresses], shards=1)
    warm = max(GROWTH_RATE // 2, WARM_PER_BACKEND * backends)
    seconds = GROWTH_SECONDS + warm / GROWTH_RATE

    def asked():
        return sum(fleet.total("requests") for fleet in fleets)

    load = start_load(place, build, proxy.port, connections, GROWTH_RATE, round(seconds + 1))
    while asked() < warm and load.poll() is None:
        time.sleep(0.05)
    before, already = proxy.cpu_us(), asked()
    time.sleep(GROWTH_SECONDS)
    used, answered = proxy.cpu_us() - before, asked() - already
    answers = end_load(place, load, seconds)
    for process in [proxy.process, *(fleet.process for fleet in fleets)]:
        place.end(process)
    # Ten connections may all be busy when a request is due; that is no error here.
    errors = {kind: count for kind, count in answers["errors"].items() if count and kind != "unsent"}
    if errors:
        raise Failure(f"{connections} connections, {backends} backends: {errors}")
    return used / answered
