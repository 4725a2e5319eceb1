#!/usr/bin/env python3
"""Tests of how ringway-load is asked and how it refuses: whatever cannot be meant, or cannot be done, is said at once and with its cure."""

import signal
import socket
import subprocess
import time
import unittest
from pathlib import Path

from load_test import CLEAN, LOAD, REFUSED, RUN_SECONDS_MAX, USAGE, LoadTest, run


def connecting(port):
    """How many sockets have asked this port for a connection and heard nothing (SYN_SENT)."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(remote.endswith(f":{port:04X}") and state == "02" for _, _, remote, state, *_ in rows)


class CommandLine(unittest.TestCase):
    URL = "http://127.0.0.1:80/"

    def refused(self, *arguments, status=USAGE):
        done = run(*arguments)
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        return done.stderr

    def free_port(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            return server.getsockname()[1]

    def test_refuses_what_cannot_be_meant(self):
        for arguments, why in (
            ((self.URL, "--rate", "fast"), "'fast' is not a rate"),
            ((self.URL, "-c", "many"), "--connections: 'many' is not a number"),
            ((self.URL, "--conections", "7"), "did you mean --connections?"),
            ((self.URL, "-d"), "-d wants a value: TIME"),
            ((self.URL, "-d", "30"), "--duration: '30' is not a time such as 10s"),
            ((self.URL, self.URL), "--url has been said"),
            (("127.0.0.1:99999",), "'99999' is no port"),
            ((), "whom to ask?"),
        ):
            self.assertIn(why, self.refused(*arguments))

    def test_says_when_nobody_listens(self):
        why = self.refused(f"http://127.0.0.1:{self.free_port()}/", "-d", "1s", status=REFUSED)
        self.assertIn("Connection refused", why)

    def test_says_when_nobody_answers_and_can_be_interrupted_until_then(self):
        """A listener that accepts nobody and has room for one: the third connect is answered by nothing."""
        server = socket.socket()
        self.addCleanup(server.close)
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        for _ in range(3):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(server.getsockname())
            self.addCleanup(client.close)
        self.assertIn("timed out", self.refused(url, "--timeout", "100ms", status=REFUSED))
        waiting = connecting(server.getsockname()[1])
        load = subprocess.Popen([LOAD, url, "--timeout", "1h"], stderr=subprocess.PIPE)
        self.addCleanup(load.communicate)
        while connecting(server.getsockname()[1]) < waiting + 1:
            self.assertIsNone(load.poll())
            time.sleep(0.01)
        load.send_signal(signal.SIGINT)
        self.assertEqual(load.wait(timeout=RUN_SECONDS_MAX), -signal.SIGINT)

    def test_says_when_a_source_is_no_address_of_ours(self):
        why = self.refused(f"http://127.0.0.1:{self.free_port()}/", "--sources", "192.0.2.1", status=REFUSED)
        self.assertIn("nothing can come from 192.0.2.1", why)

    def test_says_before_it_begins_that_the_result_has_no_place(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            url = f"http://127.0.0.1:{server.getsockname()[1]}/"
            self.assertIn("cannot write /nowhere/result.json", self.refused(url, "-d", "1h", "--json", "/nowhere/result.json", status=REFUSED))

    def test_help_names_everything_that_a_scenario_may_say(self):
        done = run("--help")
        self.assertEqual(done.returncode, CLEAN)
        for name in ("rate", "receive-buffer", "expect-backend-header", "scenario"):
            self.assertIn(f"--{name}", done.stdout)


class FullDisk(LoadTest):
    def test_a_result_that_cannot_be_written_is_no_success(self):
        url = f"http://127.0.0.1:{self.fleet().ports[0]}/"
        done = run(url, "-d", "10ms", "--json", "/dev/full")
        self.assertEqual(done.returncode, REFUSED)
        self.assertIn("cannot write /dev/full: No space left", done.stderr)
        self.assertIn("requests", done.stdout)  # The table is told nevertheless.
        for arguments in ((), ("--json", "-")):
            with open("/dev/full", "w") as full:
                done = subprocess.run([LOAD, url, "-d", "10ms", *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=RUN_SECONDS_MAX)
            self.assertEqual(done.returncode, REFUSED)
            self.assertIn("cannot write the result: No space left", done.stderr)


if __name__ == "__main__":
    unittest.main()
