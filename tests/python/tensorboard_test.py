"""What fmnist-train --tensorboard writes, read by TensorBoard: tensorboard_test.py PROGRAM

Needs the real data set, and PyTorch, safetensors and tensorboard; run it with
.deps/python/bin/python (scripts/setup --python).
"""

import io
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

sys.path.insert(0, str(Path(__file__).resolve().parent))
import interop_test  # noqa: E402
from interop_test import DATA_DIR  # noqa: E402

BATCHES = 50
LOG_EVERY = 20
FILTERS = "conv1/filters"
PIXELS, GAP, SIDE = 8, 8, 5  # of a weight, between filters, weights of a filter


def train(output, *options):
    """Runs the program; its epoch events."""
    command = [interop_test.PROGRAM, "--device", "cpu", "--threads", "1", "--json"]
    command += ["--data-dir", str(DATA_DIR), "--output", str(output), *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"status {done.returncode} from {command}:\n{done.stderr}")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return [event for event in events if event["event"] == "epoch"]


def read(output):
    events = EventAccumulator(
        str(output / "tensorboard"), size_guidance={"scalars": 0, "images": 0}
    )
    events.Reload()
    return events


def weights_in(picture):
    """The 10 x 5 x 5 grey values at the middles of the drawn weights."""
    grey = np.asarray(Image.open(io.BytesIO(picture.encoded_image_string)))
    pitch = SIDE * PIXELS + GAP
    places = np.arange(SIDE) * PIXELS + PIXELS // 2 + GAP
    filters = [
        grey[np.ix_(row * pitch + places, column * pitch + places)]
        for row in range(2)
        for column in range(5)
    ]
    return np.stack(filters).astype(float)


class EventFiles(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.output = Path(folder.name) / "run"
        self.options = ["--tensorboard", "--limit-batches", str(BATCHES)]
        self.options += ["--log-every", str(LOG_EVERY)]

    def check_scalars(self, tag, expected):
        """`expected`: pairs of step and value, in order, each once."""
        found = read(self.output).Scalars(tag)
        self.assertEqual([event.step for event in found], [step for step, _ in expected], tag)
        for event, (_, value) in zip(found, expected):
            self.assertEqual(event.value, np.float32(value), tag)

    def test_scalars_are_the_figures_of_the_results(self):
        epochs = train(self.output, *self.options, "--epochs", "3", "--lr-schedule", "cosine")
        keys = {
            "loss/train": lambda epoch: epoch["train"]["loss"],
            "loss/test": lambda epoch: epoch["test"]["loss"],
            "accuracy/train": lambda epoch: epoch["train"]["accuracy"],
            "accuracy/test": lambda epoch: epoch["test"]["accuracy"],
            "learning_rate": lambda epoch: epoch["lr"],
            "images_per_second": lambda epoch: epoch["images_per_second"],
        }
        for tag, value in keys.items():
            self.check_scalars(tag, [(epoch["step"], value(epoch)) for epoch in epochs])
        self.assertEqual(set(read(self.output).Tags()["scalars"]), {*keys, "loss/train_interval"})

    def test_intervals_are_the_lines_of_the_log(self):
        train(self.output, *self.options, "--epochs", "2")
        log = (self.output / "train.log").read_text().splitlines()
        losses = [float(line.split("Loss:")[1]) for line in log if "Train Epoch" in line]
        found = read(self.output).Scalars("loss/train_interval")
        self.assertEqual([event.step for event in found], [20, 40, 50, 70, 90, 100])
        np.testing.assert_allclose([event.value for event in found], losses, atol=1e-6)

    def test_validation_has_its_own_tags(self):
        epochs = train(self.output, *self.options, "--epochs", "1", "--val-split", "1000")
        self.check_scalars("loss/val", [(BATCHES, epochs[0]["val"]["loss"])])
        self.check_scalars("accuracy/val", [(BATCHES, epochs[0]["val"]["accuracy"])])
        self.assertNotIn("loss/test", read(self.output).Tags()["scalars"])

    def test_pictures_show_the_filters_from_the_start_to_the_end(self):
        train(self.output, *self.options, "--epochs", "2")
        pictures = read(self.output).Images(FILTERS)
        self.assertEqual([picture.step for picture in pictures], [0, BATCHES, 2 * BATCHES])
        weights = load_file(self.output / "model.safetensors")["conv1.weight"].numpy()
        drawn = 127.5 + 127.5 * weights[:, 0] / np.abs(weights).max()
        np.testing.assert_allclose(weights_in(pictures[-1]), drawn, atol=0.51)
        self.assertGreater(np.abs(weights_in(pictures[0]) - drawn).max(), 2.0)

    def test_a_resumed_run_goes_on_where_the_first_ended(self):
        epochs = train(self.output, *self.options, "--epochs", "1")
        epochs += train(self.output, "--resume", "--epochs", "3")  # --tensorboard is remembered
        self.assertEqual(len(list((self.output / "tensorboard").iterdir())), 2)
        expected = [(epoch["step"], epoch["test"]["loss"]) for epoch in epochs]
        self.assertEqual(len(expected), 3)
        self.check_scalars("loss/test", expected)

    def test_steps_done_twice_after_a_kill_count_once(self):
        epochs = train(self.output, *self.options, "--epochs", "1")
        state = self.output / "last.safetensors"
        kept = state.with_name("kept")
        shutil.copy(state, kept)
        train(self.output, "--resume", "--epochs", "3")
        kept.rename(state)  # as if killed before it was written again
        epochs += train(self.output, "--resume", "--epochs", "3")
        expected = [(epoch["step"], epoch["test"]["loss"]) for epoch in epochs]
        self.check_scalars("loss/test", expected)
        steps = [picture.step for picture in read(self.output).Images(FILTERS)]
        self.assertEqual(steps, [0, BATCHES, 2 * BATCHES, 3 * BATCHES])

    def test_an_overwritten_run_leaves_no_events(self):
        train(self.output, *self.options, "--epochs", "3")
        epochs = train(self.output, *self.options, "--epochs", "1", "--overwrite")
        self.check_scalars("loss/test", [(BATCHES, epochs[0]["test"]["loss"])])


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: tensorboard_test.py PROGRAM [unittest options]")
    interop_test.PROGRAM = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()


if __name__ == "__main__":
    main()
