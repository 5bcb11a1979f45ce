"""What the sweep scripts share: the plan of a sweep, a trial as a child process, the closing table.

A trial is one setting with one seed: one run of fmnist-train on one core, which can be stopped and
resumed at any time.
"""

import argparse
import csv
import json
import math
import shlex
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = "last.safetensors"
METRICS = "metrics.csv"
STATE_FILES = (STATE, METRICS, "config.toml")  # all that --resume needs, in the order to copy them
DIVERGED = 6  # the exit status
# Of fmnist-train sweep, which does them itself: they would do nothing here.
OPTIONS_OF_ONE_MACHINE = ("--output", "--overwrite", "--resume", "--jobs", "--halving", "--final")
OPTIONS_OF_TRIALS = ("val-split", "threads", "checkpoint-every")  # not of the winner's training
LONGEST_EXIT = 10  # seconds from SIGTERM to SIGKILL
EPILOG = """
All other options are those of fmnist-train sweep, which plans the trials: --vary, --seeds,
--search, --epochs and what else fmnist-train sweep --help lists. Trials run on the CPU unless
--device names another.
"""


class SweepError(Exception):
    """A sentence for the person who started the sweep."""


class Diverged(Exception):
    """The training loss or a weight is no longer finite: a result, not a failure."""


# --- The plan ---


class Plan:
    """All trials of a sweep: every setting with every seed, as `fmnist-train sweep` plans them."""

    def __init__(self, program, event):
        typed = event["typed"]  # options and their values as one types them
        self.program = program
        self.settings = typed["settings"]
        self.seeds = event["seeds"]
        self._base = typed["base"]
        self._epochs = event["base"].get("epochs")

    def trials(self):
        """(setting, seed) of every trial; all settings with a seed before any with the next."""
        return [(setting, seed) for seed in self.seeds for setting in self.settings]

    def options(self, setting, seed):
        return options_of({"device": "cpu", **self._base, **setting, "seed": seed})

    def epochs(self, setting):
        return int(setting.get("epochs", self._epochs))

    def checkpoint_every(self):
        """Epochs between two states of a trial."""
        text = self._base.get("checkpoint-every", "1")
        return 1 if text.endswith("b") else int(text)  # b: so many batches

    def retrain_command(self, setting):
        """Trains on all training images; the first time that the test images have a say."""
        base = {name: text for name, text in self._base.items() if name not in OPTIONS_OF_TRIALS}
        words = [str(self.program), *options_of({**setting, **base}), "--output=runs/winner"]
        return shlex.join(words)


def options_of(values):
    return [f"--{name}={value}" for name, value in values.items()]


def label_of(setting):
    return " ".join(f"{name}={value}" for name, value in setting.items())


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def plan_parser(description):
    """A parser of a script's own options; what it leaves over plans the sweep."""
    parser = argparse.ArgumentParser(
        usage="%(prog)s [options] --vary NAME=VALUES [options of fmnist-train sweep]",
        description=description,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--program", type=Path, default=ROOT / "build" / "release" / "fmnist-train",
        metavar="FILE", help="default build/release/fmnist-train")
    return parser


def plan_of(program, words):
    """The plan that the program makes of the words. What it refuses ends this script as well."""
    for word in words:
        if word.split("=")[0] in OPTIONS_OF_ONE_MACHINE:
            raise SweepError(f"{word} is for a sweep on one machine: fmnist-train sweep")
    program = program.resolve()
    command = [program, "sweep", "--plan", "--json", *words]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    except OSError as error:
        raise SweepError(
            f"cannot run {program}: {error.strerror}; run scripts/build release, or give --program"
        ) from error
    if done.returncode != 0:
        sys.exit(done.returncode)  # the program has said why
    try:
        return Plan(program, json.loads(done.stdout))
    except (ValueError, KeyError) as error:
        raise SweepError(
            f"{program} did not print a plan that this script can read; run scripts/build release"
        ) from error


# --- A trial ---


def number(text):
    """A figure of metrics.csv; one that is not finite stands there as null."""
    return math.nan if text == "null" else float(text)


def read_epochs(run):
    """What metrics.csv says of every finished epoch of a run directory that has a state."""
    if not (run / STATE).exists():
        return []
    with open(run / METRICS, newline="") as file:
        return [
            {
                "epoch": int(row["epoch"]),
                "val_accuracy": number(row["accuracy"]),
                "val_loss": number(row["loss"]),
                "weights_sha256": row["weights_sha256"],
            }
            for row in csv.DictReader(file)
        ]


