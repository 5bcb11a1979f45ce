"""scripts/sweep_ray.py on a Ray cluster of two workers: sweep_ray_test.py PROGRAM

Needs the real data set and Ray; run it with .deps/python/bin/python (scripts/setup --python).
"""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

from ray.cluster_utils import Cluster  # noqa: E402

import sweep_support  # noqa: E402
from sweep_support import LONG, ROOT, TRIAL, PatientTest, direct_run, read_trials  # noqa: E402

OBJECT_STORE_BYTES = 80 * 1024 * 1024
SHORT = ["--epochs", "4", *TRIAL, "--limit-batches", "30"]


class RaySweep(PatientTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        cls.addClassCleanup(folder.cleanup)
        cls.storage = Path(folder.name)
        node = {"num_gpus": 0, "object_store_memory": OBJECT_STORE_BYTES}
        cls.cluster = Cluster(
            initialize_head=True, head_node_args={**node, "num_cpus": 0, "include_dashboard": False}
        )
        cls.addClassCleanup(cls.cluster.shutdown)
        for _ in range(2):
            cls.cluster.add_node(num_cpus=1, **node)

    def start(self, name, *options):
        command = [sys.executable, ROOT / "scripts" / "sweep_ray.py", "--name", name]
        command += ["--program", sweep_support.PROGRAM, "--address", self.cluster.address]
        command += ["--storage", self.storage, *options]
        return subprocess.Popen(
            [str(word) for word in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self, sweep, name):
        """Its table, its log and its trials."""
        out, log = sweep.communicate(timeout=sweep_support.PATIENCE)
        self.assertEqual(sweep.returncode, 0, log)
        return out, log, read_trials(self.storage / name / "trials.csv")

    def children(self, name):
        """{process: run directory} of the sweep's training runs."""
        found = {}
        for process, words in sweep_support.processes():
            if words and words[0] == sweep_support.PROGRAM and "--output" in words:
                run = Path(words[words.index("--output") + 1])
                if any(part == name for part in run.parts):
                    found[process] = run
        return found

    def test_a_killed_worker_costs_no_bit(self):
        sweep = self.start("killed", "--vary", "lr=0.02", "--seeds", "2", "--grace", "15", *LONG)
        child = self.wait_for(self.child_after_three_epochs, "killed")
        self.assertGreater(sweep_support.parent_of(child), 1)
        os.kill(sweep_support.parent_of(child), signal.SIGKILL)
        self.wait_for(lambda: child not in dict(sweep_support.processes()))  # no orphan
        _, log, trials = self.finish(sweep, "killed")
        self.assertIn("its worker was lost", log)
        self.assertEqual([trial["state"] for trial in trials], ["finished", "finished"])
        resumed = [trial for trial in trials if int(trial["resumed_after"]) >= 2]
        self.assertEqual(len(resumed), 1, trials)
        for trial in trials:
            expected = direct_run("--lr", "0.02", "--seed", trial["seed"], *LONG)
            self.assertEqual(trial["weights_sha256"], expected["weights_sha256"])
            self.assertEqual(float(trial["val_accuracy"]), expected["val"]["accuracy"])

    def child_after_three_epochs(self, name):
        """A training run whose third epoch is in a checkpoint, so that Tune knows of the second."""
        for child, run in self.children(name).items():
            for metrics in (self.storage / name / run.parent.name).glob("checkpoint_*/metrics.csv"):
                if len(metrics.read_text().splitlines()) > 3:
                    return child
        return None

    def test_asha_stops_the_worse_and_the_table_names_the_best(self):
        options = ["--vary", "lr=0.1,0.03,0.00001,1e6", "--seeds", "1"]
        sweep = self.start("asha", *options, "--grace", "1", "--eta", "2", *SHORT)
        out, _, trials = self.finish(sweep, "asha")
        states = {trial["setting"]: trial["state"] for trial in trials}
        self.assertEqual(len(trials), 4)
        self.assertEqual(states["lr=0.1"], "finished")
        self.assertEqual(states["lr=1e-05"], "stopped")
        self.assertEqual(states["lr=1000000"], "diverged")
        rows = [line for line in out.splitlines() if line.startswith("| lr=")]
        self.assertIn("| lr=0.1 |", rows[0])
        self.assertIn("| lr=1000000 |", rows[-1])
        self.assertIn("--lr=0.1 --epochs=4 --train-limit=20000 --limit-batches=30 --output=", out)
        self.assertEqual(self.children("asha"), {})


if __name__ == "__main__":
    sweep_support.main()
