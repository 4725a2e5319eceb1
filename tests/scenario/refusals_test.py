#!/usr/bin/env python3
"""What is refused is never forwarded: every message of tests/http/refused_*.rules, against the real program.

Each hostile message goes whole, byte by byte, behind a good one and, when its head is what is wrong, cut in two at
every byte. Of a refused request a backend's log has no byte; of a refused response the client sees none."""

import contextlib
import itertools
import socket
import threading
import unittest

from refusal_table import rules_in
from world import Backend, Scenario, eventually, read_all, read_head, read_message

GOOD = b"GET /good HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED_HEAD = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
OWN_FIELDS = {b"date", b"content-type", b"content-length", b"x-ringway-reason", b"x-request-id", b"connection", b"allow"}


def whole(connection, message):
    connection.sendall(message)


def byte_by_byte(connection, message):
    for byte in message:
        connection.sendall(bytes([byte]))


def cut_at(cut):
    def in_two(connection, message):
        connection.sendall(message[:cut])
        connection.sendall(message[cut:])

    return in_two


WAYS = (whole, byte_by_byte)


def by_limits(rules):
    """One ringway serves all rules of the same limits."""
    keyed = sorted(rules, key=lambda rule: sorted(rule.limits.items()))
    return [(dict(limits), list(group)) for limits, group in itertools.groupby(keyed, lambda r: sorted(r.limits.items()))]


def values(head, name):
    lines = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
    return [value.strip() for field, _, value in lines if field.lower() == name.lower()]


