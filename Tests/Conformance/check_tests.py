#!/usr/bin/env python3
"""Tests of Tests/check-conformance: what it finds in a small table that was broken on purpose."""

import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent / "check-conformance"

TABLE = """# A table

## What asyncio promises

| Area | Promise | Verdict | Our test |
|---|---|---|---|
| Tasks | a promise | K | LoopTests `runs` |

## test_x

| CPython test | Meaning | Verdict | Our test |
|---|---|---|---|
| `test_x::X::test_kept` | kept | K | LoopTests `runs`<br>Everywhere `holds` |
| `test_x::X::test_changed` | changed | C: why | MoreTests `runs, on and on` |
| `test_x::X::test_without` | without | n/a: why | |
"""
METHODS = "# file, class, method\ntest_x\tX\ttest_kept\ntest_x\tX\ttest_changed\ntest_x\tX\ttest_without\n"
TESTS = """
@Suite(.virtualTime) struct LoopTests {
  @Test func `runs`() {}
  func `no test`() {}
}
@Suite
struct MoreTests {
  @Test(arguments: [1])
  func `runs, on and on`(_ number: Int) {}
}
"""
BEHAVIOURS = 'let all = [\n  Behaviour("holds") {}\n]\n'


class CheckTests(unittest.TestCase):
    def check(self, table=TABLE, *options, methods=METHODS):
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory)
            (root / "Documentation").mkdir()
            (root / "Tests/Conformance").mkdir(parents=True)
            (root / "Documentation/Conformance.md").write_text(table)
            (root / "Tests/Conformance/cpython.tsv").write_text(methods)
            (root / "Tests/LoopTests.swift").write_text(TESTS)
            (root / "Tests/Behaviours.swift").write_text(BEHAVIOURS)
            done = subprocess.run([SCRIPT, *options, root], capture_output=True, text=True)
            return done.returncode, done.stdout, done.stderr

    def assert_refused(self, old, new, message):
        self.assertIn(old, TABLE)
        code, _, errors = self.check(TABLE.replace(old, new))
        self.assertEqual(code, 1)
        self.assertIn(message, errors)

    def test_a_whole_table_passes_and_is_counted(self):
        code, output, errors = self.check()
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("4 rows, 3 methods of CPython: K 2, C 1, n/a 1, missing 0", output)

    def test_a_test_that_is_not_there(self):
        self.assert_refused("LoopTests `runs`<br>", "LoopTests `ran`<br>", "there is no test `ran` in LoopTests")

    def test_a_test_of_another_suite(self):
        self.assert_refused("LoopTests `runs`<br>", "MoreTests `runs`<br>", "there is no test `runs` in MoreTests")

    def test_a_function_that_is_no_test(self):
        self.assert_refused("LoopTests `runs`<br>", "LoopTests `no test`<br>", "there is no test `no test`")

    def test_a_behaviour_that_is_not_there(self):
        self.assert_refused("Everywhere `holds`", "Everywhere `held`", "there is no test `held` in Everywhere")

    def test_a_kept_row_without_a_test(self):
        self.assert_refused("| K | LoopTests `runs`<br>Everywhere `holds` |", "| K | |", "is K and names no test")

    def test_a_changed_row_without_a_reason(self):
        self.assert_refused("C: why", "C", "C says no reason")

    def test_an_unknown_verdict(self):
        self.assert_refused("n/a: why", "later", "verdict is 'later'")

    def test_a_cell_too_many(self):
        self.assert_refused("| without |", "| with | out |", "has 5 cells, not 4")

    def test_words_beside_the_tests(self):
        self.assert_refused("LoopTests `runs`<br>", "see LoopTests `runs`<br>", "cannot read")

    def test_a_method_without_a_row(self):
        self.assert_refused("test_without`", "test_other`", "no row for test_x::X::test_without")

    def test_a_row_for_no_method(self):
        self.assert_refused("test_without`", "test_other`", "test_x::X::test_other is not in cpython.tsv")

    def test_a_promise_among_methods(self):
        self.assert_refused("`test_x::X::test_kept` | kept", "Tasks | kept", "cannot read 'Tasks'")

    def test_a_promise_of_other_libraries(self):
        table = TABLE.replace("## test_x", "## What anyio, trio and tokio promise beyond asyncio\n\n"
                              "| Area | Promise | Verdict | Our test |\n|---|---|---|---|\n"
                              "| tokio | a promise | K | LoopTests `runs` |\n\n## test_x")
        self.assertEqual(self.check(table)[0], 0)

    def test_two_rows_for_a_method(self):
        self.assert_refused("test_changed`", "test_kept`", "2 rows for test_x::X::test_kept")

    def test_a_row_that_waits_is_missing(self):
        table = TABLE.replace("MoreTests `runs, on and on`", "AWAITS `shield`")
        code, output, errors = self.check(table)
        self.assertEqual(code, 1)
        self.assertIn("1 rows are missing", errors)
        self.assertIn("1 rows await `shield`", output)
        self.assertEqual(self.check(table, "--allow-awaiting")[0], 0)


if __name__ == "__main__":
    unittest.main()
