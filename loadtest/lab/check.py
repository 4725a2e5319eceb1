"""One request through a proxy, looked at byte by byte, before anything is measured: speed does not
count when the answer is wrong."""

import http.client

# What build/ringway-origin sends: byte k of a body is letter k modulo 61.
LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz012345678"
PIECE = 1 << 18
PATTERN = LETTERS * (PIECE // len(LETTERS) + 2)
SECONDS_MAX = 20


def problem(port, scenario, known_body=True):
    """What is wrong with an answer, or None."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS_MAX)
    try:
        if scenario.upload_bytes:
            connection.request("POST", "/", body=b"x" * scenario.upload_bytes)
        else:
            connection.request("GET", "/")
        return problem_of(connection.getresponse(), scenario.body_bytes, known_body)
    except (OSError, http.client.HTTPException) as error:
        return f"no whole answer: {error!r}"
    finally:
        connection.close()


def problem_of(answer, body_bytes, known_body):
    if answer.status != 200:
        return f"status {answer.status}"
    received = 0
    while piece := answer.read(PIECE):
        start = received % len(LETTERS)
        if known_body and piece != PATTERN[start : start + len(piece)]:
            return f"wrong bytes behind byte {received}"
        received += len(piece)
    return None if received == body_bytes else f"{received} bytes instead of {body_bytes}"
