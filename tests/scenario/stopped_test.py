#!/usr/bin/env python3
"""A process that was stopped (a debugger, a paused container) hears what came meanwhile before it times anybody out."""

import signal
import threading
import time
import unittest

from world import WAIT_SECONDS_MAX, Backend, Scenario, read_message

TIMEOUT_SECONDS = 2
GET = b"GET /token HTTP/1.1\r\nHost: a\r\n\r\n"


class Stopped(Scenario):
    def setUp(self):
        self.asked, self.may_answer = threading.Event(), threading.Event()
        group = f'timeout.first_byte = "{TIMEOUT_SECONDS}s"\nretry.attempts = 1'
        client = ", ".join(f'{kind} = "{TIMEOUT_SECONDS}s"' for kind in ("header", "body", "idle"))
        self.start([Backend(self.serve)], shards=1, group=group, more=f"[client]\ntimeout = {{ {client} }}")

    def serve(self, connection):
        rest = b""
        while message := read_message(connection, rest):
            head, body, rest = message
            if b"/token" in head:
                self.asked.set()
                self.may_answer.wait(WAIT_SECONDS_MAX)
            connection.sendall(Backend.answer_to(head, body))

    def test_nobody_is_timed_out_for_it(self):
        half_heard, half_sent, idle, waiting = (self.ringway.client() for _ in range(4))
        idle.sendall(GET.replace(b"token", b"first"))
        self.assertTrue(read_message(idle))
        half_heard.sendall(GET[:10])
        half_sent.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
        waiting.sendall(GET)
        self.assertTrue(self.asked.wait(WAIT_SECONDS_MAX))
        self.ringway.signal(signal.SIGSTOP)
        half_heard.sendall(GET[10:])
        half_sent.sendall(b"cd")
        idle.sendall(GET)
        self.may_answer.set()
        time.sleep(TIMEOUT_SECONDS + 1)  # So long it is stopped.
        self.ringway.signal(signal.SIGCONT)
        for client, said in ((half_heard, b"/token "), (half_sent, b"/ abcd"), (idle, b"/token "), (waiting, b"/token ")):
            head, body, _ = read_message(client) or (b"nothing", b"", b"")
            self.assertTrue(head.startswith(b"HTTP/1.1 200 "), head)
            self.assertEqual(body, said)
        self.assert_orderly_end()


if __name__ == "__main__":
    unittest.main()
