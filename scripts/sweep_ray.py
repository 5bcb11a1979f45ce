#!/usr/bin/env python3
"""Runs a sweep on a Ray cluster: Ray Tune starts trials, its ASHA scheduler stops the worse ones.

Every trial is one fmnist-train on one core. After every epoch its validation accuracy goes to Tune
with a checkpoint that holds the training state, so that a trial whose worker or node is lost goes
on elsewhere, to the bits of an undisturbed one.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent to Ray's authors
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # standard output holds our table only
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")

import ray  # noqa: E402
from ray import tune  # noqa: E402
from ray.tune.schedulers import ASHAScheduler  # noqa: E402

import sweep_common  # noqa: E402
from sweep_common import Outcome, SweepError, label_of, positive  # noqa: E402

OBJECT_STORE_BYTES = 80 * 1024 * 1024  # results are small, and checkpoints go past it


class TrainingTrial(tune.Trainable):
    """A trial in Tune's terms: a step is an epoch, a checkpoint our training state."""

    def setup(self, config):
        self._config = config["trial"]
        self._run = Path(tempfile.mkdtemp(prefix="run-", dir=self.logdir))
        self._trial = sweep_common.Trial(
            self._config["program"], self._config["options"], self._run
        )
        self._rows = self._trial.epochs()  # starts nothing before the first step

    def step(self):
        reported = self.iteration
        try:
            for row in self._rows:
                if row["epoch"] > reported:
                    break
        except sweep_common.Diverged:
            return {"val_accuracy": 0.0, "state": "diverged", "done": True}
        last = row["epoch"] == self._config["epochs"]
        return {
            **row,
            "state": "finished" if last else "stopped",
            "resumed_after": self._trial.resumed_after,
            "done": last,
        }

    def save_checkpoint(self, checkpoint_dir):
        for name in sweep_common.STATE_FILES:
            if (self._run / name).exists():
                shutil.copy(self._run / name, checkpoint_dir)

    def load_checkpoint(self, checkpoint):
        for name in sweep_common.STATE_FILES:
            if (Path(checkpoint) / name).exists():
                shutil.copy(Path(checkpoint) / name, self._run)

    def cleanup(self):
        self._trial.stop()
        shutil.rmtree(self._run, ignore_errors=True)

    def reset_config(self, config):
        """Takes another trial, which is faster than a new worker."""
        self.cleanup()
        self.setup(config)
        return True


class Progress(tune.Callback):
    """A line on standard error when a trial ends, or is tried again."""

    def on_trial_complete(self, iteration, trials, trial, **_):
        result = trial.last_result
        say(
            f"{trial}: {result['state']} after epoch {result['training_iteration']}, "
            f"validation accuracy {100 * result['val_accuracy']:.2f} %"
        )

    def on_trial_recover(self, iteration, trials, trial, **_):
        say(f"{trial}: its worker was lost; to be resumed")

    def on_trial_error(self, iteration, trials, trial, **_):
        say(f"{trial}: failed; see {trial.error_file}")


def say(text):
    print(f"sweep_ray: {text}", file=sys.stderr, flush=True)


def name_of(trial):
    given = trial.config["trial"]
    return f"{label_of(given['setting'])} seed={given['seed']}".replace(" ", ",")


def directory_of(trial):
    return f"{trial.trial_id}-{name_of(trial)}".replace("/", "_")[:100]


def parse_arguments():
    parser = sweep_common.plan_parser(__doc__)
    add = parser.add_argument
    add("--address", metavar="HOST:PORT",
        help="of a Ray cluster, or auto (default: one is started on this machine)")
    add("--jobs", type=positive, metavar="N",
        help="trials side by side when Ray is started here (default: its cores)")
    add("--storage", type=Path, default=Path("runs/ray"), metavar="DIR",
        help="for checkpoints; all machines must see it (default %(default)s)")
    add("--name", default="sweep", metavar="NAME", help="folder in --storage (default sweep)")
    add("--resume", action="store_true", help="go on with the sweep of that name")
    add("--grace", type=positive, default=5, metavar="N",
        help="ASHA stops no trial before N epochs; with N = --epochs none at all (default 5)")
    add("--eta", type=float, default=3, metavar="X",
        help="ASHA lets 1 of X go on at every rung (default %(default)s)")
    add("--retries", type=int, default=3, metavar="N",
        help="of a trial whose worker was lost or that failed (default %(default)s)")
    return parser.parse_known_args()


def configs_of(plan):
    """What each trial is given."""
    return [
        {
            "program": str(plan.program),
            "options": plan.options(setting, seed),
            "setting": setting,
            "seed": seed,
            "epochs": plan.epochs(setting),
        }
        for setting, seed in plan.trials()
    ]


def tuner_of(given, plan):
    storage = given.storage.resolve()
    trainable = tune.with_resources(TrainingTrial, {"cpu": 1})
    if given.resume:
        folder = str(storage / given.name)
        if not tune.Tuner.can_restore(folder):
            raise SweepError(f"there is no sweep to resume in {folder}")
        return tune.Tuner.restore(folder, trainable, resume_unfinished=True, resume_errored=True)
    if (storage / given.name).exists():
        raise SweepError(
            f"{storage / given.name} is there already: --resume goes on with it, "
            "another --name begins anew"
        )
    longest = max(config["epochs"] for config in configs_of(plan))
    scheduler = ASHAScheduler(
        time_attr="training_iteration",
        max_t=longest,
        grace_period=min(given.grace, longest),
        reduction_factor=given.eta,
    )
    return tune.Tuner(
        trainable,
        param_space={"trial": tune.grid_search(configs_of(plan))},
        tune_config=tune.TuneConfig(
            metric="val_accuracy",
            mode="max",
            scheduler=scheduler,
            reuse_actors=True,
            trial_name_creator=name_of,
            trial_dirname_creator=directory_of,
        ),
        run_config=tune.RunConfig(
            name=given.name,
            storage_path=str(storage),
            failure_config=tune.FailureConfig(max_failures=given.retries),
            # All are kept: Tune's own record, which --resume reads, lags behind by many of them.
            checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=plan.checkpoint_every()),
            callbacks=[Progress()],
            verbose=0,
        ),
    )


def outcome_of(result):
    config, found = result.config["trial"], result.metrics or {}
    epochs = found.get("training_iteration", 0)
    return Outcome(
        setting=config["setting"],
        seed=config["seed"],
        epochs=epochs,
        accuracy=found.get("val_accuracy", 0.0),
        state="failed" if result.error else found.get("state", "unfinished"),
        weights_sha256=found.get("weights_sha256", ""),
        resumed_after=found.get("resumed_after", 0),
    )


def main():
    given, words = parse_arguments()
    plan = sweep_common.plan_of(given.program, words)
    say(f"{len(plan.settings)} settings x {len(plan.seeds)} seeds = {len(plan.trials())} trials")
    if given.address:
        ray.init(given.address, log_to_driver=False, logging_level="error")
    else:
        ray.init(
            num_cpus=given.jobs,
            object_store_memory=OBJECT_STORE_BYTES,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
        )
    results = tuner_of(given, plan).fit()
    ray.shutdown()
    outcomes = [outcome_of(result) for result in results]
    sweep_common.write_trials(given.storage / given.name / "trials.csv", outcomes)
    sweep_common.print_outcomes(plan, outcomes)


if __name__ == "__main__":
    sweep_common.run_as_program("sweep_ray", main)
