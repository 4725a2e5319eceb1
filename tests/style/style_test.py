#!/usr/bin/env python3
"""The style test's own test: every rule is shown to fail on a planted violation and to pass beside it."""

import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

import style
import tree
from rules import RULES
from source import Source


def rules_broken(path, text, ratchet=None):
    return {finding.rule for finding in style.check_source(Source(path, text), ratchet or {})}


def function(lines, name="grow"):
    return f"void {name}() {{\n" + "    step();\n" * (lines - 2) + "}\n"


ESSAY = "// A ring of slots. One shard owns it. Only its thread touches it.\n#pragma once\n"

# rule -> [(path, text that breaks it, text that keeps it)]
PLANTED = {
    "include_edge": [
        ("balance/maglev.cc", '#include "http/message.h"\n', '#include "core/prng.h"\n'),
        ("core/io.cc", '#include "balance/maglev.h"\n', '#include "core/io.h"\n'),
        ("http/router.cc", '#include "health/health_state.h"\n', '#include "core/hash.h"\n'),
        ("config/load.cc", '#include "shards/fleet.h"\n', '#include "health/settings.h"\n'),
        ("shards/fleet.cc", '#include "tests/sim/sim_io.h"\n', '#include "config/config.h"\n'),
        ("loadtest/origin/origin.cc", '#include "shards/fleet.h"\n', '#include "http/h1_client.h"\n'),
        ("core/io.cc", '#include "io.h"\n', '#include "core/io.h"\n'),
    ],
    "library_edge": [
        ("shards/shard.cc", "#include <liburing.h>\n", "#include <vector>\n"),
        ("http/router.cc", "#include <toml.hpp>\n", "#include <re2/re2.h>\n"),
        ("core/log.cc", "#include <boost/asio.hpp>\n", "#include <fmt/format.h>\n"),
        ("balance/maglev.cc", "#include <sys/socket.h>\n", "#include <cstdint>\n"),
        ("shards/shard.cc", "#include <gtest/gtest.h>\n", "#include <sys/socket.h>\n"),
    ],
    "vague_type_name": [
        ("core/io.cc", "class BufferManager {};\n", "class BufferPool {};\n"),
        ("core/io.cc", "struct DataBlock {};\n", "struct Database {};\n"),
        ("core/io.cc", "enum class InfoKind { a };\n", "enum class Kind { information };\n"),
        ("core/io.cc", "using RequestHandler = int;\n", "using RequestSink = int;\n"),
    ],
    "file_length": [
        ("core/io.cc", "\n" * 501, "\n" * 500),
        ("core/io.h", ESSAY + "\n" * 199, ESSAY + "\n" * 198),
    ],
    "function_length": [
        ("core/io.cc", function(71), function(70)),
        ("core/io.cc", "Io::Io() : slots_{1}, names_{2, 3} {\n" + "    a();\n" * 70 + "}\n", "int x{3};\n" * 90),
        ("core/io.cc", "struct Ring {\n    " + function(71) + "};\n", "struct Ring {\n" + "    int a;\n" * 80 + "};\n"),
        ("core/io.cc", "template <class T>\n" + function(70), "namespace a {\n" + function(69) * 3 + "}\n"),
    ],
    "nesting": [
        (
            "core/io.cc",
            "void f() {\n if (a) {\n for (;;) {\n while (b) {\n if (c(d)) {\n }\n }\n }\n }\n}\n",
            "void f() {\n if (a) {\n for (;;) {\n while (b) {\n }\n }\n } else {\n g({.a = {1, {2}}});\n }\n}\n",
        ),
        (
            "core/io.cc",
            "void f() {\n g([&](int x) {\n if (a) {\n for (;;) {\n do {\n } while (b);\n }\n }\n });\n}\n",
            "void f() {\n switch (a) {\n case A: {\n if (b) {\n for (;;) {\n }\n }\n }\n }\n}\n",
        ),
    ],
    "atomic": [
        ("core/io.cc", "std::atomic<int> n;\n", "int n;  // not std::atomic\n"),
        ("http/exchange.h", ESSAY + "#include <atomic>\n", ESSAY),
        ("shards/fleet.cc", "std::atomic_bool stop;\n", 'auto s = "std::atomic_bool";\n'),
    ],
    "shared_state": [
        ("core/io.cc", "std::mutex m;\n", "int m;\n"),
        ("http/exchange.cc", "std::shared_ptr<int> p;\n", "std::unique_ptr<int> p;\n"),
        ("balance/random.cc", "thread_local int n;\n", "int n;\n"),
        ("shards/shard.cc", "std::condition_variable v;\n", "int v;\n"),
    ],
    "coroutine": [("core/io.cc", "void f() { co_await x; }\n", "// no co_await\n")],
    "banned_name": [
        ("core/io.cc", "std::function<void()> f;\n", "void (*f)();\n"),
        ("core/io.cc", "std::regex r;\n", "RE2 r;\n"),
        ("core/io.cc", "auto s = std::format(a);\n", "auto s = fmt::format(a);\n"),
    ],
    "exception": [
        ("http/router.cc", "void f() { throw 1; }\n", "void f() noexcept;\n"),
        ("config/validate.cc", "void f() { try { } catch (int) { } }\n", "void try_pick();\n"),
    ],
    "switch_default": [
        ("core/io.cc", "switch (a) {\n    default:\n        b();\n}\n", "Io() = default;\n"),
    ],
    "passed_in": [
        ("balance/random.cc", "std::mt19937 generator;\n", "core::Prng prng;\n"),
        ("http/exchange.cc", "auto now = std::chrono::steady_clock::now();\n", "Instant now = clock.now();\n"),
        ("health/outlier.cc", "clock_gettime(CLOCK_MONOTONIC, &t);\n", "operand(1);\n"),
    ],
    "wall_clock": [
        ("tests/core/io_test.cc", "std::this_thread::sleep_for(1s);\n", "clock.advance(1s);\n"),
        ("tests/core/io_test.cc", "std::chrono::system_clock::now();\n", "clock.now();\n"),
    ],
    "unfinished": [("core/io.cc", "// TO" + "DO: later\n", "// Done.\n")],
    "header_essay": [("core/io.h", "// Io.\n#pragma once\n", ESSAY)],
    "pragma_once": [("core/io.h", ESSAY.replace("#pragma once", "#ifndef IO_H"), ESSAY)],
}


