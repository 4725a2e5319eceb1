#!/usr/bin/env python3
"""The contract check can fail: a promise nobody names is found, and a name in passing is not taken for a test."""

import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

import contract
from contract import Promise

HELP = """ringway: an HTTP load balancer
Usage: ringway [OPTIONS] SUBCOMMAND

Options:
  -h,--help                   Print this help message and exit

Subcommands:
  run                         Start
  check                       Say everything that is wrong with a file

Examples:
  ringway check ringway.toml
"""


class Promises(unittest.TestCase):
    def test_are_read_from_help(self):
        self.assertEqual([Promise("verb", "run"), Promise("verb", "check")], contract.verbs(HELP))

    def test_are_read_from_the_key_table(self):
        table = "listen\ttables\t\t\trequired\twhere\nlisten.address\ttext\t\t\trequired\twhere\n"
        self.assertEqual([Promise("key", "listen"), Promise("key", "listen.address")], contract.keys(table))

    def test_are_read_from_contract_promises(self):
        self.assertEqual([Promise("reason", "reset")], contract.others("reason\treset\n"))


class Untested(unittest.TestCase):
    def assert_named(self, promise, text):
        self.assertEqual([], contract.untested([promise], [text]))

    def assert_unnamed(self, promise, text):
        self.assertEqual([promise], contract.untested([promise], [text]))

    def test_verbs(self):
        self.assert_named(Promise("verb", "check"), 'run({"check", "a.toml"})')
        self.assert_named(Promise("verb", "check"), "ringway check a.toml")
        self.assert_unnamed(Promise("verb", "check"), "CHECK(check(x));")

    def test_keys(self):
        key = Promise("key", "group.timeout.connect")
        self.assert_named(key, '[[group]]\ntimeout = { connect = "1s" }')
        self.assert_named(key, 'EXPECT_EQ(error.key, "group.timeout.connect")')
        self.assert_unnamed(key, '[[group]]\nconnect = "1s"')
        self.assert_unnamed(key, "timeout(group).connect()")

    def test_keys_are_not_named_by_two_files_together(self):
        key = Promise("key", "group.weight")
        self.assertEqual([key], contract.untested([key], ["[[group]]", "weight = 1"]))

    def test_reasons(self):
        self.assert_named(Promise("reason", "reset"), "EXPECT_EQ(error.code, Errc::reset);")
        self.assert_named(Promise("reason", "reset"), 'EXPECT_EQ(name, "reset");')
        self.assert_named(Promise("reason", "reset"), "rule NobodyResets reset 400\n")
        self.assert_unnamed(Promise("reason", "reset"), "buffer.reset();")
        self.assert_unnamed(Promise("reason", "reset"), "rule reset bad 400")

    def test_rules_are_not_named_by_common_words(self):
        rule = Promise("not_retried", "attempts")
        self.assert_named(rule, 'EXPECT_EQ(name_of(NotRetried::attempts), "attempts");')
        self.assert_unnamed(rule, '{"attempts": 3}')

    def test_a_comment_names_nothing(self):
        with TemporaryDirectory() as folder:
            tests = Path(folder) / "tests/core"
            tests.mkdir(parents=True)
            (tests / "a_test.cc").write_text('    // "reset"\nint a;\n')
            self.assertEqual([Promise("reason", "reset")], contract.untested([Promise("reason", "reset")], contract.evidence(Path(folder))))


if __name__ == "__main__":
    unittest.main()
