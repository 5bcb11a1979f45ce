"""How the sweep scripts read the program's plan, a trial whose parent dies, and the ranking.

Needs no program and no data: a script of a few lines stands for the program.
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "scripts"))
import sweep_common  # noqa: E402
from sweep_common import Outcome, Plan, SweepError, plan_of, ranked  # noqa: E402
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


def event_of(settings, seeds=(0, 1), length=9, **base):
    """What the program says of a plan; `length` are epochs, `base` the options of all trials."""
    base = {name.replace("_", "-"): text for name, text in base.items()}
    return {
        "event": "plan",
        "base": {} if length is None else {"epochs": length},
        "seeds": list(seeds),
        "typed": {"base": base, "settings": settings},
    }


class Planned(unittest.TestCase):
    """A script as a whole, with a stand-in that says `out` and `log` and ends with `status`."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.program = Path(folder.name, "program")
        self.arguments = Path(folder.name, "arguments")

    def stand_in(self, out, log="", status=0):
        self.program.write_text(
            f"#!{sys.executable}\nimport pathlib, sys\n"
            f"pathlib.Path({str(self.arguments)!r}).write_text(' '.join(sys.argv[1:]))\n"
            f"print({out!r})\nprint({log!r}, end='', file=sys.stderr)\nsys.exit({status})\n"
        )
        self.program.chmod(0o755)

    def run_script(self, *options):
        command = [sys.executable, Path(sweep_common.__file__).with_name("sweep_plan.py")]
        command += ["--program", self.program, *options]
        return subprocess.run(command, capture_output=True, text=True)

    def test_the_program_plans_and_the_script_writes_its_trials(self):
        settings = [{"lr": "0.1"}, {"lr": "1e-05"}]
        self.stand_in(json.dumps(event_of(settings, (7, 8), val_split="5000", threads="1")))
        done = self.run_script("--vary", "lr=0.1,1e-5", "--seeds=2", "--seed", "7")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(
            self.arguments.read_text(),
            "sweep --plan --json --vary lr=0.1,1e-5 --seeds=2 --seed 7",
        )
        trials = [("0.1", 7), ("1e-05", 7), ("0.1", 8), ("1e-05", 8)]
        always = "--device=cpu --val-split=5000 --threads=1"
        expected = [f"{always} --lr={lr} --seed={seed}" for lr, seed in trials]
        self.assertEqual(done.stdout.splitlines(), expected)

    def test_what_the_program_refuses_is_said_once_with_its_status(self):
        self.stand_in('{"event":"error"}', "error: no such option; see --help\n", 2)
        done = self.run_script("--vary", "lr=2..1")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, "error: no such option; see --help\n")
        self.assertEqual(done.stdout, "")

    def test_a_program_that_is_missing_or_too_old_is_a_sentence(self):
        for out in (None, "", "plan: 2 settings", '{"event":"plan","seeds":[0],"base":{}}'):
            with self.subTest(out):
                if out is not None:
                    self.stand_in(out)
                done = self.run_script("--vary", "lr=0.1")
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, r"\Asweep_plan: .*run scripts/build release.*\n\Z")
                self.assertEqual(done.stdout, "")

    def test_an_option_with_a_space_is_no_line_of_a_plan(self):
        self.stand_in(json.dumps(event_of([{"lr": "0.1"}], data_dir="my data")))
        done = self.run_script("--vary", "lr=0.1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("'--data-dir=my data' has a space", done.stderr)

    def test_what_a_sweep_on_one_machine_does_itself_is_refused(self):
        for word in ("--output=x", "--overwrite", "--resume", "--jobs", "--halving=2", "--final"):
            with self.subTest(word), self.assertRaises(SweepError):
                plan_of(Path(sys.executable), [word])


class Trials(unittest.TestCase):
    def test_train_on_the_cpu_unless_another_device_is_named(self):
        options = Plan(Path("program"), event_of([])).options({"lr": "3"}, 4)
        self.assertEqual(options, ["--device=cpu", "--lr=3", "--seed=4"])
        options = Plan(Path("program"), event_of([], device="cuda", seed="4")).options({}, 5)
        self.assertEqual(options, ["--device=cuda", "--seed=5"])

    def test_have_the_epochs_of_their_setting_or_of_all(self):
        for length, setting, epochs in ((9, {"lr": "3"}, 9), (None, {"epochs": "3"}, 3)):
            plan = Plan(Path("program"), event_of([], length=length))
            self.assertEqual(plan.epochs(setting), epochs)

    def test_keep_their_state_after_every_epoch_unless_told_otherwise(self):
        for text, epochs in ((None, 1), ("10", 10), ("500b", 1)):
            base = {} if text is None else {"checkpoint-every": text}
            plan = Plan(Path("program"), event_of([], **base))
            self.assertEqual(plan.checkpoint_every(), epochs)


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


class Ranking(unittest.TestCase):
    def setUp(self):
        settings = [{"lr": str(number)} for number in range(4)]
        base = {"epochs": "9", "val-split": "5000", "threads": "1", "checkpoint-every": "2"}
        self.plan = Plan(Path("program"), event_of(settings, **base, dropout="0.4"))

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
        self.assertEqual(command, "program --lr=3 --epochs=9 --dropout=0.4 --output=runs/winner")


if __name__ == "__main__":
    unittest.main()
