#!/usr/bin/env python3
"""Tests of `curves --check`: which made-up curves it calls worse than linear."""
import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("curves", str(pathlib.Path(__file__).resolve().parent / "curves"))
curves = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
loader.exec_module(curves)

SIZES = [1, 10, 100, 1000, 10_000]


def growing(exponent, sizes=SIZES, cost=5000.0):
    """Points whose total cost is that power of the size."""
    return [[size, cost * size ** (exponent - 1)] for size in sizes]


class CheckTests(unittest.TestCase):
    def worse(self, curve, **programs):
        """What `check` names of a curve with these programs."""
        programs = {name.replace("_", "-"): points for name, points in programs.items()}
        with contextlib.redirect_stdout(io.StringIO()):
            return curves.check({curve: {"programs": programs, "stopped": {}}})

    def test_a_linear_curve_passes(self):
        self.assertEqual(self.worse("timers", ours=growing(1)), [])
        self.assertEqual(self.worse("timers", ours=growing(1.14)), [])

    def test_a_curve_worse_than_linear_fails(self):
        self.assertEqual(self.worse("timers", ours=growing(1.2)), ["timers (ours)"])
        self.assertEqual(self.worse("timers", ours=growing(2)), ["timers (ours)"])

    def test_others_may_be_worse_than_linear(self):
        self.assertEqual(self.worse("timers", ours=growing(1), go=growing(2)), [])

    def test_a_step_at_the_end_or_in_the_middle_is_memory(self):
        step = [[1000, 100.0], [10_000, 100.0], [100_000, 100.0], [1_000_000, 250.0]]
        self.assertEqual(self.worse("timers", ours=step), [])
        self.assertEqual(self.worse("timers", ours=[*step[:2], [100_000, 250.0], [1_000_000, 250.0]]), [])

    def test_growth_that_the_kernel_has_too_passes(self):
        self.assertEqual(self.worse("connections", ours=growing(1.21), c=growing(1.21, cost=3000)), [])
        self.assertEqual(self.worse("connections", ours=growing(1.3), c=growing(1.21)), [])

    def test_growth_beyond_the_kernels_fails(self):
        self.assertEqual(self.worse("connections", ours=growing(2), c=growing(1.21)), ["connections (ours)"])
        self.assertEqual(self.worse("connections", ours=growing(1.21 + 0.16), c=growing(1.21)), ["connections (ours)"])
        self.assertEqual(self.worse("connections", ours=growing(1.2), c=growing(1)), ["connections (ours)"])

    def test_a_linear_curve_passes_beside_one_that_gets_cheaper(self):
        self.assertEqual(self.worse("connections", ours=growing(1), c=growing(0.7)), [])

    def test_without_the_program_beside_it_the_limit_is_that_of_a_linear_curve(self):
        self.assertEqual(self.worse("connections", ours=growing(1.21), tokio=growing(1.21)), ["connections (ours)"])
        self.assertEqual(self.worse("connections", ours=growing(1.21), c=growing(1.21)[:-1]), ["connections (ours)"])

    def test_of_several_beside_it_the_one_that_grows_least_counts(self):
        sizes = [1, 3, 10, 30, 100, 300, 1000]
        ours, steep, level = growing(1.2, sizes), growing(1.2, sizes), growing(1, sizes)
        self.assertEqual(self.worse("http", ours=ours, reqwest=steep, go=steep), [])
        self.assertEqual(self.worse("http", ours=ours, reqwest=level, go=steep), ["http (ours)"])
        self.assertEqual(
            self.worse("http", ours=level, ours_local=growing(2, sizes), reqwest=steep, go=steep), ["http (ours-local)"])


if __name__ == "__main__":
    unittest.main()
