"""The figures of the load lab: CPU per request against the better peer and against the bare relay, and what more shards cost.

The relay is in every comparison. Nobody who forwards over the kernel's TCP is far below it, so where
what was promised is missed and 1.12 × the relay is above it, that is the bar, and the note says so.
"""

from lab import session, stats
from lab.comparing import compare, ratio, rival_bar
from lab.peers import shard_peers, shards_name
from lab.profiling import mesh
from lab.verdict import PAIRS_MIN, Bar, Verdicts

PEERS = ["ringway", "nginx", "haproxy", "relay"]
# Scenario: (connections: bar).
BARS = {
    "small": {8: 1.03, 64: 0.90, 256: 0.80, 2000: 0.80},
    "close": {64: 0.85, 256: 0.85},
    "medium": {8: 0.85, 64: 0.85},
    "big": {8: 0.75, 64: 0.75},
}
RELAY_BAR = 1.12
RELAY_BARS = {8: 1.06}  # Few connections: sleeping and waking, which the relay does as well, is most of it.
# Shards: (connections: bar), all under one quota.
SHARDS = {2: {256: 1.05}, 8: {2000: 1.10}, 32: {2000: 1.25}}
# Several backends, and the one with the least to do is asked: shards that go round tell each other nothing.
SHARDS_SCENARIO = "fleet"
MESH_BAR = 0.02
MESH_RUNS = 5
MESH_SECONDS = 2.0


def performance(arguments, say):
    bars, remarks, records = [], [], {}
    for name, wanted in BARS.items():
        lab, rows = compare(arguments, say, records, scenario=name, connections=list(wanted), only=PEERS)
        for row in rows:
            if row["peer"] == "ringway":
                bars += bars_of(lab, row, wanted[row["connections"]], rows)
    bars += shards(arguments, say, records)
    bars += mesh_bars(arguments, say, records)
    if not lab.group.limited:
        remarks.append("no cgroup here: not saturated, the figures mean little")
    return Verdicts(bars, remarks, records)


def bars_of(lab, row, wanted, rows):
    connections = row["connections"]
    floor = next(r for r in rows if r["peer"] == "relay" and r["connections"] == connections)["ratio_to_better"]
    is_small = lab.settings.scenario == "small"  # Has a bar against the relay itself.
    note = f"relay {floor.median:.3f}" if floor else "relay not measured"
    figure, bar = row["ratio_to_better"], wanted
    if floor and figure and figure.median > wanted and not is_small:
        bar = max(wanted, RELAY_BAR * floor.median)
        note += f", promised {wanted:.2f}"
    yield rival_bar(lab, row, bar, note)
    if is_small:
        yield Bar(
            f"small: CPU per request, {connections} connections, ÷ relay",
            ratio(lab, "ringway", "relay", connections),
            RELAY_BARS.get(connections, RELAY_BAR),
            count_min=PAIRS_MIN,
        )


def shards(arguments, say, records):
    """The same requests and the same quota, divided among more and more threads of one core."""
    bars = []
    for connections in sorted({n for wanted in SHARDS.values() for n in wanted}):
        counts = [count for count, wanted in SHARDS.items() if connections in wanted]
        found = {}
        lab, _ = compare(
            arguments,
            say,
            found,
            scenario=SHARDS_SCENARIO,
            connections=[connections],
            peers=shard_peers(arguments.build.resolve(), [1, *counts]),
        )
        records[f"shards at {connections}"] = found[SHARDS_SCENARIO]
        for count in counts:
            bars.append(
                Bar(
                    f"{count} shards, CPU per request, {connections} connections, ÷ 1 shard",
                    ratio(lab, shards_name(count), "ringway", connections),
                    SHARDS[count][connections],
                    count_min=PAIRS_MIN,
                )
            )
    return bars


def mesh_bars(arguments, say, records):
    """What shards spend on each other at the same loads, sampled in runs of their own."""
    settings = session.Settings(
        build=arguments.build.resolve(), scenario=SHARDS_SCENARIO, peers=shard_peers(arguments.build.resolve(), SHARDS)
    )
    lab = session.Session(settings, say)
    records["mesh"] = {}
    try:
        for peer in lab.peers:
            (connections,) = SHARDS[peer.workers]
            runs = [mesh.shares(lab, peer, connections, MESH_SECONDS) for _ in range(1 if arguments.quick else MESH_RUNS)]
            parts = {part: stats.spread([run[part] for run in runs]).median for part in mesh.PARTS}
            told = ", ".join(f"{part} {share:.2%}" for part, share in parts.items())
            say(f"mesh, {peer.name}, {connections} connections: {told} of its CPU time")
            records["mesh"][str(peer.workers)] = {"connections": connections, "runs": runs}
            figure = stats.spread([100 * sum(run.values()) for run in runs])
            yield Bar(
                f"{peer.workers} shards, the mesh's own share of CPU, {connections} connections, %", figure, 100 * MESH_BAR, note=told, digits=2
            )
    finally:
        lab.close()
