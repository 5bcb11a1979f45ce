"""Starts the book's script and fmnist-train and reads the JSON lines both print per epoch."""

import argparse
import contextlib
import gzip
import json
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "bench" / "book.py"
DATA_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
# Would decide over thread counts behind the options' back.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


DIVERGED = 6  # the program's status when the training loss is no longer finite


class RunFailed(Exception):
    """A sentence about a run that did not give its results."""


class Diverged(RunFailed):
    """A run that did not because training diverged."""


@dataclass(frozen=True)
class Setting:
    """The book's script (engine None) or the program, with what its speed depends on."""

    threads: int
    engine: str | None = None
    workers: int = 0

    @property
    def label(self):
        threads = f"{self.threads} thread" + ("s" if self.threads > 1 else "")
        if self.engine:
            return f"program, {self.engine}, {threads}"
        return f"script, {threads}, {self.workers} worker" + ("" if self.workers == 1 else "s")


@dataclass(frozen=True)
class Bench:
    """Where the two are, and the data: as it is for the program, as torchvision wants it."""

    program: Path
    python: Path
    data_dir: Path
    torchvision_dir: Path | None
    recipe: tuple[str, ...] = ()  # options that script and program both take

    def command(self, setting, epochs, seed, options=()):
        common = ["--epochs", str(epochs), "--threads", str(setting.threads), "--seed", str(seed)]
        common += self.recipe
        if setting.engine:
            own = ["--engine", setting.engine, "--device", "cpu", "--data-dir", str(self.data_dir)]
            return [str(self.program), *common, *own, *options, "--no-output", "--json"]
        own = ["--workers", str(setting.workers), "--data-dir", str(self.torchvision_dir)]
        return [str(self.python), str(SCRIPT), *common, *own, "--json"]

    def run(self, setting, epochs, seed=0, options=()):
        """One run to its end: its epoch events, of which there are `epochs`. The program takes
        further `options`."""
        command = self.command(setting, epochs, seed, options)
        try:
            done = subprocess.run(command, env=environment(), capture_output=True, text=True)
        except OSError as error:
            raise RunFailed(f"cannot start {command[0]}: {error.strerror}") from error
        if done.returncode != 0:
            last = (done.stderr.strip() or "it said nothing").splitlines()[-1]
            kind = Diverged if setting.engine and done.returncode == DIVERGED else RunFailed
            raise kind(f"{setting.label} ended with status {done.returncode}: {last}")
        events = [json.loads(line) for line in done.stdout.splitlines()]
        if setting.engine:
            check_engine(setting, events[0]["engine"])
        found = [event for event in events if event["event"] == "epoch"]
        if len(found) != epochs:
            raise RunFailed(f"{setting.label} told of {len(found)} epochs, expected {epochs}")
        return found


def check_engine(setting, used):
    """Refuses figures of another engine or thread count than asked for."""
    if setting.engine not in ("auto", used["name"]) or setting.threads != used["threads"]:
        raise RunFailed(
            f"{setting.label} ran the engine {used['name']} with {used['threads']} threads instead"
        )


def environment():
    return {key: value for key, value in os.environ.items() if key not in THREAD_VARIABLES}


@contextlib.contextmanager
def torchvision_folder(data_dir):
    """A temporary copy of the data set, unpacked where torchvision.datasets looks for it."""
    with tempfile.TemporaryDirectory(prefix="fmnist-") as folder:
        raw = Path(folder) / "FashionMNIST" / "raw"
        raw.mkdir(parents=True)
        for name in DATA_FILES:
            plain, packed = data_dir / name, data_dir / f"{name}.gz"
            if not plain.exists() and not packed.exists():
                raise RunFailed(f"{data_dir} has neither {name} nor {name}.gz")
            with open(plain, "rb") if plain.exists() else gzip.open(packed) as source:
                with open(raw / name, "wb") as target:
                    shutil.copyfileobj(source, target)
        yield Path(folder)


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def add_place_options(parser):
    """Options for what `Bench` holds."""
    parser.add_argument(
        "--program",
        type=Path,
        default=ROOT / "build" / "release" / "fmnist-train",
        metavar="FILE",
        help="default build/release/fmnist-train",
    )
    parser.add_argument(
        "--python",
        type=Path,
        default=ROOT / ".deps" / "python" / "bin" / "python",
        metavar="FILE",
        help="a Python with torch and torchvision (default .deps/python/bin/python)",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path("/usr/share/datasets/fashion-mnist"),
        metavar="DIR",
        help="the four IDX files, raw or .gz (default %(default)s)",
    )


def output_of(command):
    """Standard output of a command, or a RunFailed that names it."""
    try:
        done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    except OSError as error:
        raise RunFailed(f"cannot start {command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        raise RunFailed(f"{command[0]} ended with status {done.returncode}")
    return done.stdout.strip()


def machine():
    model = platform.machine()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release()}",
        "load": round(os.getloadavg()[0], 2),
    }


def versions(bench):
    code = (
        "import platform, torch, torchvision;"
        "print(platform.python_version(), torch.__version__, torchvision.__version__)"
    )
    python, torch, torchvision = output_of([str(bench.python), "-c", code]).split()
    program = output_of([str(bench.program), "--version"]).splitlines()[0]
    return {"program": program, "python": python, "torch": torch, "torchvision": torchvision}


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}