class Log:
    """A backend that keeps every byte it got, by connection, and answers what it got whole."""

    def __init__(self):
        self.lock = threading.Lock()
        self.connections = []  # [bytes, whether it has ended]

    def serve(self, connection):
        entry = [b"", False]
        with self.lock:
            self.connections.append(entry)

        def receive(size):
            arrived = connection.recv(size)
            entry[0] += arrived
            return arrived

        try:
            self.answer_all(connection, receive)
        finally:
            entry[1] = True

    @staticmethod
    def answer_all(connection, receive):
        """Chunked bodies are waited for; of those with a length not all come, so they are answered at once."""
        logged = type("Logged", (), {"recv": staticmethod(receive)})
        rest = b""
        while True:
            found = read_head(logged, rest)
            if found is None:
                return
            if b"chunked" in b"".join(values(found[0], b"Transfer-Encoding")).lower():
                message = read_message(logged, found[0] + found[1])
                if message is None:
                    return
                rest = message[2]
                connection.sendall(ANSWER)
            elif values(found[0], b"Content-Length"):
                connection.sendall(ANSWER.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
                while receive(65536):
                    pass
                return
            else:
                rest = found[1]
                connection.sendall(ANSWER)

    def bytes(self):
        with self.lock:
            return b"".join(entry[0] for entry in self.connections)

    def heads(self):
        return self.bytes().count(b" HTTP/1.1\r\n")


class Requests(Scenario):
    def begin(self, limits):
        self.log = Log()
        lines = "\n".join(f"{name} = {value}" for name, value in limits.items())
        self.start([Backend(self.log.serve)], shards=1, more=f"[limits]\n{lines}\n")

    def send(self, message, way):
        """The answer, until the end of the connection; None where the end came first."""
        with self.ringway.client() as connection:
            with contextlib.suppress(ConnectionError):  # It need not wait for all of it.
                way(connection, message)
            return read_all(connection)

    def assert_refused(self, rule, answer):
        head, _, body = answer.partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 %s " % rule.answer.encode()), answer)
        self.assertEqual(values(head, b"X-Ringway-Reason"), [rule.reason.encode()])
        self.assertEqual(values(head, b"Connection"), [b"close"])
        self.assertEqual(values(head, b"Content-Length"), [b"%d" % len(body)])  # Nothing behind it.

    def check_hostile(self, rule, message):
        before = self.log.bytes()
        self.assert_refused(rule, self.send(message + SMUGGLED, whole))
        self.assertEqual(self.log.bytes(), before)
        if message.startswith(CHUNKED_HEAD):
            self.check_forwarded_before(rule, message)
        else:
            self.assert_refused(rule, self.send(message, byte_by_byte))
            self.assertEqual(self.log.bytes(), before)
            for cut in range(1, len(message)):
                self.assert_refused(rule, self.send(message, cut_at(cut)))
            self.assertEqual(self.log.bytes(), before)
        before, heads = self.log.bytes(), self.log.heads()
        answer = self.send(GOOD + message + SMUGGLED, whole)
        self.assertTrue(answer.startswith(ANSWER), answer)
        self.assert_refused(rule, answer[len(ANSWER) :])
        self.assertEqual(self.log.heads(), heads + 1)
        self.assertEqual(self.log.bytes().count(b"GET /good "), before.count(b"GET /good ") + 1)

    def check_forwarded_before(self, rule, message):
        """Its head was forwarded before its body went wrong: the backend sees it cut, never ended."""
        before, connections = self.log.bytes(), len(self.log.connections)

        def arrive(connection, _):
            byte_by_byte(connection, CHUNKED_HEAD)
            eventually(lambda: self.log.bytes().endswith(b"\r\n\r\n") and self.log.bytes() != before, "its head arrives")
            byte_by_byte(connection, message[len(CHUNKED_HEAD) :])

        self.assert_refused(rule, self.send(message, arrive))
        eventually(lambda: self.log.connections[-1][1], "the backend's connection is dropped")
        self.assertNotIn(b"\r\n0\r\n\r\n", self.log.bytes()[len(before) :])
        self.assertLessEqual(len(self.log.connections), connections + 1)

    def check_legal(self, message):
        for way in WAYS:
            heads = self.log.heads()
            with self.ringway.client() as connection:
                way(connection, message)
                found = read_head(connection)
            self.assertTrue(found and found[0].startswith(b"HTTP/1.1 200 "), found)
            self.assertEqual(self.log.heads(), heads + 1)

    def test_nothing_of_a_refused_request_arrives(self):
        hostile = 0
        for limits, rules in by_limits(rules_in("refused_requests.rules")):
            self.begin(limits)
            for rule in rules:
                for message in rule.hostile:
                    hostile += 1
                    with self.subTest(rule=rule.name, message=message):
                        self.check_hostile(rule, message)
            self.assertNotIn(b"smuggled", self.log.bytes())
            self.assert_orderly_end()
        print(f"{hostile} hostile requests", flush=True)
        self.assertGreater(hostile, 200)

    def test_the_nearest_legal_request_passes(self):
        for limits, rules in by_limits(rules_in("refused_requests.rules")):
            self.begin(limits)
            for rule in rules:
                for message in rule.legal:
                    with self.subTest(rule=rule.name, message=message):
                        self.check_legal(message)
            self.assert_orderly_end()


class Script:
    """A backend that answers the next request with what it is given, and then waits to be dropped."""

    def __init__(self):
        self.message, self.way = ANSWER, whole
        self.dropped = threading.Event()

    def say(self, message, way):
        self.message, self.way = message, way
        self.dropped.clear()

    def serve(self, connection):
        if read_head(connection) is None:
            return
        message = self.message
        with contextlib.suppress(ConnectionError):
            self.way(connection, message)
            if message.endswith(SAID_BEHIND):
                while connection.recv(65536):
                    pass
        self.dropped.set()


SAID_BEHIND = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled"


class Responses(Scenario):
    def begin(self, limits):
        self.script = Script()
        lines = "\n".join(f"{name} = {value}" for name, value in limits.items())
        self.start([Backend(self.script.serve)], shards=1, more=f"[limits]\n{lines}\n")

    def check_hostile(self, rule, message):
        for way in WAYS:
            self.script.say(message + SAID_BEHIND, way)
            with self.ringway.client() as connection:
                connection.sendall(GOOD)
                # A head that came together with what is wrong behind it has not gone out yet.
                went_out = connection.recv(12, socket.MSG_PEEK | socket.MSG_WAITALL) == b"HTTP/1.1 200"
                if rule.answer == "cut" and way is not whole and went_out:
                    self.check_cut(read_all(connection))
                else:
                    self.check_own(rule, connection)
            self.assertTrue(self.script.dropped.wait(5), "the backend's connection is dropped")

    def check_own(self, rule, connection):
        """Our own answer and nothing else, and the connection is good for the next request."""
        head, body, rest = read_message(connection)
        interim = head.startswith(b"HTTP/1.1 1")
        self.assertFalse(interim, head)
        status = b"502" if rule.answer == "cut" else rule.answer.encode()
        self.assertTrue(head.startswith(b"HTTP/1.1 %s " % status), head)
        self.assertEqual(values(head, b"X-Ringway-Reason"), [b"upstream_malformed"])
        names = {line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:] if line}
        self.assertLessEqual(names, OWN_FIELDS)
        self.assertEqual((b"upstream_malformed" in body, rest), (True, b""))
        self.script.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nnext", whole)
        connection.sendall(GOOD)
        self.assertEqual(read_message(connection)[1:], (b"next", b""))
        self.script.dropped.wait(5)

    def check_cut(self, answer):
        """What was right of it may have passed; it has no end, so that a client knows that it was cut."""
        self.assertNotIn(b"smuggled", answer)
        head, _, body = answer.partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 200 "), answer)
        self.assertNotIn(b"0\r\n\r\n", body)

    def check_legal(self, message):
        status = message.split(b"HTTP/1.")[-1][2:5]
        for way in WAYS:
            self.script.say(message, way)
            with self.ringway.client() as connection:
                connection.sendall(GOOD)
                found = read_head(connection)
                while found and found[0].startswith(b"HTTP/1.1 1"):
                    found = read_head(connection, found[1])
            self.assertTrue(found and found[0].startswith(b"HTTP/1.1 %s" % status), found)
            self.script.dropped.wait(5)

    def test_no_byte_of_a_refused_response_passes(self):
        hostile = 0
        for limits, rules in by_limits(rules_in("refused_responses.rules")):
            self.begin(limits)
            for rule in rules:
                for message in rule.hostile:
                    hostile += 1
                    with self.subTest(rule=rule.name, message=message):
                        self.check_hostile(rule, message)
            self.assert_orderly_end()
        print(f"{hostile} hostile responses", flush=True)
        self.assertGreater(hostile, 100)

    def test_the_nearest_legal_response_passes(self):
        for limits, rules in by_limits(rules_in("refused_responses.rules")):
            self.begin(limits)
            for rule in rules:
                for message in rule.legal:
                    with self.subTest(rule=rule.name, message=message):
                        self.check_legal(message)
            self.assert_orderly_end()


if __name__ == "__main__":
    unittest.main()
