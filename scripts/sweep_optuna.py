#!/usr/bin/env python3
"""Runs a sweep from an Optuna storage: the same command on any number of machines pulls its trials.

The first process writes the plan into the storage, every process takes one trial after the other
and leaves when all are done; an Optuna pruner stops the worse ones. A trial whose process was
killed is taken over by another, which goes on from its state in --runs.
"""

import hashlib
import json
import signal
import sys
import time
from pathlib import Path

import optuna
import sqlalchemy
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

import sweep_common
from sweep_common import Outcome, SweepError, label_of, positive

PLANNED = "plan"  # a study attribute, written once all trials are in the storage
HEARTBEAT = "heartbeat"  # a trial attribute: the clock's seconds when its process was last heard of
RETRIES = 1  # of a trial that failed
TABLES_ATTEMPTS = 5
POLL = 1.0  # seconds between two looks at other processes' trials


def say(text):
    print(f"sweep_optuna: {text}", file=sys.stderr, flush=True)


def parse_arguments():
    parser = sweep_common.plan_parser(__doc__)
    add = parser.add_argument
    add("--storage", default="runs/optuna/journal.log", metavar="FILE|URL",
        help="a journal file that all machines see, or the URL of a database, such as "
        "postgresql://user@host/name (default %(default)s)")
    add("--name", default="sweep", metavar="NAME", help="of the study (default %(default)s)")
    add("--runs", type=Path, default=Path("runs/optuna"), metavar="DIR",
        help="of the trials' run directories; all machines should see it (default %(default)s)")
    add("--pruner", choices=("median", "halving", "none"), default="median",
        help="Optuna's MedianPruner, SuccessiveHalvingPruner or none (default %(default)s)")
    add("--grace", type=positive, default=5, metavar="N",
        help="no trial is pruned before N epochs (default %(default)s)")
    add("--stale", type=positive, default=120, metavar="SECONDS",
        help="a trial of which nothing was heard for so long, several times an epoch, "
        "is taken over (default %(default)s)")
    return parser.parse_known_args()


def pruner_of(given):
    if given.pruner == "median":
        return optuna.pruners.MedianPruner(n_warmup_steps=given.grace)
    if given.pruner == "halving":
        return optuna.pruners.SuccessiveHalvingPruner(min_resource=given.grace, reduction_factor=3)
    return optuna.pruners.NopPruner()


def database(url):
    """Processes that start together all try to make its tables: who comes second tries again."""
    for attempt in range(TABLES_ATTEMPTS):
        try:
            return RDBStorage(url)
        except ImportError as error:
            raise SweepError(f"cannot use the storage {url}: {error}") from error
        except sqlalchemy.exc.DBAPIError as error:
            if attempt + 1 == TABLES_ATTEMPTS:
                raise SweepError(f"cannot use the storage {url}: {error.orig}") from error
            time.sleep(POLL)


def storage_of(given):
    if "://" in given.storage:
        return database(given.storage)
    Path(given.storage).parent.mkdir(parents=True, exist_ok=True)
    return JournalStorage(JournalFileBackend(given.storage))


