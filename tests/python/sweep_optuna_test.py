"""scripts/sweep_optuna.py with two processes on one journal: sweep_optuna_test.py PROGRAM

Needs the real data set and Optuna; run it with .deps/python/bin/python (scripts/setup --python).
"""

import collections
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

import sweep_support
from sweep_support import LONG, ROOT, TRIAL, PatientTest, direct_run, read_trials

SHORT = ["--epochs", "3", *TRIAL, "--limit-batches", "30"]


class OptunaSweep(PatientTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.runs = Path(folder.name)
        self.journal = self.runs / "journal.log"

    def start(self, *options, storage=None):
        command = [sys.executable, ROOT / "scripts" / "sweep_optuna.py", "--runs", self.runs]
        command += ["--program", sweep_support.PROGRAM, "--storage", storage or self.journal]
        return subprocess.Popen(
            [str(word) for word in [*command, *options]],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self, sweep):
        out, log = sweep.communicate(timeout=sweep_support.PATIENCE)
        self.assertEqual(sweep.returncode, 0, log)
        return out, log

    def study_trials(self, *states):
        storage = JournalStorage(JournalFileBackend(str(self.journal)))
        return optuna.load_study(study_name="sweep", storage=storage).get_trials(states=states)

    def check_against_direct_runs(self, trials, options):
        for trial in trials:
            name, value = trial["setting"].split("=")
            expected = direct_run(f"--{name}={value}", "--seed", trial["seed"], *options)
            self.assertEqual(trial["weights_sha256"], expected["weights_sha256"])
            self.assertEqual(float(trial["val_accuracy"]), expected["val"]["accuracy"])

    def run_two(self, storage=None):
        options = ["--vary", "lr=0.01..0.09:lin:3", "--seeds", "2", "--pruner", "none", *SHORT]
        sweeps = [self.start(*options, storage=storage) for _ in range(2)]
        ends = [self.finish(sweep) for sweep in sweeps]
        tables = [out for out, _ in ends]
        self.assertEqual(tables[0], tables[1])
        ended = [line for _, log in ends for line in log.splitlines() if ": finished" in line]
        self.assertEqual(len(ended), 6, ended)
        trials = read_trials(self.runs / "trials.csv")
        self.assertEqual([trial["state"] for trial in trials], ["finished"] * 6)
        self.check_against_direct_runs(trials, SHORT)

    def test_two_processes_run_every_trial_once(self):
        self.run_two()
        complete = self.study_trials(TrialState.COMPLETE)
        counts = collections.Counter(trial.user_attrs["trial"] for trial in complete)
        self.assertEqual(counts, {number: 1 for number in range(6)})

    def test_two_processes_share_a_database_as_well(self):
        self.run_two(storage=f"sqlite:///{self.runs}/study.db")

    def test_a_killed_process_leaves_its_trial_to_the_other(self):
        options = ["--vary", "lr=0.02", "--seeds", "1", "--pruner", "none", "--stale", "3", *LONG]
        killed = self.start(*options)
        run = self.wait_for(lambda: list(self.runs.glob("0000-*/metrics.csv")))[0]
        self.wait_for(lambda: len(run.read_text().splitlines()) > 3)
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
        self.assertEqual(len(self.study_trials(TrialState.RUNNING)), 1)
        self.finish(self.start(*options))
        (trial,) = read_trials(self.runs / "trials.csv")
        self.assertEqual(trial["state"], "finished")
        self.assertGreaterEqual(int(trial["resumed_after"]), 2)
        self.check_against_direct_runs([trial], LONG)

    def test_a_stopped_process_gives_its_trial_back_at_once(self):
        options = ["--vary", "lr=0.02", "--seeds", "1", "--pruner", "none", *LONG]
        stopped = self.start(*options)
        run = self.wait_for(lambda: list(self.runs.glob("0000-*/metrics.csv")))[0]
        self.wait_for(lambda: len(run.read_text().splitlines()) > 3)
        stopped.terminate()
        stopped.communicate(timeout=sweep_support.PATIENCE)
        self.assertEqual(stopped.returncode, 128 + signal.SIGTERM)
        self.assertEqual(len(self.study_trials(TrialState.WAITING)), 1)
        self.finish(self.start(*options))
        (trial,) = read_trials(self.runs / "trials.csv")
        self.assertGreaterEqual(int(trial["resumed_after"]), 2)
        self.check_against_direct_runs([trial], LONG)

    def test_another_plan_is_refused(self):
        self.finish(self.start("--vary", "lr=0.02", "--seeds", "1", *SHORT))
        other = self.start("--vary", "lr=0.03", "--seeds", "1", *SHORT)
        _, log = other.communicate(timeout=sweep_support.PATIENCE)
        self.assertEqual(other.returncode, 1)
        self.assertIn("has another plan", log)

    def test_the_pruner_stops_the_worse(self):
        options = ["--vary", "lr=0.1,0.09,0.08,0.07,0.06,1e-5,1e6", "--seeds", "1", "--grace", "1"]
        out, _ = self.finish(self.start(*options, *SHORT))
        states = {t["setting"]: t["state"] for t in read_trials(self.runs / "trials.csv")}
        self.assertEqual(states["lr=0.1"], "finished")
        self.assertEqual(states["lr=1e-05"], "stopped")
        self.assertEqual(states["lr=1000000"], "diverged")
        self.assertNotIn("--val-split", out)


if __name__ == "__main__":
    sweep_support.main()
