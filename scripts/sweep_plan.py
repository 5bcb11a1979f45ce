#!/usr/bin/env python3
"""Writes the plan of a sweep for scripts/sweep_slurm.sbatch, and prints what came of it.

The plan holds a line per trial, the options of fmnist-train; --collect reads the run directories of
the same plan.
"""

import json
from pathlib import Path

import sweep_common
from sweep_common import Outcome, SweepError, read_epochs


def parse_arguments():
    parser = sweep_common.plan_parser(__doc__)
    parser.add_argument(
        "--collect", type=Path, metavar="DIR", help="of the run directories: prints their table"
    )
    return parser.parse_known_args()


def print_plan(plan):
    for setting, seed in plan.trials():
        options = plan.options(setting, seed)
        for option in options:
            if not option or any(letter.isspace() for letter in option):
                raise SweepError(f"'{option}' has a space, which a line of the plan cannot hold")
        print(" ".join(options))


def state_of(run):
    """By the last thing that the program said."""
    stream = run.with_name(run.name + ".jsonl")
    lines = stream.read_text().splitlines() if stream.exists() else []
    last = json.loads(lines[-1]) if lines else {}
    if last.get("event") == "error" and last["code"] == sweep_common.DIVERGED:
        return "diverged"
    finished = last.get("event") == "result" and last["status"] == "finished"
    return "finished" if finished else "unfinished"


def outcomes_of(plan, folder):
    outcomes = []
    for number, (setting, seed) in enumerate(plan.trials(), start=1):
        run = folder / f"{number:04d}"
        rows = read_epochs(run)
        last = rows[-1] if rows else {"epoch": 0, "val_accuracy": 0.0, "weights_sha256": ""}
        state = state_of(run)
        figures = (last["epoch"], last["val_accuracy"], state, last["weights_sha256"])
        outcomes.append(Outcome(setting, seed, *figures))
    return outcomes


def main():
    given, words = parse_arguments()
    plan = sweep_common.plan_of(given.program, words)
    if given.collect is None:
        print_plan(plan)
        return
    if not given.collect.is_dir():
        raise SweepError(f"there is no folder {given.collect}")
    outcomes = outcomes_of(plan, given.collect)
    sweep_common.write_trials(given.collect / "trials.csv", outcomes)
    sweep_common.print_outcomes(plan, outcomes)


if __name__ == "__main__":
    sweep_common.run_as_program("sweep_plan", main)