class PlantedViolations(unittest.TestCase):
    def test_every_rule_has_one(self):
        self.assertEqual(set(RULES), set(PLANTED))

    def test_are_found_and_their_neighbours_are_not(self):
        for rule, cases in PLANTED.items():
            for path, bad, good in cases:
                with self.subTest(rule=rule, bad=bad[:60]):
                    self.assertIn(rule, rules_broken(path, bad))
                    self.assertNotIn(rule, rules_broken(path, good))

    def test_are_allowed_in_the_files_that_exist_for_them(self):
        self.assertEqual(set(), rules_broken("core/spsc_queue.h", ESSAY + "#include <atomic>\nstd::atomic<int> n;\n"))
        self.assertEqual(set(), rules_broken("config/load.cc", "void f() { try { } catch (int) { } }\n"))
        self.assertEqual(set(), rules_broken("shards/control/writer.cc", "std::mutex m;\n"))


class Exceptions(unittest.TestCase):
    def test_excuse_one_line_with_a_reason(self):
        code = "switch (c) {\n    // style(switch_default): bytes, not an enum\n    default:\n        b();\n}\n"
        self.assertEqual(set(), rules_broken("core/io.cc", code))

    def test_need_a_reason(self):
        code = "switch (c) {\n    // style(switch_default):\n    default:\n        b();\n}\n"
        self.assertIn("switch_default", rules_broken("core/io.cc", code))

    def test_name_a_rule_that_exists(self):
        self.assertIn("exception_comment", rules_broken("core/io.cc", "// style(swich): typing error\n"))

    def test_do_not_excuse_another_rule(self):
        self.assertIn("coroutine", rules_broken("core/io.cc", "// style(atomic): no\nco_return;\n"))


