"""Whether every request of a chaos run has a fate, and one that the access log and the backends bear out."""

# What ringway's rules do not let it mend, as far as the backends really did it: an answer that had begun, one
# that is no HTTP (its backend has executed the request, so it is not retried), and what may have been executed
# and must not be repeated. The rest counts against us.
BEYOND_REPAIR = ("GET cut", "GET upstream_malformed", "GET understated", "POST cut", "POST upstream_malformed", "POST understated",
                 "POST upstream_reset", "POST first_byte_timeout", "POST status 503")  # fmt: skip


def complaints(tally, lines, counts):
    """Everything that is not as it has to be. `lines` of the access log by reason, `counts` of the origin."""
    fates = tally.fates
    if sum(fates.values()) != tally.sent:
        yield f"{tally.sent} requests were sent and {sum(fates.values())} have a fate"
    for fate, count in fates.items():
        word = fate.removeprefix("GET ").removeprefix("POST ")
        if word.startswith(("lost", "wrong", "unanswered")):
            yield f"{count} × {fate}: nothing explains it"
    # A client that leaves may have left before its request's head was whole; every other one has its line.
    if not tally.sent - fates["aborted"] <= sum(lines.values()) <= tally.sent:
        yield f"{sum(lines.values())} lines in the access log for {tally.sent} requests"
    for word in {fate.split(" ", 1)[1] for fate in fates if " " in fate}:
        told = fates[f"GET {word}"] + fates[f"POST {word}"]
        if is_ours(word) and told > lines[word]:
            yield f"{told} clients saw {word}, and the access log has {lines[word]}"
    cut = fates["GET cut"] + fates["POST cut"]
    if cut > lines["upstream_cut"] + lines["between_bytes_timeout"]:
        yield f"{cut} answers were cut, and the access log has {lines['upstream_cut']} cut by backends"
    spoilt = sum(count for fate, count in fates.items() if fate.endswith((" cut", " upstream_malformed", " understated")))
    if spoilt > counts["faults"] + counts["gone"]:
        yield f"{spoilt} answers are said to be spoilt by backends, which spoilt {counts['faults']}"
    if counts["duplicates"]:
        yield f"{counts['duplicates']} POSTs were executed twice"


def is_ours(word):
    """Whether it is the reason of an answer of the proxy's own, and not what a backend did."""
    return not word.startswith(("lost", "wrong", "unanswered", "cut", "understated", "status "))


def availability(tally):
    """Of all, and of what the rules let be answered."""
    asked = tally.sent - tally.fates["aborted"]
    spoilt = sum(tally.fates[fate] for fate in BEYOND_REPAIR)
    return tally.fates["right"] / asked, tally.fates["right"] / (asked - spoilt)