class Sweep:
    """One process's part in a study that holds the whole plan."""

    def __init__(self, given, plan):
        self._given = given
        self._plan = plan
        self._sampler = optuna.samplers.RandomSampler()  # never asked: all trials are in the plan
        self._study = self._join()

    def _join(self):
        """The study, with all trials in it: creating it succeeds in one process only."""
        storage = storage_of(self._given)
        options = {"sampler": self._sampler, "pruner": pruner_of(self._given)}
        try:
            study = optuna.create_study(
                study_name=self._given.name, storage=storage, direction="maximize", **options
            )
        except optuna.exceptions.DuplicatedStudyError:
            study = optuna.load_study(study_name=self._given.name, storage=storage, **options)
            self._check_plan(study)
            return study
        for number in range(len(self._plan.trials())):
            study.enqueue_trial({"trial": number}, user_attrs={"trial": number})
        study.set_user_attr(PLANNED, self._digest())
        return study

    def _digest(self):
        """By which two processes' plans are compared."""
        words = [self._plan.options(setting, seed) for setting, seed in self._plan.trials()]
        return hashlib.sha256(json.dumps(words).encode()).hexdigest()

    def _check_plan(self, study):
        give_up = time.monotonic() + self._given.stale
        while PLANNED not in study.user_attrs:
            if time.monotonic() > give_up:
                raise SweepError(
                    f"the process that began the study {self._given.name} did not write its whole "
                    "plan; begin anew with another --name"
                )
            time.sleep(POLL)
        if study.user_attrs[PLANNED] != self._digest():
            raise SweepError(
                f"the study {self._given.name} has another plan; give the options it was begun "
                "with, or another --name"
            )

    def run(self):
        """Takes trials until every one is done, here or elsewhere."""
        while True:
            self._take_over_stale()
            trials = self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
            if trials:
                self._run_next()
            elif self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                time.sleep(POLL)
            else:
                return

    def _take_over_stale(self):
        now = time.time()
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            began = trial.datetime_start.timestamp()
            if now - trial.user_attrs.get(HEARTBEAT, began) < self._given.stale:
                continue
            number = trial.user_attrs.get("trial")
            if number is None:
                self._tell(trial.number, state=TrialState.FAIL)
            else:
                say(f"trial {number}: its process is gone; to be resumed")
                self._give_back(number, trial)

    def _run_next(self):
        trial = self._study.ask()
        number = trial.user_attrs.get("trial")
        if number is None:  # another process took the last waiting trial, so Optuna made a new one
            self._study.tell(trial, state=TrialState.FAIL)
            return
        trial.suggest_int("trial", 0, len(self._plan.trials()) - 1)
        setting, seed = self._plan.trials()[number]
        name = f"{number:04d}-{label_of(setting)} seed={seed}".replace(" ", ",").replace("/", "_")
        options = self._plan.options(setting, seed)
        run = sweep_common.Trial(self._plan.program, options, self._given.runs / name)
        try:
            self._train(trial, run)
        except SweepError as error:
            say(f"trial {number}: {error}")
            self._give_back(number, trial, failures=1)
        except BaseException:  # this process is asked to end
            self._give_back(number, trial)
            raise
        finally:
            run.stop()

    def _train(self, trial, run):
        state, row = "finished", {}
        try:
            for row in run.epochs():
                trial.set_user_attr(HEARTBEAT, time.time())
                trial.report(row["val_accuracy"], row["epoch"])
                if trial.should_prune():
                    state = "stopped"
                    break
        except sweep_common.Diverged:
            state = "diverged"
        trial.set_user_attr("state", state)
        trial.set_user_attr("weights_sha256", row.get("weights_sha256", ""))
        trial.set_user_attr("resumed_after", run.resumed_after)
        if state == "stopped":
            self._tell(trial, state=TrialState.PRUNED)
        else:
            self._tell(trial, value=row["val_accuracy"] if state == "finished" else 0.0)
        say(f"trial {trial.user_attrs['trial']}: {state}")

    def _tell(self, trial, value=None, state=None):
        """False when another process told first."""
        try:
            self._study.tell(trial, value, state)
        except (ValueError, RuntimeError):  # Optuna's errors about a trial that has ended
            return False
        return True

    def _give_back(self, number, trial, failures=0):
        """Lets any process go on with it, unless it failed too often."""
        failures += trial.user_attrs.get("failures", 0)
        if not self._tell(trial.number, state=TrialState.FAIL):
            return
        if failures <= RETRIES:
            attributes = {"trial": number, "failures": failures}
            self._study.enqueue_trial({"trial": number}, user_attrs=attributes)

    def outcomes(self):
        """Of all trials of the plan, by what was last said of each."""
        last = {}
        for trial in self._study.get_trials(deepcopy=False):
            if "trial" in trial.user_attrs:
                last[trial.user_attrs["trial"]] = trial
        return [self._outcome(number, trial) for number, trial in sorted(last.items())]

    def _outcome(self, number, trial):
        setting, seed = self._plan.trials()[number]
        ended = trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
        return Outcome(
            setting=setting,
            seed=seed,
            epochs=trial.last_step or 0,
            accuracy=trial.intermediate_values.get(trial.last_step, 0.0),
            state=trial.user_attrs["state"] if ended else "failed",
            weights_sha256=trial.user_attrs.get("weights_sha256", ""),
            resumed_after=trial.user_attrs.get("resumed_after", 0),
        )


def end_on_sigterm(*_):
    sys.exit(128 + signal.SIGTERM)


def main():
    given, words = parse_arguments()
    plan = sweep_common.plan_of(given.program, words)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    signal.signal(signal.SIGTERM, end_on_sigterm)
    sweep = Sweep(given, plan)
    sweep.run()
    outcomes = sweep.outcomes()
    sweep_common.write_trials(given.runs / "trials.csv", outcomes)
    sweep_common.print_outcomes(plan, outcomes)


if __name__ == "__main__":
    sweep_common.run_as_program("sweep_optuna", main)
