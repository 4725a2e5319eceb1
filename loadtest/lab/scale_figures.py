"""What issue 5 promises of 100,000 connections: held without a mistake, cheap to hold, and no dearer to serve.

One ringway-load holds 1,000 and then 100,000 connections to one ringway; a tenth of them asks, at the same rate. More
connections than a table of descriptors has places need several tables on both sides: ringway has one in each shard,
ringway-load one in each thread. Both numbers are measured in each round, and CPU is read in a window within the load.
"""

import json
import subprocess
import threading
import time

from lab import idle, quota, rig, stats
from lab.processes import Failure, Workplace
from lab.verdict import Bar, Verdicts

FEW, MANY = 1_000, 100_000
ACTIVE = 0.1
RATE = 2_000
SHARDS = 7
SOURCES = 20
MISTAKES_MAX, BYTES_MAX, CPU_RATIO_MAX = 0, 512, 1.25
WINDOW_SECONDS_MIN = 5.0
RAMP_SECONDS_MAX = 120
LOOK_SECONDS = 0.5
BODY = 130
TOP = f"""
[limits]
connections = {MANY + MANY // 10}
[client.timeout]
idle = "1h"
"""


class Watch:
    """Reads what a process has used, every half second, until it is ended."""

    def __init__(self, pid):
        self.pid = pid
        self.samples = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.ended.wait(LOOK_SECONDS):
            self.samples.append((time.monotonic(), quota.process_clock_us(self.pid), idle.resident_bytes([self.pid])))

    def end(self):
        self.ended.set()
        self.thread.join()

    def within(self, begin, end):
        inside = [sample for sample in self.samples if begin <= sample[0] <= end]
        if len(inside) < 2:
            raise Failure("the load was over before it could be looked at")
        return inside


def run_load(arguments, port, connections, seconds):
    command = [arguments.build / "ringway-load", f"http://127.0.0.1:{port}/", "-c", connections, "--active", ACTIVE]
    command += ["--sources", SOURCES, "--rate", f"{RATE}/s", "-d", f"{seconds:g}s", "--ramp", f"{RAMP_SECONDS_MAX}s"]
    command += ["--expect-body", "pattern", "--expect-length", BODY, "--json", "-"]
    time_max = seconds + 2 * RAMP_SECONDS_MAX
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=time_max)
    if not done.stdout:
        raise Failure(f"ringway-load: {done.stderr.strip()}")
    return json.loads(done.stdout)


def measure(arguments, place, origin, connections, seconds):
    """One ringway, one load; figures of the time in which all connections stood."""
    ringway = rig.Ringway(place, arguments.build, origin.addresses, shards=SHARDS, top=TOP)
    watch = Watch(ringway.process.pid)
    try:
        result = run_load(arguments, ringway.port, connections, seconds)
    finally:
        watch.end()
    end = result["began_at"] + result["seconds"]
    (first_at, first_us, _), *_, (last_at, last_us, resident) = watch.within(result["began_at"], end)
    place.end(ringway.process)
    return {
        "connections": result["connects"],
        "answered": result["answered"],
        "mistakes": sum(result["errors"].values()) + connections - min(result["connects"], connections),
        "cpu_us": (last_us - first_us) / (result["rate"] * (last_at - first_at)),
        "resident": resident,
        "p50_ms": result["latency_ms"]["p50"],
        "p99_ms": result["latency_ms"]["p99"],
    }


def bars_of(pairs):
    def bar(what, values, most, digits):
        return Bar(what, stats.spread(values), most, digits=digits)

    yield bar(f"{MANY:,} connections: what went wrong", [pair[MANY]["mistakes"] for pair in pairs], MISTAKES_MAX, 0)
    grown = [(pair[MANY]["resident"] - pair[FEW]["resident"]) / (MANY - FEW) for pair in pairs]
    yield bar("resident bytes that a connection adds", grown, BYTES_MAX, 0)
    dearer = [pair[MANY]["cpu_us"] / pair[FEW]["cpu_us"] for pair in pairs]
    yield bar(f"CPU per request ÷ at {FEW:,} connections", dearer, CPU_RATIO_MAX, 3)


def scale(arguments, say):
    seconds = max(arguments.seconds, WINDOW_SECONDS_MIN)
    place = Workplace(say)
    pairs = []
    try:
        origin = rig.Origin(place, arguments.build, 1, "--size", str(BODY))
        for number in range(arguments.rounds):
            pairs.append({})
            for connections in (FEW, MANY) if number % 2 == 0 else (MANY, FEW):
                got = pairs[-1][connections] = measure(arguments, place, origin, connections, seconds)
                say(
                    f"round {number + 1:2}  {connections:7,} connections  {got['answered']} answered in {seconds:g} s"
                    f"  {got['mistakes']} wrong  CPU {got['cpu_us']:6.2f} us  {got['resident'] / 1e6:6.1f} MB"
                    f"  p50 {got['p50_ms']:.3f}  p99 {got['p99_ms']:.3f} ms"
                )
    finally:
        place.close()
    return Verdicts(list(bars_of(pairs)), record={"pairs": [{str(k): v for k, v in pair.items()} for pair in pairs]})
