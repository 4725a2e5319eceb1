#!/usr/bin/env python3
"""Tests of tests/run itself, in a copy whose stages are planted: it must not be able to call a failure a success."""

import os
import shutil
import subprocess
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

TESTS = Path(__file__).resolve().parents[1]


class Run(unittest.TestCase):
    def setUp(self):
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "tests/stages").mkdir(parents=True)
        shutil.copy(TESTS / "run", self.root / "tests/run")
        shutil.copytree(TESTS / "support", self.root / "tests/support")

    def plant(self, name, body):
        text = f"#!/usr/bin/env bash\n# A planted stage\nsource tests/support/stage.sh\n{body}\n"
        (self.root / "tests/stages" / name).write_text(text)

    def run_tests(self, *arguments):
        return subprocess.run([self.root / "tests/run", *arguments], cwd="/", capture_output=True, text=True)

    def last_line(self, *arguments):
        run = self.run_tests(*arguments)
        return run.returncode, run.stdout.splitlines()[-1]

    def test_sums_what_its_stages_counted(self):
        self.plant("10_one", "tally passed 3")
        self.plant("20_two", "tally passed 4; tally skipped 1")
        self.assertEqual((0, "7 passed, 0 failed, 1 skipped"), self.last_line())

    def test_fails_when_a_test_failed_and_runs_the_rest(self):
        self.plant("10_one", "expect planted false")
        self.plant("20_two", "tally passed 4")
        self.assertEqual((1, "4 passed, 1 failed, 0 skipped"), self.last_line())

    def test_fails_when_a_stage_only_ends_badly(self):
        self.plant("10_one", "tally passed 3; exit 3")
        self.assertEqual((1, "3 passed, 1 failed, 0 skipped"), self.last_line())

    def test_fails_when_a_stage_counted_a_failure_and_still_ended_well(self):
        self.plant("10_one", "tally failed 1; exit 0")
        self.assertEqual((1, "0 passed, 1 failed, 0 skipped"), self.last_line())

    def test_fails_when_a_stage_counted_nothing(self):
        self.plant("10_one", "true")
        self.assertEqual((1, "0 passed, 1 failed, 0 skipped"), self.last_line())

    def test_says_what_was_skipped_and_why(self):
        self.plant("10_one", "skip_stage no kernel here")
        run = self.run_tests()
        self.assertEqual(0, run.returncode)
        self.assertRegex(run.stdout, r"(?m)^one .*SKIPPED")
        self.assertIn("one: skipped: no kernel here", run.stdout)
        self.assertTrue(run.stdout.endswith("\n0 passed, 0 failed, 1 skipped\n"))

    def test_counts_a_gtest_program_by_its_own_summary(self):
        self.plant("10_one", "jobs=1; run_gtests . good crashing")
        self.gtest("good", "[  PASSED  ] 5 tests.\n[  SKIPPED ] 1 test, listed below:\n[  SKIPPED ] A.B", 0)
        self.gtest("crashing", "[ RUN      ] A.Crashes\n", 134)
        run = self.run_tests()
        self.assertTrue(run.stdout.endswith("\n5 passed, 1 failed, 1 skipped\n"), run.stdout)
        self.assertIn("one: failed: ./crashing ended with status 134, after [ RUN      ] A.Crashes", run.stdout)
        self.assertIn("one: skipped: good A.B", run.stdout)

    def test_deals_out_a_gtest_program_and_counts_each_part(self):
        self.plant("10_one", "jobs=3; run_gtests . whole third_fails third_crashes")
        self.gtest("whole", "[  PASSED  ] 2 tests.", 0)
        self.gtest_in_parts("third_fails", "[  PASSED  ] 1 test.\n[  FAILED  ] 1 test, listed below:\n[  FAILED  ] A.B", 1)
        self.gtest_in_parts("third_crashes", "[ RUN      ] A.Crashes\n", 134)
        run = self.run_tests()
        self.assertTrue(run.stdout.endswith("\n17 passed, 2 failed, 0 skipped\n"), run.stdout)
        self.assertIn("one: failed: ./third_fails --gtest_filter=A.B", run.stdout)
        self.assertIn("one: failed: ./third_crashes ended with status 134, after [ RUN      ] A.Crashes", run.stdout)

    def gtest_in_parts(self, name, output, status):
        """Its third part does this, the others pass three and two tests."""
        self.gtest(name, output, status)
        passes = '[ $GTEST_TOTAL_SHARDS.$GTEST_SHARD_INDEX = 3.2 ] || { echo "[  PASSED  ] $((3 - GTEST_SHARD_INDEX)) tests."; exit; }'
        program = self.root / name
        program.write_text(program.read_text().replace("\n", f"\n{passes}\n", 1))

    def gtest(self, name, output, status):
        program = self.root / name
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\nexit {status}\n")
        program.chmod(0o755)

    def test_runs_one_stage_by_name(self):
        self.plant("10_one", "tally passed 3")
        self.plant("20_two", "tally passed 4")
        self.assertEqual((0, "4 passed, 0 failed, 0 skipped"), self.last_line("--stage", "two"))

    def test_refuses_a_stage_that_is_not_there(self):
        self.plant("10_one", "tally passed 3")
        run = self.run_tests("--stage", "three")
        self.assertEqual(2, run.returncode)
        self.assertIn("there are: one", run.stderr)

    def test_lists_stages_with_their_description(self):
        self.plant("10_one", "false")
        self.assertEqual("one        A planted stage\n", self.run_tests("--list").stdout)


class Packages(unittest.TestCase):
    """packages.sh with dpkg-query and the user's identity replaced."""

    def bash(self, script):
        source = f"source {TESTS}/support/packages.sh; {script}"
        return subprocess.run(["bash", "-c", source], capture_output=True, text=True)

    def test_names_what_is_missing_for_a_purpose(self):
        run = self.bash("dpkg-query() { [[ $4 == wrk ]] || printf installed; }; packages_missing build load")
        self.assertEqual("wrk\n", run.stdout)

    def test_without_root_prints_the_one_command_and_fails(self):
        # The text itself, not its path: another user may not be able to read where the repository stands.
        script = (TESTS / "support/packages.sh").read_text() + "dpkg-query() { false; }; packages_install kernels"
        nobody = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        run = subprocess.run([*nobody, "bash", "-c", script], cwd="/", capture_output=True, text=True)
        self.assertEqual(1, run.returncode)
        self.assertIn("sudo apt-get install --no-install-recommends busybox-static cpio qemu-system-x86\n", run.stderr)


if __name__ == "__main__":
    unittest.main()
