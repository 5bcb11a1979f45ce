"""What fmnist-train writes, read by Python: interop_test.py PROGRAM

Needs the real data set, and PyTorch, torchvision and safetensors; run it with
.deps/python/bin/python (scripts/setup --python).
"""

import gzip
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))
from book import MEAN, STD, Net  # noqa: E402

DATA_DIR = Path(os.environ.get("FMNIST_DATA_DIR", "/usr/share/datasets/fashion-mnist"))
DATA_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
CLASS_NAMES = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
]
STEPS = 5
PROGRAM = None  # set from the command line


def train(output, *options):
    """Runs the program; its JSON events by name."""
    command = [PROGRAM, "--device", "cpu", "--threads", "1", "--data-dir", str(DATA_DIR)]
    command += ["--output", str(output), "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"status {done.returncode} from {command}:\n{done.stderr}")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return {event["event"]: event for event in events}


def sha256_of_tensors(state):
    """Over the bytes of the eight tensors, in the order of the Python network."""
    tensors = [state[name].contiguous().numpy() for name in Net().state_dict()]
    return hashlib.sha256(b"".join(tensor.tobytes() for tensor in tensors)).hexdigest()


def data_file(name):
    plain = DATA_DIR / name
    if plain.exists():
        return plain.read_bytes()
    return gzip.decompress((DATA_DIR / f"{name}.gz").read_bytes())


def test_split():
    pixels = torch.frombuffer(bytearray(data_file(DATA_FILES[2])[16:]), dtype=torch.uint8)
    labels = torch.frombuffer(bytearray(data_file(DATA_FILES[3])[8:]), dtype=torch.uint8)
    images = pixels.view(-1, 1, 28, 28).to(torch.float32).div(255).sub(MEAN).div(STD)
    return images, labels.long()


class TrainedModel:
    """Checks of the model that a short run leaves; the classes below choose the engine."""

    engine = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        output = Path(folder.name) / "run"
        options = ["--epochs", "1", "--limit-batches", str(STEPS), "--engine", cls.engine]
        cls.events = train(output, *options)
        cls.path = output / "model.safetensors"
        cls.state = load_file(cls.path)
        with safe_open(cls.path, framework="pt") as file:
            cls.metadata = file.metadata()
        cls.result = json.loads((output / "result.json").read_text())

    def test_strict_load_state_dict_takes_it(self):
        net = Net()
        net.load_state_dict(self.state, strict=True)
        for name, value in net.state_dict().items():
            self.assertEqual(self.state[name].dtype, torch.float32, name)
            self.assertTrue(torch.equal(value, self.state[name]), name)

    def test_is_not_the_initial_model(self):
        torch.manual_seed(0)
        for name, value in Net().state_dict().items():
            self.assertFalse(torch.equal(value, self.state[name]), name)

    def test_metadata_says_how_far_the_training_was(self):
        self.assertEqual(self.metadata["format_version"], "1")
        self.assertEqual(self.metadata["epoch"], "1")
        self.assertEqual(self.metadata["step"], str(STEPS))

    def test_metadata_holds_the_resolved_config(self):
        start = self.events["start"]
        config = json.loads(self.metadata["config"])
        self.assertEqual(config["epochs"], 1)
        self.assertEqual(config["limit_batches"], STEPS)
        self.assertEqual(config["batch_size"], 64)
        self.assertEqual(config["engine"], start["engine"]["name"])
        self.assertEqual(config["device"], start["device"]["used"])
        self.assertEqual(config["threads"], start["engine"]["threads"])
        # The other settings are the run's; wishes for one call (output, json) are left out.
        resolved = {"engine", "device", "threads"}
        self.assertNotIn("output", config)
        self.assertIn("batch_size", config)
        for key in config.keys() - resolved:
            self.assertEqual(config[key], start["config"][key], key)

    def test_metadata_says_what_goes_in_and_comes_out(self):
        self.assertEqual(json.loads(self.metadata["class_names"]), CLASS_NAMES)
        self.assertAlmostEqual(float(self.metadata["mean"]), MEAN, places=7)
        self.assertAlmostEqual(float(self.metadata["std"]), STD, places=7)

    def test_metadata_names_engine_and_versions(self):
        start = self.events["start"]
        self.assertEqual(self.metadata["engine"], start["engine"]["name"])
        if self.engine != "auto":
            self.assertEqual(self.metadata["engine"], self.engine)
        self.assertEqual(self.metadata["program_version"], start["version"])
        version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True).stdout
        self.assertIn(self.metadata["program_version"], version)
        self.assertIn(self.metadata["libtorch_version"], version)

    def test_data_sha256_is_that_of_the_four_files(self):
        digest = hashlib.sha256()
        for name in DATA_FILES:
            digest.update(data_file(name))
        self.assertEqual(self.metadata["data_sha256"], digest.hexdigest())
        self.assertEqual(self.events["start"]["data"]["sha256"], digest.hexdigest())

    def test_tensors_sha256_is_that_of_the_tensors(self):
        self.assertEqual(self.metadata["tensors_sha256"], sha256_of_tensors(self.state))

    def test_metadata_sha256_is_that_of_the_other_entries(self):
        others = {k: v for k, v in self.metadata.items() if k != "metadata_sha256"}
        text = json.dumps(others, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        expected = hashlib.sha256(text.encode()).hexdigest()
        self.assertEqual(self.metadata["metadata_sha256"], expected)

    def test_weights_sha256_of_the_results_is_that_of_the_tensors(self):
        expected = sha256_of_tensors(self.state)
        self.assertEqual(self.events["epoch"]["weights_sha256"], expected)
        self.assertEqual(self.events["result"]["weights_sha256"], expected)
        self.assertEqual(self.result["weights_sha256"], expected)

    def test_python_evaluates_it_to_the_same_figures(self):
        net = Net().eval()
        net.load_state_dict(self.state)
        images, labels = test_split()
        with torch.no_grad():
            logits = net(images)
        loss = F.cross_entropy(logits.double(), labels).item()
        accuracy = (logits.argmax(dim=1) == labels).double().mean().item()
        final = self.events["result"]["final"]
        self.assertEqual(self.result["final"], final)
        self.assertAlmostEqual(final["loss"], loss, delta=1e-5)
        self.assertAlmostEqual(final["accuracy"], accuracy, delta=1e-9)


class TorchEngineModel(TrainedModel, unittest.TestCase):
    engine = "torch"


class DefaultEngineModel(TrainedModel, unittest.TestCase):
    engine = "auto"


class InitialModel(unittest.TestCase):
    def test_has_the_bytes_of_pythons_initial_weights(self):
        for seed in (0, 42):
            with self.subTest(seed=seed), tempfile.TemporaryDirectory() as folder:
                output = Path(folder) / "run"
                events = train(output, "--epochs", "0", "--seed", str(seed))
                written = load_file(output / "model.safetensors")
                torch.manual_seed(seed)
                expected = Net().state_dict()
                self.assertEqual(set(written), set(expected))
                for name, value in expected.items():
                    self.assertEqual(
                        written[name].numpy().tobytes(), value.numpy().tobytes(), name
                    )
                self.assertEqual(events["result"]["weights_sha256"], sha256_of_tensors(expected))


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: interop_test.py PROGRAM [unittest options]")
    global PROGRAM
    PROGRAM = str(Path(sys.argv.pop(1)).resolve())
    torch.set_num_threads(1)
    unittest.main()


if __name__ == "__main__":
    main()
