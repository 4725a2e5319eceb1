#!/usr/bin/env python3
"""How the program ends, and how it starts where it cannot: signals under load, ports in use, backends that are not there."""

import os
import signal
import socket
import threading
import time
import unittest

from world import WAIT_SECONDS_MAX, Backend, Ringway, Scenario, eventually, free_port, read_message

GET = b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n"


class Gate:
    """A backend that answers when it is told to."""

    def __init__(self):
        self.is_open = threading.Event()
        self.waiting = 0
        self.lock = threading.Lock()

    def serve(self, connection):
        rest = b""
        while message := read_message(connection, rest):
            head, body, rest = message
            with self.lock:
                self.waiting += 1
            self.is_open.wait(WAIT_SECONDS_MAX)
            connection.sendall(Backend.answer_to(head, body))


class Ends(Scenario):
    def test_sigterm_lets_every_exchange_finish(self):
        gate = Gate()
        self.start([Backend(gate.serve)])
        clients = [self.ringway.client() for _ in range(50)]
        for number, client in enumerate(clients):
            client.sendall(GET % b"%d" % number)
        eventually(lambda: gate.waiting == len(clients), "all requests are at the backend")
        self.ringway.begin_end()
        eventually(lambda: "no new connections" in self.ringway.said(), "the signal is heard")
        eventually(self.refuses, "new connections are refused")
        self.assertIsNone(self.ringway.process.poll())
        gate.is_open.set()
        for number, client in enumerate(clients):
            head, body, _ = read_message(client)
            self.assertTrue(head.startswith(b"HTTP/1.1 200 "), head)
            self.assertIn(b"\r\nConnection: close\r\n", head)
            self.assertEqual(body, b"/%d " % number)
            client.close()
        self.assert_orderly_end()

    def refuses(self):
        try:
            self.ringway.client().close()
        except (ConnectionRefusedError, ConnectionResetError):  # Reset: it was in the line of a listener that closed.
            return True
        return False

    def test_sigterm_under_load_loses_no_request(self):
        """Closed-loop clients on kept connections, wherever they are when the signal comes: each hears `Connection:
        close` with a whole answer before its connection ends, so that none has a request lost."""
        self.start([Backend(), Backend()])
        lost, whole = [], [0]
        started = threading.Barrier(9)

        def ask(worker):
            started.wait()
            connection = self.ringway.client()
            head, turn = b"", 0
            while b"\r\nConnection: close\r\n" not in head:
                turn += 1
                token = b"%d.%d" % (worker, turn)
                try:
                    connection.sendall(GET % token)
                    head, body, _ = read_message(connection) or (b"", b"", b"")
                except ConnectionError as error:
                    return lost.append(error)
                if body != b"/%s " % token:
                    return lost.append((token, head, body))
                whole[0] += 1

        workers = [threading.Thread(target=ask, args=(worker,)) for worker in range(8)]
        for worker in workers:
            worker.start()
        started.wait()
        eventually(lambda: whole[0] > 500, "there is load")
        self.ringway.begin_end()
        for worker in workers:
            worker.join(WAIT_SECONDS_MAX)
        self.assertEqual(lost, [])
        self.assert_orderly_end()

    def test_a_second_signal_ends_at_once(self):
        gate = Gate()
        self.addCleanup(gate.is_open.set)
        self.start([Backend(gate.serve)])
        client = self.ringway.client()
        client.sendall(GET % b"hang")
        eventually(lambda: gate.waiting == 1, "the request is at the backend")
        self.ringway.begin_end()
        eventually(lambda: "no new connections" in self.ringway.said(), "the first signal is heard")
        began = time.monotonic()
        self.ringway.signal(signal.SIGTERM)
        self.assertEqual(self.ringway.process.wait(WAIT_SECONDS_MAX), 1)
        self.assertLess(time.monotonic() - began, 10)  # Of the thirty it may take after one.
        self.assertIn("second signal", self.ringway.said())

    def test_what_does_not_finish_in_time_is_cut_and_said(self):
        gate = Gate()
        self.addCleanup(gate.is_open.set)
        self.start([Backend(gate.serve)], more='[shutdown]\ntimeout = "1s"')
        client = self.ringway.client()
        client.sendall(GET % b"hang")
        eventually(lambda: gate.waiting == 1, "the request is at the backend")
        self.assertEqual(self.ringway.end(), 1)
        self.assertIn("shutdown.timeout has passed", self.ringway.said())
        self.assertEqual(client.recv(1), b"")

    def test_idle_connections_do_not_delay_the_end(self):
        self.start([Backend()])
        clients = [self.ringway.client() for _ in range(20)]
        for client in clients:
            client.sendall(GET % b"x")
            read_message(client)
        began = time.monotonic()
        self.assert_orderly_end()
        self.assertLess(time.monotonic() - began, 15)


class Starts(Scenario):
    def test_a_port_in_use_names_address_cause_and_holder(self):
        with socket.create_server(("127.0.0.1", 0)) as holder:
            port = holder.getsockname()[1]
            ringway = Ringway([1], port=port)
            self.addCleanup(ringway.close)
            self.assertEqual(ringway.process.wait(WAIT_SECONDS_MAX), 1)
            said = ringway.said()
            self.assertIn(f"127.0.0.1:{port}", said)
            self.assertIn("Address already in use", said)
            self.assertIn(str(os.getpid()), said)

    def test_backends_that_are_not_there_are_said_to_be_unreachable(self):
        self.ringway = Ringway([free_port(), free_port()])
        self.addCleanup(self.ringway.close)
        self.ringway.wait_until_up()
        for _ in range(4):
            answer = self.ringway.ask(GET % b"x")
            self.assertTrue(answer.startswith(b"HTTP/1.1 502 Bad Gateway\r\n"), answer)
            self.assertIn(b"\r\nX-Ringway-Reason: upstream_unreachable\r\n", answer)
        self.assert_orderly_end()

    def test_one_backend_that_is_not_there_costs_no_request(self):
        backend = Backend()
        self.addCleanup(backend.close)
        self.ringway = Ringway([free_port(), backend.port])
        self.addCleanup(self.ringway.close)
        self.ringway.wait_until_up()
        for request in (GET % b"x", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab") * 10:
            answer = self.ringway.ask(request)
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
        self.assert_orderly_end()

    def test_a_backend_that_restarts_costs_no_get(self):
        first, second = Backend(), Backend()
        self.start([first, second])
        for _ in range(8):
            self.assertTrue(self.ringway.ask(GET % b"x").startswith(b"HTTP/1.1 200 "))
        first.close()  # Its pooled connections end and new ones are refused.
        for turn in range(20):
            answer = self.ringway.ask(GET % b"%d" % turn)
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
        self.assert_orderly_end()

    def test_more_connections_at_once_than_there_may_be_wait_and_are_served(self):
        self.start([Backend()], shards=1, more="[limits]\nconnections = 10")
        self.ringway.signal(signal.SIGSTOP)
        clients = [self.ringway.client() for _ in range(600)]
        for client in clients:
            client.sendall(b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        self.ringway.signal(signal.SIGCONT)
        for client in clients:
            message = read_message(client)
            self.assertIsNotNone(message)
            self.assertTrue(message[0].startswith(b"HTTP/1.1 200 "))
            client.close()
        self.assert_orderly_end()


if __name__ == "__main__":
    unittest.main()
