#!/usr/bin/env python3
"""Whoever goes away, at whichever byte: nothing crashes, nothing leaks, and no byte reaches the wrong client."""

import random
import select
import tempfile
import threading
import unittest
from pathlib import Path

from world import LONG, WAIT_SECONDS_MAX, Backend, Scenario, eventually, read_all, read_head, read_message, vanish

GET = b"GET /token-%s HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /token-%s HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\nbody-of-post"
CHUNKED = (
    b"PUT /token-%s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"4\r\nbody\r\n8;a=b\r\n-of-post\r\n0\r\n\r\n"
)
REQUESTS = (GET, POST, CHUNKED)
ENDS = (lambda connection: connection.close(), vanish)


def read_some(connection, count):
    while count > 0 and (arrived := connection.recv(count)):
        count -= len(arrived)


class Counted:
    """A connection that counts what is read from it."""

    def __init__(self, connection):
        self.connection, self.count = connection, 0

    def recv(self, size):
        arrived = self.connection.recv(size)
        self.count += len(arrived)
        return arrived


class Cuts(Scenario):
    def setUp(self):
        self.begin(Backend())

    def begin(self, backend, **options):
        self.backend = backend
        # One try and no pooled connections that might hide a cut; retries have scenarios of their own.
        self.start([self.backend], group="retry = { attempts = 1 }", **options)
        self.check_health(b"first")
        self.before = self.ringway.descriptors()

    def check_health(self, token):
        answer = eventually(lambda: self.answered(GET % token), "a request is answered")
        self.assertTrue(answer.endswith(b"/token-%s " % token), answer)

    def answered(self, request):
        try:
            answer = self.ringway.ask(request)
        except OSError:
            return None
        return answer if answer and answer.startswith(b"HTTP/1.1 200 ") else None

    def tearDown(self):
        """The process is the same one, it serves, and has no more open than pooled connections and before."""
        self.backend.become(self.backend.echo)
        for turn in range(4):
            self.check_health(b"last-%d" % turn)
        pooled = 4  # By any shard, to this one backend, whose connections come and go.
        eventually(
            lambda: all(count <= self.before.get(task, 0) + pooled for task, count in self.ringway.descriptors().items()),
            f"descriptors return to {self.before}, they are {self.ringway.descriptors()}",
        )
        self.assert_orderly_end()

    def test_a_client_may_go_at_any_byte_of_its_request(self):
        for template in REQUESTS:
            request = template % b"x"
            for end in ENDS:
                for cut in range(len(request) + 1):
                    connection = self.ringway.client()
                    connection.sendall(request[:cut])
                    end(connection)

    def test_a_client_may_go_at_any_byte_of_its_answer(self):
        for end in ENDS:
            whole = len(self.ringway.ask(GET % b"x"))
            for cut in range(whole + 1):
                connection = self.ringway.client()
                connection.sendall(GET % b"x")
                taken = 0
                while taken < cut:
                    taken += len(connection.recv(cut - taken))
                end(connection)

    def length_as_forwarded(self, request):
        lengths = []

        def serve(connection):
            counted = Counted(connection)
            head, body, _ = read_message(counted)
            lengths.append(counted.count)
            connection.sendall(Backend.answer_to(head, body))

        self.backend.become(serve)
        self.ringway.ask(request)
        return lengths[0]

    def test_a_backend_may_go_at_any_byte_of_the_request(self):
        for template in REQUESTS:
            whole = self.length_as_forwarded(template % b"x")
            for end in ENDS:
                for cut in range(whole + 1):
                    self.backend.become(lambda connection: (read_some(connection, cut), end(connection)))
                    answer = self.ringway.ask(template % b"x")
                    self.assertIsNotNone(answer, f"no answer, cut at {cut}")
                    self.assertTrue(answer.startswith(b"HTTP/1.1 502 "), answer)
                    self.assertIn(b"X-Ringway-Reason: upstream_reset\r\n", answer)

    def test_a_backend_may_go_at_any_byte_of_its_answer(self):
        for template in REQUESTS[:2]:
            for end in ENDS:
                whole = Backend.answer_to(b"GET /token-x ", b"body-of-post" if template is POST else b"")
                for cut in range(len(whole)):
                    self.check_cut_answer(template % b"x", whole, cut, end)

    def check_cut_answer(self, request, whole, cut, end):
        def serve(connection):
            if read_message(connection):
                connection.sendall(whole[:cut])
                end(connection)

        self.backend.become(serve)
        with self.ringway.client() as connection:
            connection.sendall(request)
            answer = read_all(connection) if cut > whole.index(b"\r\n\r\n") + 4 else read_message(connection)
        if cut < whole.index(b"\r\n\r\n") + 4:
            self.assertTrue(answer and answer[0].startswith(b"HTTP/1.1 502 "), f"cut at {cut}: {answer}")
        elif answer and not isinstance(answer, tuple) and end is not vanish:
            # Never more than came, never a word of our own behind it.
            self.assertTrue(whole.split(b"\r\n\r\n")[1].startswith(answer.split(b"\r\n\r\n", 1)[1]))

    def test_no_byte_crosses_between_clients_while_everybody_dies(self):
        """Clients and backends cut at random bytes; whatever a client gets carries its own token or none."""
        chance = random.Random(7)
        lock = threading.Lock()
        wrong = []
        whole_count = [0]

        def serve(connection):
            rest = b""
            while message := read_message(connection, rest):
                head, body, rest = message
                answer = Backend.answer_to(head, body)
                with lock:
                    dies, cut, resets = chance.random() < 0.3, chance.randrange(len(answer)), chance.random() < 0.5
                if dies:
                    connection.sendall(answer[:cut])
                    return vanish(connection) if resets else None
                connection.sendall(answer)

        def ask(worker):
            own = random.Random(worker)
            for turn in range(4000 if LONG else 400):
                token = b"%d.%d." % (worker, turn)
                request = own.choice(REQUESTS) % token
                try:
                    with self.ringway.client() as connection:
                        if own.random() < 0.2:
                            connection.sendall(request[: own.randrange(len(request))])
                            vanish(connection)
                            continue
                        connection.sendall(request)
                        found = read_head(connection)
                        if found is None:
                            continue
                        message = read_message(connection, found[0] + found[1])
                        body = message[1] if message else found[1]
                        expected = b"/token-" + token
                        if not body.startswith(b"502 ") and not body.startswith(expected[: len(body)]):
                            wrong.append((token, body))
                        whole_count[0] += message is not None
                except ConnectionError:
                    pass

        self.backend.become(serve)
        workers = [threading.Thread(target=ask, args=(worker,)) for worker in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual(wrong, [])
        self.assertGreater(whole_count[0], 100, "hardly anything was answered, so nothing was tested")

    def test_an_answer_of_no_length_that_was_cut_does_not_end_in_order(self):
        self.check_cut_answer_of_no_length(is_told=True)

    def check_cut_answer_of_no_length(self, is_told):
        def serve(connection):
            if read_message(connection):
                connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")

        self.backend.become(serve)
        with self.ringway.client() as connection:
            connection.sendall(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
            head, body = read_head(connection)
            while body != b"hello":
                body += connection.recv(5)
            if is_told:
                self.assertRaises(ConnectionResetError, connection.recv, 1)
            else:
                self.assertEqual(connection.recv(1), b"")


class CutsOfUnixSockets(Cuts):
    """The same, where a connection that is given up ends like one that is over, except for what was unread."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        folder = Path(folder.name)
        self.begin(Backend(path=folder / "backend"), path=folder / "ringway")

    def test_an_answer_of_no_length_that_was_cut_does_not_end_in_order(self):
        """It does: nothing in HTTP/1.0 or in the kernel could say it."""
        self.check_cut_answer_of_no_length(is_told=False)

    def test_a_client_may_go_with_answers_unread(self):
        """It is told by ECONNRESET, once."""
        for waits in (False, True):
            for _ in range(50):
                connection = self.ringway.client()
                connection.sendall(GET % b"x" * 3)
                if waits:
                    select.select([connection], [], [], WAIT_SECONDS_MAX)
                connection.close()


if __name__ == "__main__":
    unittest.main()
