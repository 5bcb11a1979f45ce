"""What fmnist-train evaluate says, against scikit-learn and PyTorch: evaluate_test.py PROGRAM

Needs the real data set, and PyTorch, safetensors and scikit-learn; run it with
.deps/python/bin/python (scripts/setup --python).
"""

import csv
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from sklearn import metrics

sys.path.insert(0, str(Path(__file__).resolve().parent))
import interop_test  # noqa: E402
from interop_test import CLASS_NAMES, DATA_DIR, Net, train  # noqa: E402

CLASSES = list(range(10))
BINS = 15
REACH = 2


def evaluate(run, *options):
    """The program's evaluation event."""
    command = [interop_test.PROGRAM, "evaluate", "--checkpoint", str(run), "--device", "cpu"]
    command += ["--threads", "1", "--data-dir", str(DATA_DIR), "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"status {done.returncode} from {command}:\n{done.stderr}")
    (line,) = done.stdout.splitlines()
    return json.loads(line)


def logits_of(run, images):
    net = Net()
    net.load_state_dict(load_file(run / "model.safetensors"))
    net.eval()
    with torch.no_grad():
        return net(images).double()


def calibration_error(probabilities, labels):
    """Guo et al., 2017: bins (b / 15, (b + 1) / 15] of the largest probability."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    error = 0.0
    for b in range(BINS):
        inside = bins == b
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return error


class Evaluation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.run_directory = Path(folder.name) / "run"
        cls.files = Path(folder.name) / "evaluation"
        options = ["--epochs", "1", "--limit-batches", "200", "--val-split", "2000"]
        cls.result = train(cls.run_directory, *options)["result"]
        cls.event = evaluate(
            cls.run_directory, "--output", str(cls.files), "--shifts", str(REACH)
        )
        cls.images, labels = interop_test.test_split()
        cls.labels = labels.numpy()
        # Of the right ones the prediction is the label, the others are listed.
        cls.predicted = cls.labels.copy()
        for mistake in cls.event["misclassified"]:
            cls.predicted[mistake["index"]] = mistake["predicted"]
        cls.logits = logits_of(cls.run_directory, cls.images)
        cls.probabilities = torch.softmax(cls.logits, dim=1).numpy()

    def test_equals_the_training_runs_own_figures(self):
        self.assertEqual(self.event["loss"], self.result["final"]["loss"])
        self.assertEqual(self.event["accuracy"], self.result["final"]["accuracy"])
        self.assertEqual(self.event["weights_sha256"], self.result["weights_sha256"])

    def test_on_val_equals_the_training_runs_own_figures(self):
        event = evaluate(self.run_directory, "--split", "val")
        self.assertEqual(event["images"], 2000)
        self.assertEqual(event["loss"], self.result["best"]["val"]["loss"])
        self.assertEqual(event["accuracy"], self.result["best"]["val"]["accuracy"])

    def test_precision_recall_and_f1_are_those_of_scikit_learn(self):
        scores = metrics.precision_recall_fscore_support(
            self.labels, self.predicted, labels=CLASSES, zero_division=0
        )
        for key, expected in zip(("precision", "recall", "f1", "support"), scores):
            found = [entry[key] for entry in self.event["classes"]]
            np.testing.assert_allclose(found, expected, rtol=1e-12, err_msg=key)
        for key, expected in zip(("precision", "recall", "f1"), scores):
            self.assertAlmostEqual(self.event["macro"][key], expected.mean(), places=12)

    def test_confusion_and_accuracy_are_those_of_scikit_learn(self):
        expected = metrics.confusion_matrix(self.labels, self.predicted, labels=CLASSES)
        self.assertEqual(self.event["confusion"], expected.tolist())
        accuracy = metrics.accuracy_score(self.labels, self.predicted)
        self.assertAlmostEqual(self.event["accuracy"], accuracy, places=12)

    def test_predictions_are_those_of_pytorch(self):
        differ = np.flatnonzero(self.logits.argmax(dim=1).numpy() != self.predicted)
        two_largest = self.logits.topk(2, dim=1).values.numpy()
        for index in differ:  # only where rounding decides
            self.assertLess(two_largest[index][0] - two_largest[index][1], 1e-4, index)
        for mistake in self.event["misclassified"]:
            np.testing.assert_allclose(
                mistake["probabilities"], self.probabilities[mistake["index"]], atol=1e-5
            )

    def test_loss_top_3_and_calibration_are_those_of_the_probabilities(self):
        event = self.event
        loss = metrics.log_loss(self.labels, self.probabilities, labels=CLASSES)
        self.assertAlmostEqual(event["loss"], loss, delta=1e-5)
        top3 = metrics.top_k_accuracy_score(self.labels, self.probabilities, k=3, labels=CLASSES)
        self.assertAlmostEqual(event["top3_accuracy"], top3, delta=2e-4)
        error = calibration_error(self.probabilities, self.labels)
        self.assertAlmostEqual(event["calibration"]["ece"], error, delta=5e-4)

    def test_mistakes_are_all_listed_most_confident_first(self):
        mistakes = self.event["misclassified"]
        self.assertEqual(len(mistakes), self.event["images"] - self.event["correct"])
        confidences = [mistake["confidence"] for mistake in mistakes]
        self.assertEqual(confidences, sorted(confidences, reverse=True))
        for mistake in mistakes:
            self.assertEqual(mistake["label"], self.labels[mistake["index"]])
            self.assertEqual(mistake["confidence"], max(mistake["probabilities"]))

    def test_shifts_are_those_of_moved_images(self):
        background = self.images.min()
        for dx, dy in ((2, -1), (-2, 2), (0, 0)):
            moved = torch.roll(self.images, (dy, dx), dims=(2, 3))
            rows, columns = torch.arange(28) - dy, torch.arange(28) - dx
            moved[:, :, (rows < 0) | (rows >= 28), :] = background
            moved[:, :, :, (columns < 0) | (columns >= 28)] = background
            predicted = logits_of(self.run_directory, moved).argmax(dim=1).numpy()
            found = self.event["shifts"]["accuracy"][dy + REACH][dx + REACH]
            self.assertAlmostEqual(found, (predicted == self.labels).mean(), delta=5e-4)

    def test_files_say_the_same(self):
        written = json.loads((self.files / "evaluation.json").read_text())
        self.assertEqual(written, self.event)
        rows = {}
        for name in ("confusion", "classes", "misclassified", "reliability", "shifts"):
            with open(self.files / f"{name}.csv", newline="") as file:
                rows[name] = list(csv.reader(file))
        self.assertEqual(rows["confusion"][0][1:], CLASS_NAMES)
        counts = [[int(count) for count in row[1:]] for row in rows["confusion"][1:]]
        self.assertEqual(counts, self.event["confusion"])
        self.assertEqual(len(rows["misclassified"]) - 1, len(self.event["misclassified"]))
        self.assertEqual(len(rows["reliability"]) - 1, BINS)
        self.assertEqual(len(rows["shifts"]) - 1, (2 * REACH + 1) ** 2)


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: evaluate_test.py PROGRAM [unittest options]")
    interop_test.PROGRAM = str(Path(sys.argv.pop(1)).resolve())
    torch.set_num_threads(1)
    unittest.main()


if __name__ == "__main__":
    main()