class Ratchet(unittest.TestCase):
    listed = {("function_length", "core/io.cc", "grow"): 80, ("file_length", "core/io.cc", "-"): 600}

    def test_lets_a_listed_length_stay(self):
        self.assertEqual(set(), rules_broken("core/io.cc", function(80), self.listed))
        self.assertEqual(set(), rules_broken("core/io.cc", "\n" * 600, self.listed))

    def test_does_not_let_it_grow(self):
        self.assertEqual({"function_length"}, rules_broken("core/io.cc", function(81), self.listed))
        self.assertEqual({"file_length"}, rules_broken("core/io.cc", "\n" * 601, self.listed))

    def test_holds_for_the_named_function_only(self):
        self.assertEqual({"function_length"}, rules_broken("core/io.cc", function(80, "other"), self.listed))

    def test_reports_an_entry_that_is_too_generous(self):
        sources = [Source("core/io.cc", function(75) + "\n" * 525)]
        stale = list(style.stale_entries(sources, self.listed))
        self.assertEqual(["ratchet"], [finding.rule for finding in stale])

    def test_reads_its_own_format(self):
        self.assertEqual({("function_length", "a.cc", "f"): 72}, style.read_ratchet("# why\nfunction_length a.cc f 72\n"))


class Functions(unittest.TestCase):
    def test_are_found_whatever_stands_before_the_brace(self):
        code = """
namespace ringway::core {
class Io {
public:
    Io() : a_{1}, b_(2) {}
    bool idle() const noexcept { return a_ == 0; }
    static constexpr int sizes[] = {1, 2};
    Slot slot{1, 2};
private:
    enum class State { open, closed };
};
template <class T> requires std::integral<T>
auto half(T x) -> T {
    return x / 2;
}
bool operator==(const Io& a, const Io& b) {
    return true;
}
}  // namespace ringway::core
"""
        names = [f.name for f in Source("core/io.cc", code).functions]
        self.assertEqual(["Io", "idle", "half", "operator=="], names)


class Tree(unittest.TestCase):
    def test_top_level_has_fixed_names(self):
        self.assertEqual(["notes"], [f.path for f in tree.top_level(["notes/a.md", "core/io.h", ".ci/run", "LICENSE"])])

    def test_a_room_has_a_readme(self):
        self.assertEqual(["http/README.md"], [f.path for f in tree.room_readme(["http/a.h", "core/a.h", "core/README.md"])])

    def test_no_machine_paths(self):
        self.assertEqual(1, len(list(tree.machine_path("core/a.cc", "open(/wo" + "rk/main/x)"))))
        self.assertEqual(1, len(list(tree.machine_path("core/a.cc", '"/ho' + 'me/ann/x"'))))
        self.assertEqual([], list(tree.machine_path("core/a.cc", "a/network/work/x http://h/root")))

    def test_scripts_have_a_length_limit(self):
        self.assertEqual(1, len(list(tree.script_length("tests/style/a.py", "\n" * 501))))
        self.assertEqual([], list(tree.script_length("tests/style/a.py", "\n" * 500)))

    def test_layout_is_clang_formats(self):
        with TemporaryDirectory() as folder:
            root = Path(folder)
            (root / ".clang-format").write_text((style.ROOT / ".clang-format").read_text())
            (root / "good.cc").write_text("int f();\n")
            (root / "bad.cc").write_text("int  f( ){return 1;}\n")
            self.assertEqual(["bad.cc"], [f.path for f in tree.layout(root, ["bad.cc", "good.cc"])])


if __name__ == "__main__":
    unittest.main()
