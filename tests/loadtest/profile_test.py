#!/usr/bin/env python3
"""Tests of loadtest/profile: what it reads from callgrind, whom it counts for, and what it lets pass."""

import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "loadtest"))
sys.dont_write_bytecode = True

from lab.processes import Failure  # noqa: E402
from lab.profiling import callgrind, committed, mesh, sampling  # noqa: E402

# The tick calls ours (100 + 20 that came inlined from core); ours calls memcpy (30) and the kernel of paper (500), which calls
# memcpy too (10). Ours reaches a thunk without a name of ours (7).
CALLGRIND = """# callgrind format
events: Ir
ob=(1) /somewhere/build/instructions
fl=(1) build/../tests/instructions/instructions_main.cc
fn=(1) ringway_counted_tick
10 3
cfi=(2) ../../main/build/../http/h1_session.cc
cfn=(2) ringway::http::(anonymous namespace)::put(ringway::core::Buffer) [clone .isra.0]
calls=2 20
11 667
fl=(2)
fn=(2)
20 60
+5 40
fi=(3) build/../core/buffer_pool.h
-3 20
fe=(2)
cob=(2) /lib/libc.so.6
cfi=(4) ./string/memmove.S
cfn=(3) memcpy
calls=2 0
* 30
cfi=(5) build/../tests/instructions/paper_kernel.cc
cfn=(4) ringway::paper::Kernel::enter(io_uring&)
calls=1 0
* 510
cfi=(6) build/../http/exchange.cc
cfn=(5) .LTHUNK3.lto_priv.1
calls=1 0
* 7
fl=(5)
fn=(4)
5 500
cob=(2)
cfi=(4)
cfn=(3)
calls=1 0
6 10
fl=(6)
fn=(5)
8 7
ob=(2)
fl=(4)
fn=(3)
0 40
"""


def profile(requests=1):
    return callgrind.profile_of(callgrind.Reader().read(CALLGRIND.splitlines()), requests)


class Callgrind(unittest.TestCase):
    def test_counts_our_code_and_its_share_of_the_library_and_no_paper(self):
        self.assertEqual(profile().total, 120 + 30 + 7)
        self.assertEqual(profile(requests=2).per_request, 78.5)

    def test_gives_a_room_what_was_inlined_from_it(self):
        self.assertEqual(profile().rooms, {"http": 100 + 30 + 7, "core": 20})

    def test_names_functions_shortly(self):
        self.assertEqual(profile().functions, {"http::put": 150, "thunks in http/exchange.cc": 7})

    def test_takes_no_library_for_a_room(self):
        self.assertEqual(callgrind.room_of("/usr/include/c++/12/core/vector.h"), "")
        self.assertEqual(callgrind.room_of("a/build/../tests/http/thing.cc"), "")
        self.assertEqual(callgrind.room_of("../build/../shards/control/writer.cc"), "shards")


COMMITTED = """# Why.
compiler: g++ 12
small           1000
close           2000
"""


class Figures(unittest.TestCase):
    def judge(self, **counted):
        return committed.judge(COMMITTED, "g++ 12", counted)

    def test_pass_up_to_three_percent(self):
        verdict = self.judge(small=1030, close=2000)
        self.assertEqual((verdict.passed, verdict.failed), (2, 0))
        self.assertEqual(verdict.lines[-1], "2 passed, 0 failed")

    def test_fail_above_and_say_how_to_change_the_figure(self):
        verdict = self.judge(small=1031, close=2000)
        self.assertEqual((verdict.passed, verdict.failed), (1, 1))
        text = "\n".join(verdict.lines)
        self.assertIn("FAILED small", text)
        self.assertIn("loadtest/profile --update", text)
        self.assertIn("the commit says why", text)

    def test_ask_for_a_gain_to_be_written_down(self):
        verdict = self.judge(small=900, close=2000)
        self.assertEqual(verdict.failed, 0)
        self.assertIn("write the gain down", "\n".join(verdict.lines))

    def test_fail_for_what_was_not_counted_and_what_has_no_figure(self):
        self.assertEqual(self.judge(small=1000).failed, 1)
        self.assertEqual(self.judge(small=1000, close=2000, other=1).failed, 1)

    def test_judge_nothing_of_another_compiler(self):
        self.assertIn("g++ 13", committed.judge(COMMITTED, "g++ 13", {"small": 9999}).skipped)

    def test_are_written_with_their_comments(self):
        text = committed.written(COMMITTED, "g++ 13", {"small": 7.4})
        self.assertEqual(committed.read(text), ("g++ 13", {"small": 7, "close": 2000}))
        self.assertTrue(text.startswith("# Why.\n"))


