"""The figures of HTTP/1.1: bulk by the GiB, a connection per request, what the access log costs, and what slow
clients do to others."""

from lab import report
from lab.comparing import compare, ratio, rival_bar
from lab.topics.slow import slow
from lab.verdict import PAIRS_MIN, Bar, Verdicts

BULK_BAR = 0.9
CLOSE_BAR = 0.9
LOG_BAR = 1.05
LOG_CONNECTIONS = [64, 256]
RIVALS = ["nginx", "haproxy"]
TUNED = ["nginx+bulk", "haproxy+bulk"]  # No bar, and no secret either.


def http(arguments, say):
    """Four comparisons and a siege, one after the other; each has its own interleaved rounds."""
    verdicts, records, remarks = [], {}, []
    for name in ("big", "huge"):
        only = ["ringway", *RIVALS, *TUNED]
        lab, rows = compare(arguments, say, records, scenario=name, only=only)
        verdicts += [rival_bar(lab, row, BULK_BAR) for row in rows if row["peer"] == "ringway"]
        remarks += tuned_remarks(lab)
    lab, rows = compare(arguments, say, records, scenario="close", only=["ringway", *RIVALS])
    verdicts += [rival_bar(lab, row, CLOSE_BAR) for row in rows if row["peer"] == "ringway"]
    lab, rows = compare(
        arguments,
        say,
        records,
        scenario="small",
        connections=LOG_CONNECTIONS,
        only=["ringway", "ringway+json"],
        access_log="json",
    )
    verdicts += [log_bar(row) for row in rows if row["peer"] == "ringway+json"]
    if not lab.group.limited:
        remarks.append("no cgroup here: not saturated, the figures mean little")
    besieged = slow(arguments, say)
    return Verdicts(verdicts + besieged.bars, remarks + besieged.remarks, records | besieged.record)


def tuned_remarks(lab):
    """How we stand to peers whose configuration was made for bulk and nothing else."""
    for connections in lab.settings.connections:
        for name in TUNED:
            text = report.interval(ratio(lab, "ringway", name, connections))
            yield f"{lab.settings.scenario}: {connections} connections, ÷ {name}: {text}"


def log_bar(row):
    return Bar(
        f"small, access log json, {row['connections']} connections, ÷ without",
        row["ratio_to_ringway"],
        LOG_BAR,
        count_min=PAIRS_MIN,
    )
