"""One request through a proxy, looked at byte by byte, before anything is measured: speed does not
count when the answer is wrong."""

import http.client

# What build/ringway-origin sends: byte k of a body is letter k modulo 61.
LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz012345678"
PIECE = 1 << 18
PATTERN = LETTERS * (PIECE // len(LETTERS) + 2)
SECONDS_MAX = 20


def problem(port, scenario, known_body=True):
    """What is wrong with the answers to one request of each kind, or None; as many as it takes to hear every backend
    whose answers differ."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS_MAX)
    sizes = []
    try:
        for number in range(max(len(scenario.kinds), len(scenario.answer_sizes))):
            kind = scenario.kinds[number % len(scenario.kinds)]
            connection.request(kind.method, kind.path, body=b"x" * kind.body_bytes or None)
            found, size = look_at(connection.getresponse(), known_body)
            if found:
                return found
            sizes.append(size)
        return problem_of_sizes(sizes, scenario.answer_sizes)
    except (OSError, http.client.HTTPException) as error:
        return f"no whole answer: {error!r}"
    finally:
        connection.close()


def look_at(answer, known_body):
    """What is wrong with it, and the bytes of its body."""
    if answer.status != 200:
        return f"status {answer.status}", 0
    received = 0
    while piece := answer.read(PIECE):
        start = received % len(LETTERS)
        if known_body and piece != PATTERN[start : start + len(piece)]:
            return f"wrong bytes behind byte {received}", received
        received += len(piece)
    return None, received


def problem_of_sizes(sizes, wanted):
    """Every turn of as many answers as there are sizes has each of them once."""
    for first in range(0, len(sizes), len(wanted)):
        turn = sizes[first : first + len(wanted)]
        if len(turn) == len(wanted) and sorted(turn) != sorted(wanted):
            return f"{words(turn)} bytes instead of {words(wanted)}"
    return None


def words(sizes):
    return ", ".join(map(str, sizes))
