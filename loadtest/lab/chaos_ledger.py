"""The books of a chaos run. What clients wrote, what they say became of it, and what the access log says of it are
written down apart from each other, by the number that each request has; chaos_account.py compares them."""

import collections
import json

MANY = 255  # A count in one byte: so many and more are equally wrong.
KEPT_MAX = 1_000  # Lines of the access log of each fate; a run that has more lost requests is explained by these.


class Ledger:
    """What clients did and saw, by the number of the request; a byte for each, because an hour has millions."""

    def __init__(self, first=1):
        self.first = first
        self.writes = bytearray()  # How often it was handed to a socket.
        self.codes = bytearray()  # Its fate, as a place among `words`.
        self.words = ["no fate"]

    def __len__(self):
        return len(self.codes)

    def begin(self):
        """The number of a new request."""
        self.writes.append(0)
        self.codes.append(0)
        return self.first + len(self.codes) - 1

    def wrote(self, number):
        at = number - self.first
        self.writes[at] = min(self.writes[at] + 1, MANY)

    def ended(self, number, fate):
        if fate not in self.words:
            self.words.append(fate)
        self.codes[number - self.first] = self.words.index(fate)

    def fate(self, number):
        return self.words[self.codes[number - self.first]]

    def fates(self):
        return collections.Counter({self.words[code]: self.codes.count(code) for code in set(self.codes)})


class Witness:
    """What the access log says of the requests in a ledger. Lines of requests before its first are left out."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.lines = bytearray(len(ledger))  # By number.
        self.contradictions = collections.Counter()  # (fate, reason) that do not go together.
        self.strangers = 0  # Lines of requests that nobody has begun.
        self.failures = collections.defaultdict(list)  # By fate: lines of requests that were answered wrongly.

    def read(self, path):
        with open(path) as file:
            for line in file:
                self.hear(json.loads(line))
        return self

    def hear(self, record):
        target, reason = record.get("target", ""), record["reason"]
        digits = target.partition("?n=")[2]
        number = int(digits) if digits.isdigit() else -1
        if 0 <= number < self.ledger.first:
            return
        at = number - self.ledger.first
        if number < 0 or at >= len(self.lines):
            self.strangers += 1
            return
        self.lines[at] = min(self.lines[at] + 1, MANY)
        fate = self.ledger.fate(number)
        if fate not in ("right", "aborted") and len(self.failures[fate]) < KEPT_MAX:
            self.failures[fate].append(record)
        if not bears_out(fate, reason):
            self.contradictions[fate, reason] += 1


def why(record):
    """What went wrong with a request and, where a backend failed it, why it was not tried again, as the access log says it."""
    failure = record.get("failure") or f"status {record['status']}"
    word = record.get("not_retried")
    return f"{failure}, tries: {record['attempts']}" + (f"; not tried again: {word}" if word else "")


def word_of(fate):
    return fate.removeprefix("GET ").removeprefix("POST ")


def is_ours(word):
    """Whether it is the reason of an answer of the proxy's own, and not what a backend did."""
    return not word.startswith(("no fate", "lost", "wrong", "unanswered", "cut", "understated", "status "))


def bears_out(fate, reason):
    """Whether that reason may stand in the log for what the client saw. A client that left saw nothing."""
    word = word_of(fate)
    if word == "aborted":
        return True
    if word == "right" or word in ("wrong bytes", "understated") or word.startswith("status "):
        return reason == "ok"
    if word == "cut":
        return reason in ("upstream_cut", "between_bytes_timeout")
    return reason == word if is_ours(word) else True
