"""Ten backends of which one is ten times slower: who sends it how many requests, and what clients notice.

Each proxy has eight threads on this machine's CPUs and picks the backend with the fewest requests in
flight. HAProxy and nginx count over all threads exactly (leastconn; least_conn with a zone); ringway's
shards count their own and hear of the others'. Rounds are interleaved; shares are the origin's counts.
"""

import re
import statistics

from lab import peers, stats, wrk
from lab.processes import Failure, Workplace
from lab.rig import Origin
from lab.verdict import PAIRS_MIN, Bar, Verdicts, rounds_of

BACKENDS = 10
SLOW = BACKENDS - 1
CONNECTIONS = 64
ORIGIN = ["--delay", "exponential:5ms", "--backend", f"{SLOW}:delay=exponential:50ms"]
SHARE_BAR = 0.2  # Points of a hundred.
LATENCY_BAR = 1.03
SECONDS_MIN = 3
CONFIGS = {"ringway": "ringway-balance.toml", "nginx": "nginx-balance.conf", "haproxy": "haproxy-balance.cfg"}
REPORT = """done = function(summary, latency, requests)
    io.write(string.format("balance %f %f %f %f %d\\n", latency.mean, latency:percentile(95),
        latency:percentile(99), latency:percentile(99.9), summary.errors.status + summary.errors.read +
        summary.errors.connect + summary.errors.write + summary.errors.timeout))
end
"""
FIGURES = ("mean", "p95", "p99", "p99.9")


def balancing(arguments, say):
    place = Workplace(say)
    try:
        return measure(place, arguments, say)
    finally:
        place.close()


def measure(place, arguments, say):
    build = arguments.build.resolve()
    origin = Origin(place, build, BACKENDS, *ORIGIN)
    ports = {name: start(place, build, name, origin.addresses) for name in CONFIGS}
    script = f"{place.directory}/report.lua"
    with open(script, "w") as file:
        file.write(REPORT)
    runs = {name: [] for name in ports}
    for number in range(rounds_of(arguments)):
        for name, port in ports.items():
            run = one(place, origin, port, script, max(arguments.seconds, SECONDS_MIN))
            runs[name].append(run)
            say(f"round {number + 1}: {name:8} slow {run['slow']:5.2f} %  mean {run['mean']:6.2f} ms  "
                f"p95 {run['p95']:6.2f}  p99 {run['p99']:6.2f}  p99.9 {run['p99.9']:6.2f}")
    print_runs(runs)
    return Verdicts(bars(runs), [], {"balancing": runs})


def start(place, build, name, addresses):
    known = next(each for each in peers.known_peers(build) if each.name == name)
    if known.missing():
        raise Failure(f"{name} is needed for these figures, and it is not there")
    port = place.free_port()
    peer = peers.Peer(name, known.program, known.arguments, CONFIGS[name])
    command = peer.command(place.directory, f"127.0.0.1:{port}", addresses)
    process = place.start(command)
    place.wait_for_port(process, command, port)
    return port


def one(place, origin, port, script, seconds):
    before = [backend["requests"] for backend in origin.backends()]
    command = [wrk.program(), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", script, f"http://127.0.0.1:{port}/"]
    process = place.start(command, capture=True)
    output, _ = process.communicate(timeout=seconds + 30)
    place.end(process)
    found = re.search(r"balance ([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) (\d+)", output)
    if not found or found.group(5) != "0":
        raise Failure(f"wrk saw errors: {output[-300:]}")
    answered = [backend["requests"] - was for backend, was in zip(origin.backends(), before)]
    milliseconds = [float(found.group(i + 1)) / 1000 for i in range(len(FIGURES))]
    return {"slow": 100 * answered[SLOW] / sum(answered), **dict(zip(FIGURES, milliseconds))}


def print_runs(runs):
    print(f"{BACKENDS} backends, one 10 x slower, {CONNECTIONS} connections; medians of {len(runs['ringway'])} rounds")
    print(f"  {'':8} {'slow %':>7} {'mean ms':>8} {'p95':>7} {'p99':>7} {'p99.9':>7}")
    for name, of_name in runs.items():
        middle = {key: statistics.median(run[key] for run in of_name) for key in of_name[0]}
        print(f"  {name:8} {middle['slow']:7.2f} {middle['mean']:8.2f} " + " ".join(f"{middle[key]:7.2f}" for key in FIGURES[1:]))


def bars(runs):
    """Against whoever of the two is better in that figure, pair by pair."""
    found = []
    for key in ("slow", "mean", "p95"):
        rival = min(("nginx", "haproxy"), key=lambda name: statistics.median(run[key] for run in runs[name]))
        pairs = list(zip(runs["ringway"], runs[rival]))
        if key == "slow":
            points = stats.spread([mine[key] - theirs[key] for mine, theirs in pairs])
            found.append(Bar(f"share of the slow one, points above {rival}", points, SHARE_BAR, count_min=PAIRS_MIN))
        else:
            ratio = stats.spread([mine[key] / theirs[key] for mine, theirs in pairs])
            found.append(Bar(f"{key} latency, ratio to {rival}", ratio, LATENCY_BAR, count_min=PAIRS_MIN))
    return found