class Trial:
    """One training run as a child process that never outlives its parent."""

    def __init__(self, program, options, directory):
        self._program = program
        self._options = options
        self._directory = Path(directory)
        self._child = None
        self.resumed_after = 0  # epochs that an earlier child had finished

    def epochs(self):
        """Yields {epoch, val_accuracy, val_loss, weights_sha256} of every epoch, from the first on.

        Those that an earlier child finished come from metrics.csv; epochs that its state lacks
        are repeated with the same results, and yielded once.
        """
        done = 0
        for row in read_epochs(self._directory):
            self.resumed_after = done = row["epoch"]
            yield row
        self._start()
        found = None  # an epoch that is yielded once its state is written, or none is to be
        for line in self._child.stdout:
            event = json.loads(line)
            if found and event["event"] in ("checkpoint", "epoch", "result"):
                yield found
                found = None
            if event["event"] == "epoch" and event["epoch"] > done:
                done = event["epoch"]
                found = {
                    "epoch": done,
                    "val_accuracy": event["val"]["accuracy"],
                    "val_loss": event["val"]["loss"],
                    "weights_sha256": event["weights_sha256"],
                }
        self._end()

    def stop(self):
        """Ends the child, if it runs, after a resumable checkpoint."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.communicate(timeout=LONGEST_EXIT)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.communicate()
        self._child = None

    def _start(self):
        # setpriv makes the kernel send SIGTERM when the parent dies, however it dies.
        command = ["setpriv", "--pdeathsig", "TERM", self._program, "--json", "--quiet"]
        command += ["--output", self._directory]
        if (self._directory / STATE).exists():
            command += ["--resume"]
        else:
            self._directory.mkdir(parents=True, exist_ok=True)
            command += ["--overwrite", *self._options]
        self._child = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def _end(self):
        _, log = self._child.communicate()
        status = self._child.returncode
        self._child = None
        if status == DIVERGED:
            raise Diverged()
        if status != 0:
            raise SweepError(f"{self._program} ended with status {status}: {log.strip()}")


# --- What came of it ---


@dataclass(frozen=True)
class Outcome:
    """What a trial reached: its validation accuracy after the last epoch that it was given."""

    setting: dict
    seed: int
    epochs: int
    accuracy: float
    state: str  # finished, stopped (early), diverged, failed or unfinished
    weights_sha256: str = ""  # after its last epoch
    resumed_after: int = 0  # epochs, the last time


def ranked(plan, outcomes):
    """(setting, outcomes) of every setting, best first.

    Settings are only compared at equal length: one whose trials were stopped early ranks below all
    that were not, and one with a diverged, failed or missing trial below those.
    """

    def rank(entry):
        _, found = entry
        sound = len(found) == len(plan.seeds) and all(
            one.state in ("finished", "stopped") for one in found
        )
        if not sound:
            return (1, 0, 0.0)
        mean = statistics.fmean(one.accuracy for one in found)
        return (0, -min(one.epochs for one in found), -mean)

    entries = [(setting, [one for one in outcomes if one.setting == setting])
               for setting in plan.settings]
    return sorted(entries, key=rank)


def write_trials(path, outcomes):
    columns = ["setting", "seed", "epochs", "val_accuracy", "state", "resumed_after"]
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*columns, "weights_sha256"])
        for one in sorted(outcomes, key=lambda one: (label_of(one.setting), one.seed)):
            figures = [label_of(one.setting), one.seed, one.epochs, one.accuracy, one.state]
            writer.writerow([*figures, one.resumed_after, one.weights_sha256])


def row_of(setting, found):
    states = [one.state for one in found]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    figures = [100 * one.accuracy for one in found if one.state in ("finished", "stopped")]
    mean = f"{statistics.fmean(figures):.2f}" if figures else ""
    spread = f"{statistics.stdev(figures):.2f}" if len(figures) > 1 else ""
    epochs = sorted({one.epochs for one in found}) or [0]
    length = f"{epochs[0]}" if len(epochs) == 1 else f"{epochs[0]}-{epochs[-1]}"
    return f"| {label_of(setting)} | {mean} | {spread} | {length} | {counts} |"


def print_outcomes(plan, outcomes):
    """The table of settings, best first, and the command that retrains the first."""
    table = ranked(plan, outcomes)
    print(f"\nvalidation accuracy in percent after the last epoch, {len(plan.seeds)} seeds:\n")
    print("| setting | mean | sd | epochs | trials |\n|---|---|---|---|---|")
    for setting, found in table:
        print(row_of(setting, found))
    best, found = table[0]
    if not any(one.state == "finished" for one in found):
        print("\nno setting has a finished trial: nothing to retrain")
        return
    print(f"\nto train the first on all training images:\n  {plan.retrain_command(best)}")


def run_as_program(name, main):
    """Runs main(); its SweepError ends the program as a sentence."""
    try:
        main()
    except SweepError as error:
        sys.exit(f"{name}: {error}")
