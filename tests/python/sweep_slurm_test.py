"""The logic of scripts/sweep_slurm.sbatch, with Slurm's part played here.

Run as: sweep_slurm_test.py PROGRAM

Needs the real data set; no Slurm and no Python package.
"""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import sweep_support
from sweep_support import LONG, ROOT, TRIAL, PatientTest, direct_run, read_trials

SHORT = ["--epochs", "2", *TRIAL, "--limit-batches", "30"]


class SlurmSweep(PatientTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.plan = self.folder / "plan.txt"
        self.runs = self.folder / "runs"
        self.requeued = self.folder / "requeued"
        self.scontrol("exit 0")

    def scontrol(self, end):
        stub = self.folder / "scontrol"
        stub.write_text(f'#!/bin/sh\necho "$@" >>"{self.requeued}"\n{end}\n')
        stub.chmod(0o755)

    def run_plan(self, *options):
        command = [sys.executable, ROOT / "scripts" / "sweep_plan.py"]
        command += ["--program", sweep_support.PROGRAM, *options]
        return subprocess.run([str(word) for word in command], capture_output=True, text=True)

    def plan_command(self, *options):
        done = self.run_plan(*options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def make_plan(self, *options):
        self.plan.write_text(self.plan_command(*options))

    def start(self, task, *arguments):
        environment = {**os.environ, "FMNIST_TRAIN": sweep_support.PROGRAM}
        environment["PATH"] = f"{self.folder}{os.pathsep}{environment['PATH']}"
        environment["SLURM_ARRAY_JOB_ID"] = "77"
        if task is not None:
            environment["SLURM_ARRAY_TASK_ID"] = str(task)
        command = [ROOT / "scripts" / "sweep_slurm.sbatch", *(arguments or (self.plan, self.runs))]
        return subprocess.Popen(
            ["bash", *(str(word) for word in command)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def finish(self, task, status=0):
        """What its log said."""
        _, log = task.communicate(timeout=sweep_support.PATIENCE)
        self.assertEqual(task.returncode, status, log)
        return log

    def start_and_stop(self):
        """A task that got SIGTERM after some epochs."""
        task = self.start(1)
        metrics = self.runs / "0001" / "metrics.csv"
        self.wait_for(lambda: metrics.exists() and len(metrics.read_text().splitlines()) > 3)
        task.send_signal(signal.SIGTERM)
        return task

    def test_the_plan_is_the_one_of_the_program(self):
        lines = self.plan_command(
            "--vary", "batch_size=10..16:lin:3", "--seeds", "2", "--seed", "7", "--nesterov",
            "--momentum=0.90", "--checkpoint-every", "2",
        ).splitlines()
        always = "--device=cpu --momentum=0.9 --nesterov=true --val-split=5000 --threads=1"
        self.assertEqual(
            [sorted(line.split()) for line in lines],
            [
                sorted([*always.split(), "--checkpoint-every=2", f"--batch-size={size}", seed])
                for seed in ("--seed=7", "--seed=8")
                for size in (10, 13, 16)
            ],
        )

    def test_a_random_plan_is_the_same_every_time(self):
        options = ["--vary", "lr=0.001..0.1:log", "--search", "random", "--trials", "20"]
        lines = self.plan_command(*options)
        self.assertEqual(len(set(lines.splitlines())), 60)
        self.assertEqual(lines, self.plan_command(*options))
        self.assertNotEqual(lines, self.plan_command(*options, "--seed", "1"))

    def test_what_the_program_refuses_is_said_once(self):
        for words, sentence in (
            (["--vary", "lr=0.1,0.1"], "the value 0.1 stands there twice"),
            (["--vary", "lr=2..1:lin:3"], "the range does not rise"),
            (["--vary", "lr=0.1", "--vary", "lr=0.2"], "--vary lr is given twice"),
            (["--vary", "lr=0.1", "--momentum", "0", "--nesterov"], "--nesterov needs --momentum"),
            (["--vary", "lr=0.1", "--no_output"], "--no-output has no meaning for sweep"),
            (["--seeds", "2"], "sweep needs --vary"),
        ):
            with self.subTest(words):
                done = self.run_plan(*words)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stdout, "")
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertEqual(done.stderr.count(sentence), 1, done.stderr)

    def test_every_task_trains_its_line_and_collect_ranks_them(self):
        options = ["--vary", "lr=0.00001,0.1,1e6", "--seeds", "1", *SHORT]
        self.make_plan(*options)
        self.assertEqual(len(self.plan.read_text().splitlines()), 3)
        for task in (1, 2):
            self.finish(self.start(task))
        self.assertIn("unfinished", self.plan_command(*options, "--collect", self.runs))
        self.assertIn("diverged", self.finish(self.start(3)))
        table = self.plan_command(*options, "--collect", self.runs)
        rows = [line for line in table.splitlines() if line.startswith("| lr=")]
        for row, lr in zip(rows, ("0.1", "1e-05", "1000000"), strict=True):
            self.assertIn(f"| lr={lr} |", row)
        trials = {trial["setting"]: trial for trial in read_trials(self.runs / "trials.csv")}
        self.assertEqual(trials["lr=1000000"]["state"], "diverged")
        expected = direct_run("--lr", "0.1", *SHORT)
        self.assertEqual(trials["lr=0.1"]["weights_sha256"], expected["weights_sha256"])
        self.assertFalse(self.requeued.exists())

    def test_a_stopped_task_is_queued_again_and_resumes(self):
        self.make_plan("--vary", "lr=0.02", "--seeds", "1", *LONG)
        self.assertIn("to be resumed", self.finish(self.start_and_stop()))
        self.assertEqual(self.requeued.read_text(), "requeue 77_1\n")
        self.finish(self.start(1))
        stream = (self.runs / "0001.jsonl").read_text()
        self.assertEqual(stream.count('"event":"start"'), 2)
        self.assertEqual(stream.count("resumed_from"), 1)
        expected = direct_run("--lr", "0.02", *LONG)
        self.assertIn(expected["weights_sha256"], stream.splitlines()[-1])
        self.assertEqual(self.requeued.read_text(), "requeue 77_1\n")

    def test_a_task_that_cannot_be_queued_again_says_so_by_its_status(self):
        self.scontrol("exit 1")
        self.make_plan("--vary", "lr=0.02", "--seeds", "1", *LONG)
        self.finish(self.start_and_stop(), status=143)

    def test_a_task_without_a_state_begins_anew(self):
        self.make_plan("--vary", "lr=0.1", "--seeds", "1", *SHORT)
        (self.runs / "0001").mkdir(parents=True)
        (self.runs / "0001" / "config.toml").write_text("epochs = 1\n")
        self.finish(self.start(1))
        expected = direct_run("--lr", "0.1", *SHORT)
        self.assertIn(expected["weights_sha256"], (self.runs / "0001.jsonl").read_text())

    def test_what_is_missing_is_said(self):
        self.plan.write_text("--lr=0.1\n")
        self.assertIn("has no line 2", self.finish(self.start(2), status=2))
        self.assertIn("not a task of a Slurm array", self.finish(self.start(None), status=2))
        self.assertIn("usage", self.finish(self.start(1, self.plan), status=2))
        other = self.folder / "other.txt"
        self.assertIn("cannot read", self.finish(self.start(1, other, self.runs), status=2))

    def test_a_failed_run_fails_the_task(self):
        self.plan.write_text("--lr=none\n")
        self.finish(self.start(1), status=2)


if __name__ == "__main__":
    sweep_support.main()
