"""The plan of a sweep, a trial whose parent dies, and the ranking; needs no program and no data."""

import argparse
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "scripts"))
import sweep_common  # noqa: E402
from sweep_common import Outcome, Plan, SweepError, parse_vary, ranked, settings_of  # noqa: E402
from sweep_support import PatientTest  # noqa: E402

# Stands for the program, but never writes: a closed standard output alone cannot end it.
SILENT_PROGRAM = f"""#!{sys.executable}
import pathlib, signal, sys
run = pathlib.Path(sys.argv[sys.argv.index("--output") + 1])
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
(run / "started").touch()
if signal.sigtimedwait([signal.SIGTERM], 300):
    (run / "terminated").touch()
"""
PARENT = """
import sys, sweep_common
next(sweep_common.Trial(sys.argv[1], [], sys.argv[2]).epochs())
"""


class Vary(unittest.TestCase):
    def test_lists_keep_what_was_written(self):
        axis = parse_vary("batch_size=32,064")
        self.assertEqual((axis.name, axis.values), ("batch-size", ("32", "064")))

    def test_ranges_include_both_ends(self):
        self.assertEqual(parse_vary("lr=0.001..0.1:log:3").values, ("0.001", "0.01", "0.1"))
        self.assertEqual(parse_vary("momentum=0.5..0.9:lin:3").values, ("0.5", "0.7", "0.9"))
        self.assertEqual(parse_vary("batch-size=32..64:lin:2").values, ("32", "64"))

    def test_whole_ends_give_whole_values(self):
        self.assertEqual(parse_vary("batch-size=10..15:lin:3").values, ("10", "12", "15"))

    def test_what_is_no_list_and_no_range_is_refused(self):
        for text in (
            "lr", "=1", "lr=", "seed=1,2", "val-split=1,2", "lr=0.1..0.2", "lr=0.1..0.2:cube:3", 
            "lr=a..b:lin:3", "lr=0..1:log:3", "lr=2..1:lin:3", "lr=1..2:lin:1", "lr=1..2:lin:x",
            "lr=1..2:lin:3:4",
        ):
            with self.subTest(text), self.assertRaises(argparse.ArgumentTypeError):
                parse_vary(text)


class TrialWithoutParent(PatientTest):
    def test_is_told_to_stop(self):
        with tempfile.TemporaryDirectory() as folder:
            program, run = Path(folder, "program"), Path(folder, "run")
            program.write_text(SILENT_PROGRAM)
            program.chmod(0o755)
            command = [sys.executable, "-c", PARENT, program, run]
            with subprocess.Popen(command, cwd=Path(sweep_common.__file__).parent) as parent:
                self.wait_for((run / "started").exists)
                parent.kill()
            self.wait_for((run / "terminated").exists)


class Settings(unittest.TestCase):
    def test_are_all_combinations(self):
        axes = [parse_vary("lr=1,2"), parse_vary("momentum=3,4")]
        found = [tuple(setting.values()) for setting in settings_of(axes, None, 0)]
        self.assertEqual(found, [("1", "3"), ("1", "4"), ("2", "3"), ("2", "4")])

    def test_drawn_at_random_are_the_same_for_the_same_draw(self):
        axes = [parse_vary("lr=0.001..0.1:log"), parse_vary("momentum=0.5,0.9")]
        found = settings_of(axes, 20, 7)
        self.assertEqual(found, settings_of(axes, 20, 7))
        self.assertNotEqual(found, settings_of(axes, 20, 8))
        self.assertEqual(len(found), 20)
        for setting in found:
            self.assertTrue(0.001 <= float(setting["lr"]) <= 0.1)
            self.assertIn(setting["momentum"], ("0.5", "0.9"))

    def test_a_range_without_a_number_needs_trials(self):
        with self.assertRaises(SweepError):
            settings_of([parse_vary("lr=0.001..0.1:log")], None, 0)

    def test_an_option_varied_twice_is_refused(self):
        with self.assertRaises(SweepError):
            settings_of([parse_vary("lr=1"), parse_vary("lr=2")], None, 0)


class Ranking(unittest.TestCase):
    def setUp(self):
        settings = [{"lr": str(number)} for number in range(4)]
        defaults = {"epochs": 9, "val-split": 5000}
        self.plan = Plan(Path("program"), settings, 2, defaults, ["--quiet"])

    def outcomes(self, *figures):
        """(setting, epochs, accuracy, state) for each."""
        return [Outcome({"lr": str(lr)}, 0, *rest) for lr, *rest in figures]

    def test_short_ranks_below_long_and_diverged_last(self):
        figures = [
            (0, 9, 0.80, "finished"), (0, 9, 0.82, "finished"),
            (1, 9, 0.90, "finished"), (1, 3, 0.95, "stopped"),
            (2, 9, 0.99, "finished"), (2, 1, 0.00, "diverged"),
            (3, 9, 0.83, "finished"), (3, 9, 0.81, "finished"),
        ]
        order = [setting["lr"] for setting, _ in ranked(self.plan, self.outcomes(*figures))]
        self.assertEqual(order, ["3", "0", "1", "2"])

    def test_a_missing_seed_ranks_last(self):
        figures = [(lr, 9, 0.8, "finished") for lr in (1, 1, 2, 2, 3, 3)]
        figures.append((0, 9, 0.99, "finished"))
        order = [setting["lr"] for setting, _ in ranked(self.plan, self.outcomes(*figures))]
        self.assertEqual(order[-1], "0")

    def test_the_winner_is_retrained_on_all_images(self):
        command = self.plan.retrain_command({"lr": "3"})
        self.assertEqual(command, "program --epochs=9 --lr=3 --quiet --output=runs/winner")


class Base(unittest.TestCase):
    def test_the_sweeps_own_options_are_refused(self):
        given = argparse.Namespace(program=Path(sys.executable))
        for word in ("--output=x", "--seed", "--no_output", "--resume"):
            with self.subTest(word), self.assertRaises(SweepError):
                sweep_common.plan_of(given, [word])


if __name__ == "__main__":
    unittest.main()
