"""What the sweep scripts share: the plan of a sweep, a trial as a child process, the closing table.

A trial is one setting with one seed: one run of fmnist-train on one core, which can be stopped and
resumed at any time.
"""

import argparse
import csv
import itertools
import json
import math
import random
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
OWN_OPTIONS = ("--output", "--no-output", "--overwrite", "--resume", "--seed", "--max-time")
LONGEST_EXIT = 10  # seconds from SIGTERM to SIGKILL


class SweepError(Exception):
    """A sentence for the person who started the sweep."""


class Diverged(Exception):
    """The training loss or a weight is no longer finite: a result, not a failure."""


# --- The plan ---


@dataclass(frozen=True)
class Axis:
    """One varied option: its values as written on a command line, or a range to draw from."""

    name: str
    values: tuple = ()
    low: float = 0.0
    high: float = 0.0
    logarithmic: bool = False
    whole: bool = False  # whole numbers only

    def at(self, share):
        """The value at a share in [0, 1] of the range."""
        if self.logarithmic:
            value = math.exp(
                math.log(self.low) + share * (math.log(self.high) - math.log(self.low))
            )
        else:
            value = self.low + share * (self.high - self.low)
        return str(round(value)) if self.whole else f"{value:.6g}"


def parse_vary(text):
    """`lr=0.005,0.01`, `lr=0.001..0.1:log:7` (7 values) or `lr=0.001..0.1:log` (to be drawn)."""
    name, equals, written = text.partition("=")
    name = name.lstrip("-").replace("_", "-")
    if not equals or not name or not written:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUES, such as lr=0.005,0.01")
    if name == "seed":
        raise argparse.ArgumentTypeError("seed is not varied: --seeds N takes the seeds 0 to N - 1")
    if name == "val-split":
        raise argparse.ArgumentTypeError("val-split is not varied: by it settings are compared")
    if ".." not in written:
        return Axis(name, tuple(written.split(",")))
    range_, scale, *number = written.split(":") + [""] * (":" not in written)
    low, high = range_.split("..", 1)
    whole = low.isdecimal() and high.isdecimal()
    try:
        axis = Axis(name, (), float(low), float(high), scale == "log", whole)
        steps = int(number[0]) if number else 0
    except ValueError:
        steps = -1
    if steps < 0 or steps == 1 or len(number) > 1 or scale not in ("log", "lin"):
        raise argparse.ArgumentTypeError(
            f"'{text}' is no range: LOW..HIGH:log or LOW..HIGH:lin, then :N for N values (from 2)"
        )
    if not axis.low < axis.high or (axis.logarithmic and axis.low <= 0):
        raise argparse.ArgumentTypeError(f"the range of '{text}' is empty or starts below :log's 0")
    if steps:
        values = dict.fromkeys(axis.at(step / (steps - 1)) for step in range(steps))
        return Axis(name, tuple(values))
    return axis


def settings_of(axes, trials, draw):
    """Every combination of the axes' values, or, with `trials`, so many random ones."""
    names = [axis.name for axis in axes]
    if len(set(names)) < len(names):
        raise SweepError("an option is varied twice; give all its values in one --vary")
    if trials is None:
        for axis in axes:
            if not axis.values:
                raise SweepError(
                    f"{axis.name} has a range without a number of values: append :N, "
                    "or give --search random --trials N"
                )
        combinations = itertools.product(*(axis.values for axis in axes))
    else:
        source = random.Random(draw)
        combinations = [
            tuple(
                source.choice(axis.values) if axis.values else axis.at(source.random())
                for axis in axes
            )
            for _ in range(trials)
        ]
    return [dict(zip(names, values)) for values in dict.fromkeys(combinations)]


def label_of(setting):
    return " ".join(f"{name}={value}" for name, value in setting.items())


@dataclass(frozen=True)
class Plan:
    """All trials of a sweep: every setting with every seed, on the same base options."""

    program: Path
    settings: list
    seeds: int
    defaults: dict  # options that a setting may override
    base: list  # further options, as written

    def trials(self):
        """(setting, seed) of every trial; all settings with a seed before any with the next."""
        return [(setting, seed) for seed in range(self.seeds) for setting in self.settings]

    def options(self, setting, seed):
        options = {**self.defaults, **setting, "seed": seed}
        return [f"--{name}={value}" for name, value in options.items()] + self.base

    def retrain_command(self, setting):
        """Trains on all training images; the first time that the test images have a say."""
        options = {"epochs": self.defaults["epochs"], **setting}
        words = [self.program, *(f"--{name}={value}" for name, value in options.items())]
        return shlex.join(str(word) for word in [*words, *self.base, "--output=runs/winner"])

    def validate(self):
        """Lets the program check every setting before the first trial."""
        for setting in self.settings:
            command = [self.program, *self.options(setting, 0), "--print-config"]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                raise SweepError(f"{label_of(setting)}: {done.stderr.strip()}")


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def plan_parser(description):
    """A parser of the options by which a sweep is planned; what it leaves over is the program's."""
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--vary", type=parse_vary, action="append", required=True, metavar="NAME=VALUES",
        help="an option and its values: lr=0.005,0.01 or lr=1e-3..1e-1:log:7 (or :lin:7); "
        "repeat for more options")
    add("--seeds", type=positive, default=3, metavar="N", help="per setting (default %(default)s)")
    add("--search", choices=("grid", "random"), default="grid",
        help="all combinations, or --trials N of them at random (default grid)")
    add("--trials", type=positive, metavar="N",
        help="with --search random; ranges then need no number of values")
    add("--draw", type=int, default=0, metavar="N", help="seed of that draw (default %(default)s)")
    add("--epochs", type=positive, default=40, metavar="N", help="default %(default)s")
    add("--val-split", type=positive, default=5000, metavar="N",
        help="training images held out, by which settings are compared (default %(default)s)")
    add("--checkpoint-every", type=positive, default=1, metavar="N",
        help="epochs between two states of a trial; more where storage is slow (default 1)")
    add("--program", type=Path, default=ROOT / "build" / "release" / "fmnist-train",
        metavar="FILE", help="default build/release/fmnist-train")
    return parser


def plan_of(given, base):
    """The validated plan from parsed arguments and those left over for the program."""
    for word in base:
        if word.split("=")[0].replace("_", "-") in OWN_OPTIONS:
            raise SweepError(f"{word} is the sweep's own to give")
    if (given.search == "random") != (given.trials is not None):
        raise SweepError("--search random and --trials N belong together")
    if not given.program.is_file():
        raise SweepError(
            f"there is no {given.program}; run scripts/build release, or give --program"
        )
    defaults = {"epochs": given.epochs, "val-split": given.val_split, "threads": 1}
    defaults |= {"device": "cpu", "checkpoint-every": given.checkpoint_every}
    settings = settings_of(given.vary, given.trials, given.draw)
    plan = Plan(given.program.resolve(), settings, given.seeds, defaults, base)
    plan.validate()
    return plan


# --- A trial ---


def read_epochs(run):
    """What metrics.csv says of every finished epoch of a run directory that has a state."""
    if not (run / STATE).exists():
        return []
    with open(run / METRICS, newline="") as file:
        return [
            {
                "epoch": int(row["epoch"]),
                "val_accuracy": float(row["accuracy"]),
                "val_loss": float(row["loss"]),
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
        sound = len(found) == plan.seeds and all(
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
    print(f"\nvalidation accuracy in percent after the last epoch, {plan.seeds} seeds:\n")
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
