#!/usr/bin/env python3
"""Tests of the bare relay: it is only a ruler if it forwards every byte, both ways, and lets go of what ended."""

import hashlib
import os
import socket
import subprocess
import threading
import time
import unittest
from pathlib import Path

RELAY = Path(__file__).resolve().parents[2] / "build/ringway-relay"
WAIT_SECONDS_MAX = 20


def listening():
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(WAIT_SECONDS_MAX)
    return server


class Relay(unittest.TestCase):
    def setUp(self):
        self.server = listening()
        self.addCleanup(self.server.close)
        self.start("127.0.0.1:%d" % self.server.getsockname()[1])

    def start(self, upstream):
        # The relay cannot be asked to choose its port, so that one is chosen for it.
        with listening() as probe:
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen([RELAY, "--listen", f"127.0.0.1:{self.port}", "--upstream", upstream])
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)

    def client(self):
        """The relay has listened when the connection stands; until then it is refused."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while time.monotonic() < deadline:
            try:
                client = socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_SECONDS_MAX)
                self.addCleanup(client.close)
                return client
            except ConnectionRefusedError:
                self.assertIsNone(self.process.poll(), "the relay ended")
                os.sched_yield()
        self.fail("the relay does not listen")

    def pair(self):
        client = self.client()
        upstream, _ = self.server.accept()
        upstream.settimeout(WAIT_SECONDS_MAX)
        self.addCleanup(upstream.close)
        return client, upstream

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def test_forwards_every_byte_both_ways_at_once(self):
        client, upstream = self.pair()
        sent = {"up": os.urandom(3_000_000), "down": os.urandom(5_000_000)}
        seen = {}

        def write(end, data):
            end.sendall(data)
            end.shutdown(socket.SHUT_WR)

        def read(end, name):
            digest = hashlib.sha256()
            while data := end.recv(65536):
                digest.update(data)
            seen[name] = digest.digest()

        work = [(write, client, sent["up"]), (write, upstream, sent["down"]), (read, upstream, "up"), (read, client, "down")]
        threads = [threading.Thread(target=do, args=arguments) for do, *arguments in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT_SECONDS_MAX)
        self.assertEqual({name: hashlib.sha256(data).digest() for name, data in sent.items()}, seen)

    def test_a_half_close_leaves_the_other_half_open(self):
        client, upstream = self.pair()
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(b"", upstream.recv(1))
        upstream.sendall(b"still here")
        self.assertEqual(b"still here", client.recv(100))

    def test_an_ended_pair_is_closed_on_both_sides_and_its_descriptors_come_back(self):
        client, upstream = self.pair()
        before = self.descriptors()
        others = [self.pair() for _ in range(20)]
        self.assertEqual(before + 40, self.descriptors())
        for other_client, other_upstream in others:
            other_client.close()
            self.assertEqual(b"", other_upstream.recv(1))
            other_upstream.close()
        # The relay is one thread: when it has answered, it has handled what came before, or does so now.
        for _ in range(1000):
            client.sendall(b"x")
            self.assertEqual(b"x", upstream.recv(1))
            if self.descriptors() == before:
                return
        self.fail(f"{self.descriptors()} descriptors, {before} expected")

    def test_a_reset_upstream_ends_the_client(self):
        client, upstream = self.pair()
        upstream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        upstream.close()
        try:
            self.assertEqual(b"", client.recv(1))
        except ConnectionResetError:
            pass

    def test_more_connections_than_buffers_are_all_served(self):
        pairs = [self.pair() for _ in range(400)]
        for number, (client, _) in enumerate(pairs):
            client.sendall(b"%d" % number)
        for number, (_, upstream) in enumerate(pairs):
            self.assertEqual(b"%d" % number, upstream.recv(10))

    def test_a_signal_ends_it_with_0_in_the_middle_of_traffic(self):
        client, upstream = self.pair()
        client.sendall(b"x" * 100_000)
        self.assertTrue(upstream.recv(1))
        self.process.terminate()
        self.assertEqual(0, self.process.wait(WAIT_SECONDS_MAX))

    def test_a_refused_upstream_closes_the_client(self):
        self.server.close()
        client = self.client()
        try:
            self.assertEqual(b"", client.recv(1))
        except ConnectionResetError:
            pass

    def test_a_bad_command_line_says_how_it_is_used(self):
        for arguments in (["--listen", "127.0.0.1"], ["--listen"], ["--wat", "1"], []):
            result = subprocess.run([RELAY, *arguments], capture_output=True, text=True, timeout=WAIT_SECONDS_MAX)
            self.assertEqual((2, "usage"), (result.returncode, result.stderr[:5]), arguments)


if __name__ == "__main__":
    unittest.main()
