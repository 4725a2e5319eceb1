"""Whether every request of a chaos run has a fate, and one that the access log and the backends bear out."""

import collections
import dataclasses

from lab.chaos_ledger import word_of

# What ringway's rules do not let it mend, as far as the backends really did it: an answer that had begun, one
# that is no HTTP (its backend has executed the request, so it is not retried), and what may have been executed
# and must not be repeated. The rest counts against us.
BEYOND_REPAIR = ("GET cut", "GET upstream_malformed", "GET understated", "POST cut", "POST upstream_malformed", "POST understated",
                 "POST upstream_reset", "POST first_byte_timeout", "POST status 503")  # fmt: skip


@dataclasses.dataclass
class Left:
    """What there was at the end, when all clients had gone, and had not been at the beginning."""

    descriptors: collections.Counter  # Of the proxy, by kind.
    connections: int  # To backends, as these say.
    status: int | str  # With which the proxy then ended.


def complaints(ledger, witness, counts):
    """Everything that is not as it has to be. `counts` of the origin."""
    fates = ledger.fates()
    yield from complaints_of_fates(fates)
    yield from complaints_of_books(ledger, witness)
    for (fate, reason), count in witness.contradictions.items():
        yield f"{count} × clients saw {fate}, and the access log says {reason}"
    spoilt = sum(count for fate, count in fates.items() if fate.endswith((" cut", " upstream_malformed", " understated")))
    if spoilt > counts["faults"] + counts["gone"]:
        yield f"{spoilt} answers are said to be spoilt by backends, which spoilt {counts['faults']}"
    if counts["duplicates"]:
        yield f"{counts['duplicates']} POSTs were executed twice"


def complaints_of_fates(fates):
    for fate, count in fates.items():
        word = word_of(fate)
        if word.startswith(("no fate", "lost", "wrong", "unanswered")):
            yield f"{count} × {fate}: nothing explains it"


def complaints_of_books(ledger, witness):
    """Request by request: what was written to a socket has one line in the log, and nothing else has."""
    wrong = {"written twice": 0, "ended without having been written": 0, "without a line in the access log": 0,
             "with several lines": 0, "in the access log, and never written": 0}  # fmt: skip
    for at, (writes, lines) in enumerate(zip(ledger.writes, witness.lines)):
        left = word_of(ledger.fate(ledger.first + at)) == "aborted"
        wrong["written twice"] += writes > 1
        wrong["ended without having been written"] += writes == 0 and not left
        # A client that leaves may have left before its request's head was whole.
        wrong["without a line in the access log"] += writes > 0 and lines == 0 and not left
        wrong["with several lines"] += lines > 1
        wrong["in the access log, and never written"] += writes == 0 and lines > 0
    for what, count in wrong.items():
        if count:
            yield f"{count} requests {what}"
    if witness.strangers:
        yield f"{witness.strangers} lines in the access log are of requests that no client has"


def complaints_of_leftovers(left):
    others = {kind: count for kind, count in left.descriptors.items() if kind != "socket"}
    # What may be left are idle connections to backends, and these know of them as well.
    if left.descriptors["socket"] > max(0, left.connections):
        yield f"{left.descriptors['socket']} sockets more than before are open, and backends know of {left.connections} connections more"
    if others:
        yield f"descriptors more than before are open: {others}"
    if left.status != 0:
        yield f"ringway ended with status {left.status} when it was asked to: something was left over in it"


def availability(fates):
    """Of all, and of what the rules let be answered."""
    asked = sum(fates.values()) - fates["aborted"]
    spoilt = sum(fates[fate] for fate in BEYOND_REPAIR)
    return fates["right"] / asked, fates["right"] / (asked - spoilt)
