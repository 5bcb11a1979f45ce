"""What the tests of the sweep scripts share. Each is run as: TEST PROGRAM [unittest options]"""

import csv
import functools
import json
import os
import subprocess
import sys
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 300  # seconds until a test gives up: far more than it takes
PROGRAM = None
TRIAL = ["--val-split", "5000", "--train-limit", "20000"]
LONG = ["--epochs", "15", *TRIAL]  # long enough to be killed or stopped in the midst of it


class PatientTest(unittest.TestCase):
    def wait_for(self, condition, *arguments):
        """What the condition says once it says something."""
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            found = condition(*arguments)
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError("waited in vain")


@functools.cache
def direct_run(*options):
    """The last epoch event of the program, run without a sweep."""
    command = [PROGRAM, "--json", "--no-output", "--threads", "1", "--device", "cpu", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"status {done.returncode} from {command}:\n{done.stderr}")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return [event for event in events if event["event"] == "epoch"][-1]


def read_trials(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def processes():
    """(process, words of its command line) of all that live."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
        except OSError:  # it has ended
            continue
        if words:  # else a zombie or the kernel's own
            yield int(entry.name), words


def parent_of(process):
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("PPid:")[1].split()[0])


def main():
    global PROGRAM
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(f"usage: {sys.argv[0]} PROGRAM [unittest options]")
    PROGRAM = str(Path(sys.argv.pop(1)).resolve())
    os.environ["OMP_NUM_THREADS"] = "1"
    unittest.main(module="__main__")
