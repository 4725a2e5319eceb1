"""What issue 5 promises of ringway-load: the same target shows the same rate as to wrk and h2load.

Two targets decide by themselves how many requests they answer: one may use a tenth of a core, in periods of which each
finds a request of every connection waiting; the other answers after 10 ms. The programs take turns, and only runs of
the same round are compared. What the load itself costs is measured at a target that is as fast as it can be. The rates
there are told and not judged: a load that hands over in one call what it has to send makes its target cheaper, because
that finds more work at each look.
"""

import json
import re
import resource
import subprocess
from dataclasses import dataclass

from lab import peers, quota, stats, wrk
from lab.processes import Failure, Workplace
from lab.verdict import Bar, Verdicts

RATIO_MAX = 1.03
CPU_RATIO_MAX = 1.0
TARGET_CPU, LOAD_CPU = 0, 1


@dataclass(frozen=True)
class Target:
    name: str
    connections: int
    share: float | None = None  # Of a core; None is all of it.
    arguments: tuple = ()
    decides_rate: bool = True

    def __str__(self):
        return f"{self.name}, {self.connections} connections"


TARGETS = (
    Target("a tenth of a core", 256, 0.1),
    Target("after 10 ms", 64, arguments=("--delay", "10ms")),
    Target("at once", 64, decides_rate=False),
    Target("at once", 256, decides_rate=False),
)


@dataclass(frozen=True)
class Measured:
    rate: float
    requests: int
    p50_ms: float | None
    clean: bool
    cpu_us: float = 0.0


def ask_ringway_load(build, url, connections, seconds):
    command = [build / "ringway-load", url, "-c", connections, "-d", f"{round(seconds * 1000)}ms", "--json", "-"]
    result = json.loads(output_of(command))
    clean = sum(result["errors"].values()) == 0
    return Measured(result["rate"], result["answered"], result["latency_ms"]["p50"], clean)


def ask_wrk(_, url, connections, seconds):
    # It takes whole seconds.
    command = [wrk.program(), "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency", url]
    result = wrk.parse(output_of(command))
    return Measured(result["rate"], result["requests"], result["latency_ms"].get("50"), not result["errors"])


def ask_h2load(_, url, connections, seconds):
    command = ["h2load", "--h1", "-t1", "-c", connections, "-D", max(1, round(seconds)), url]
    return parse_h2load(output_of(command))


def parse_h2load(text):
    rate = re.search(r"^finished in \S+, ([\d.]+) req/s", text, re.M)
    counts = re.search(r"^requests: (\d+) total, .* (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", text, re.M)
    if not rate or not counts:
        raise Failure("h2load's report is not what it used to be")
    total, succeeded, *wrong = (int(number) for number in counts.groups())
    return Measured(float(rate.group(1)), succeeded, None, not any(wrong))


PROGRAMS = {"ringway-load": ask_ringway_load, "wrk": ask_wrk, "h2load": ask_h2load}


def output_of(command):
    done = subprocess.run(["taskset", "-c", str(LOAD_CPU), *map(str, command)], capture_output=True, text=True)
    if not done.stdout:
        raise Failure(f"{command[0]}: {done.stderr.strip() or 'no output'}")
    return done.stdout


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(program, build, target, port, seconds):
    before = cpu_seconds()
    got = PROGRAMS[program](build, f"http://127.0.0.1:{port}/", target.connections, seconds)
    cpu_us = (cpu_seconds() - before) * 1e6 / max(got.requests, 1)
    return Measured(got.rate, got.requests, got.p50_ms, got.clean, cpu_us)


def start_target(place, build, target):
    port = place.free_port()
    command = [str(build / "ringway-origin"), "--listen", f"127.0.0.1:{port}", *target.arguments]
    group = quota.open_group(f"target-{target.connections}-{target.share}")
    place.groups.append(group)
    process = place.start(command, group=group, cpu=TARGET_CPU)
    place.wait_for_port(process, command, port)
    group.limit(target.share)
    return process, port


def measure_target(arguments, place, programs, target, say):
    """{program: {round: Measured}}, of the runs without a mistake."""
    process, port = start_target(place, arguments.build, target)
    runs = {program: {} for program in programs}
    for number in range(arguments.rounds):
        turn = number % len(programs)
        for program in programs[turn:] + programs[:turn]:
            got = measure(program, arguments.build, target, port, arguments.seconds)
            if got.clean:
                runs[program][number] = got
            p50 = f"p50 {got.p50_ms:7.3f} ms" if got.p50_ms is not None else ""
            note = "" if got.clean else "  INVALID: not every answer was right"
            say(f"round {number + 1:2}  {target}  {program:13} {got.rate:9.0f}/s  CPU {got.cpu_us:6.2f} us  {p50}{note}")
    place.end(process)
    return runs


def ratios(runs, mine, theirs, value):
    pairs = {name: {at: value(run) for at, run in runs[name].items()} for name in (mine, theirs)}
    return stats.ratios(pairs[mine], pairs[theirs])


def both_ways(what, other, target, values, count_min):
    """As bars only know "at most": neither is above the other by more than 3 %."""
    back = [1 / value for value in values]
    yield Bar(f"{what} ÷ {other}, {target}", stats.spread(values), RATIO_MAX, count_min=count_min)
    yield Bar(f"{other}'s {what} ÷ ours, {target}", stats.spread(back), RATIO_MAX, count_min=count_min)


def bars_of(target, runs, others, count_min):
    if not target.decides_rate:
        cpu = ratios(runs, "ringway-load", "wrk", lambda run: run.cpu_us)
        yield Bar(f"CPU per request ÷ wrk, {target}", stats.spread(cpu), CPU_RATIO_MAX, count_min=count_min)
        return
    for other in others:
        rate = ratios(runs, "ringway-load", other, lambda run: run.rate)
        yield from both_ways("rate", other, target, rate, count_min)
    p50 = ratios(runs, "ringway-load", "wrk", lambda run: run.p50_ms)
    if not target.share:
        yield from both_ways("p50", "wrk", target, p50, count_min)


def remarks_of(target, runs, others):
    if target.decides_rate:
        return
    for other in others:
        rate = stats.spread(ratios(runs, "ringway-load", other, lambda run: run.rate))
        if rate:
            yield f"rate ÷ {other}, {target}: {rate.median:.3f} [{rate.interval_low:.3f} {rate.interval_high:.3f}]"


def load(arguments, say):
    wrk.program()  # Says so now when it is missing.
    verdicts = Verdicts([])
    others = ["wrk"]
    if peers.system_program("h2load"):
        others.append("h2load")
    else:
        verdicts.remarks.append("h2load is not installed (apt-get install nghttp2-client): not compared with it")
    place = Workplace(say)
    try:
        for target in TARGETS:
            runs = measure_target(arguments, place, ["ringway-load", *others], target, say)
            verdicts.bars += bars_of(target, runs, others, arguments.rounds // 2)
            verdicts.remarks += remarks_of(target, runs, others)
            verdicts.record[str(target)] = {
                program: [run.__dict__ for run in rounds.values()] for program, rounds in runs.items()
            }
    finally:
        place.close()
    return verdicts
