"""What ten thousand slow clients do to everybody else's p99."""

from lab.processes import Workplace
from lab.siege import siege
from lab.verdict import PAIRS_MIN, Bar, Verdicts, rounds_of

SECONDS_MIN = 2.0
CALLED = {"header": "slow heads", "body": "slow bodies", "read": "slow readers"}


def slow(arguments, say):
    bars, remarks, record = [], [], {}
    place = Workplace(say)
    try:
        rig = siege.Siege(place, siege.Options(
            build=arguments.build.resolve(), attackers=siege.ATTACKERS, seconds=max(arguments.seconds, SECONDS_MIN)))
        remarks += rig.conditions()
        for mode in siege.MODES:
            pairs = rig.pairs(mode, rounds_of(arguments), say)
            bars += [bar(mode, kind, pairs) for kind in siege.KINDS]
            remarks += remarks_of(mode, pairs)
            record[mode] = [as_json(pair) for pair in pairs]
    finally:
        place.close()
    return Verdicts(bars, remarks, {"slow": record})


def bar(mode, kind, pairs):
    """An error of the well-behaved client is no figure, whatever its latency."""
    figure = None if siege.errors(pairs) else siege.ratio(pairs, kind)
    quiet, attacked = ([siege.middle(pairs, half, kind, 0.99) for half in ("quiet", "attacked")] if pairs else (0, 0))
    return Bar(
        f"p99 beside {siege.ATTACKERS} {CALLED[mode]}, {kind}, ÷ quiet",
        figure,
        siege.RATIO_MAX,
        count_min=PAIRS_MIN,
        note=f"{quiet:.0f} µs, {attacked:.0f} under attack",
    )


def remarks_of(mode, pairs):
    for error in siege.errors(pairs):
        yield f"{CALLED[mode]}: {error}"
    if pairs:
        control = siege.ratio(pairs, "direct")
        yield f"{CALLED[mode]}: {siege.strength(pairs)}"
        yield f"{CALLED[mode]}: past the proxy, by the lab's own doing: {control.median:.2f}"


def as_json(pair):
    return {
        half: {kind: {"p50": side.p(kind, 0.5), "p99": side.p(kind, 0.99)} for kind in side.latencies} | {"busy": side.busy}
        for half, side in (("quiet", pair.quiet), ("attacked", pair.attacked))
    } | {"open": pair.open, "steps_per_second": pair.steps_per_second, "fates": pair.fates, "errors": pair.errors}