SCRIPT = """
        ffffffff81 tcp_sendmsg ([kernel.kallsyms])
        ffffffff82 io_send ([kernel.kallsyms])
        ffffffff83 __do_sys_io_uring_enter ([kernel.kallsyms])
            7f00 io_uring_submit (/usr/lib/liburing.so.2.3)

        ffffffff83 __do_sys_io_uring_enter ([kernel.kallsyms])

            5500 ringway::http::put(int) (/build/ringway)
            5501 main (/build/ringway)

        ffffffff99 irq_exit ([kernel.kallsyms])
            5500 ringway::http::put(int) (/build/ringway)
"""


class Sampling(unittest.TestCase):
    def test_tells_ours_from_the_kernels_and_names_its_layers(self):
        samples = sampling.read(SCRIPT)
        self.assertEqual((samples.total, samples.user), (4, 1))
        sending, own = sampling.LAYERS[0][0], sampling.LAYERS[-1][0]
        self.assertEqual(samples.layers, {sending: 1, own: 1, "other": 1})
        self.assertEqual(samples.symbols["tcp_sendmsg"], 1)

    def test_of_nothing_is_nothing(self):
        self.assertEqual(sampling.read("").share(0), 0.0)


STACKS = """
        ffffffff81 eventfd_write ([kernel.kallsyms])
            a2 ringway::shards::UpstreamPool::choose (/build/ringway)
            b3 main (/build/ringway)

            b2 main (/build/ringway)
            7f00 start (/usr/lib/libc.so.6)

        ffffffff81 eventfd_write ([kernel.kallsyms])
"""
ADDR2LINE = """0x00000000000000a1
ringway::shards::LoadSnapshots::take(int)
/shards/load_snapshots.cc:5
ringway::shards::UpstreamPool::choose(int)
/shards/upstream_pool.cc:7
0x00000000000000b2
main
/shards/main.cc:1
"""


class Mesh(unittest.TestCase):
    def test_a_sample_is_the_meshs_where_its_function_is_anywhere_in_the_stack(self):
        samples = list(mesh.own_addresses(sampling.Stacks(STACKS, "/build/ringway")))
        self.assertEqual([[0xA1, 0xB2], [0xB2], []], samples)
        shares = mesh.shares_of(samples, lambda addresses: mesh.read_functions(ADDR2LINE))
        self.assertEqual({"load": 1 / 3, "mail": 0.0, "settling": 0.0}, shares)

    def test_of_a_program_without_names_there_is_no_share(self):
        with self.assertRaisesRegex(Failure, "debug information"):
            mesh.shares_of([[1]], lambda addresses: {1: ["??"]})
        with self.assertRaisesRegex(Failure, "debug information"):
            mesh.shares_of([], lambda addresses: {})

    def test_every_function_of_the_mesh_is_one_of_the_program(self):
        sources = "".join(path.read_text() for room in ("shards", "balance") for path in (ROOT / room).glob("*.cc"))
        for name in [name for names in mesh.PARTS.values() for name in names]:
            own = name.split("::", 2)[2]
            self.assertRegex(sources, rf"\b{own}" + (r"\w+\(" if own.endswith("::") else r"\("), name)


if __name__ == "__main__":
    unittest.main()
