#!/usr/bin/env python3
"""Computes with Python PyTorch the values that tests compare ours with: tests/goldens/.

Run it with .deps/python/bin/python (scripts/setup --python). Files, in safetensors format:

  initial_weights  seed<S>.<parameter> of seeds 0, 1 and 42; their SHA-256 in the metadata
  batches          640 images of the published training set, with labels and indices
  gradients        batch<N>.logits, .loss and .gradient.<parameter> at seed 0's initial weights
                   for the first 64 and the first 7 of these images
  steps_momentum   ten steps from seed 0's initial weights, ten batches of 64: loss [step] before
                   each update, and final.<parameter> and momentum.<parameter> after the last
  steps_nesterov   three steps likewise, with Nesterov, weight decay and label smoothing

Everything without dropout, on one thread. The metadata has one entry, "made": a JSON text that
says with what and how.
"""

import argparse
import gzip
import hashlib
import json
import platform
import sys
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))
from book import MEAN, STD, Net  # noqa: E402

GOLDENS = ROOT / "tests" / "goldens"
SEEDS = (0, 1, 42)
BATCH, STEPS, NESTEROV_STEPS, ODD_BATCH = 64, 10, 3, 7
LEARNING_RATE, MOMENTUM = 0.01, 0.5
# Spreads the images over the training set; prime, so no image comes twice.
INDEX_STRIDE = 7919
# Between processors or versions, as a share of the tensor's largest value. Measured with 2.15.0
# against AVX-512: 1.0e-6 with AVX2, 2.8e-6 without vector instructions.
TOLERANCE = 5e-6

PUBLISHED_SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
}


def read_published(path, header):
    """The bytes after the header of an IDX file, raw or gzipped."""
    if path.exists():
        content = path.read_bytes()
    else:
        content = gzip.decompress(path.with_name(path.name + ".gz").read_bytes())
    if hashlib.sha256(content).hexdigest() != PUBLISHED_SHA256[path.name]:
        sys.exit(f"make_goldens: {path} is not of the published Fashion-MNIST")
    return torch.frombuffer(bytearray(content[header:]), dtype=torch.uint8)


def load_batches(data_dir):
    images = read_published(data_dir / "train-images-idx3-ubyte", 16).view(-1, 28, 28)
    labels = read_published(data_dir / "train-labels-idx1-ubyte", 8)
    indices = torch.arange(BATCH * STEPS) * INDEX_STRIDE % len(images)
    return {
        "images": images[indices],
        "labels": labels[indices],
        "indices": indices.to(torch.int32),
    }


def normalised(images):
    return images.unsqueeze(1).to(torch.float32).div(255).sub(MEAN).div(STD)  # [N, 1, 28, 28]


def initial_net(seed):
    torch.manual_seed(seed)
    return Net().eval()  # eval: no dropout


def weights_sha256(state):
    return hashlib.sha256(b"".join(t.numpy().tobytes() for t in state.values())).hexdigest()


def prefixed(prefix, tensors):
    return {f"{prefix}.{name}": tensor.detach().clone() for name, tensor in tensors}


def initial_weights():
    tensors, digests = {}, {}
    for seed in SEEDS:
        state = initial_net(seed).state_dict()
        tensors |= prefixed(f"seed{seed}", state.items())
        digests[f"seed{seed}"] = weights_sha256(state)
    return tensors, digests


def gradients(batches):
    tensors = {}
    for count in (BATCH, ODD_BATCH):
        net = initial_net(0)
        logits = net(normalised(batches["images"][:count]))
        loss = F.cross_entropy(logits, batches["labels"][:count].long())
        loss.backward()
        tensors[f"batch{count}.logits"] = logits.detach()
        tensors[f"batch{count}.loss"] = loss.detach()
        grads = ((name, parameter.grad) for name, parameter in net.named_parameters())
        tensors |= prefixed(f"batch{count}.gradient", grads)
    return tensors


def steps(batches, count, label_smoothing=0.0, **options):
    net = initial_net(0)
    optimizer = torch.optim.SGD(
        net.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM, **options
    )
    losses = []
    for step in range(count):
        batch = slice(step * BATCH, (step + 1) * BATCH)
        optimizer.zero_grad()
        loss = F.cross_entropy(
            net(normalised(batches["images"][batch])),
            batches["labels"][batch].long(),
            label_smoothing=label_smoothing,
        )
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    momentum = (
        (name, optimizer.state[parameter]["momentum_buffer"])
        for name, parameter in net.named_parameters()
    )
    return {
        "loss": torch.stack(losses),
        **prefixed("final", net.state_dict().items()),
        **prefixed("momentum", momentum),
    }


def processor():
    """The CPU model as the bits of a float computation may depend on it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    first = dict(line.split(":", 1) for line in lines[: lines.index("")] if ":" in line)
    fields = {key.strip(): value.strip() for key, value in first.items()}
    keys = ("vendor_id", "cpu family", "model", "stepping")
    return " ".join([platform.machine(), *(fields[key] for key in keys if key in fields)])


def compute(data_dir):
    """All goldens: name -> (tensors, facts about them)."""
    torch.set_num_threads(1)
    batches = load_batches(data_dir)
    weights, digests = initial_weights()
    step_facts = {"batch": BATCH, "lr": LEARNING_RATE, "momentum": MOMENTUM}
    nesterov = {"nesterov": True, "weight_decay": 5e-4, "label_smoothing": 0.1}
    return {
        "initial_weights": (weights, {"weights_sha256": digests}),
        "batches": (batches, {"mean": MEAN, "std": STD}),
        "gradients": (gradients(batches), {"seed": 0}),
        "steps_momentum": (steps(batches, STEPS), {"seed": 0} | step_facts),
        "steps_nesterov": (
            steps(batches, NESTEROV_STEPS, **nesterov),
            {"seed": 0} | step_facts | nesterov,
        ),
    }


def environment():
    return {
        "by": "scripts/make_goldens.py",
        "torch": torch.__version__.split("+")[0],
        "threads": 1,
        "dropout": 0,
        "isa": torch.backends.cpu.get_cpu_capability(),
        "processor": processor(),
    }


def encode(tensors, facts):
    # One metadata entry: the package writes several in an order that changes from run to run.
    made = json.dumps(environment() | facts, sort_keys=True)
    return save({name: tensor.contiguous() for name, tensor in tensors.items()}, {"made": made})


def write(goldens):
    GOLDENS.mkdir(parents=True, exist_ok=True)
    total = 0
    for name, (tensors, facts) in goldens.items():
        content = encode(tensors, facts)
        total += len(content)
        path = GOLDENS / f"{name}.safetensors"
        path.write_bytes(content)
        print(f"{path.relative_to(ROOT)}: {len(tensors)} tensors, {len(content)} bytes")
    print(f"{total} bytes in all")


def read(path):
    with safe_open(path, framework="pt") as file:
        made = json.loads(file.metadata()["made"])
        return {name: file.get_tensor(name) for name in file.keys()}, made


def same_bytes(a, b):
    return a.numpy().tobytes() == b.numpy().tobytes()


def difference(committed, computed):
    """The largest difference, as a share of the largest committed value."""
    scale = committed.double().abs().max().item() or 1.0
    return (committed.double() - computed.double()).abs().max().item() / scale


def reasons_to_differ(name, made, here):
    """Facts of the environment that may change bits of this file and are others than here."""
    depends_on = {"batches": [], "initial_weights": ["torch", "isa"]}
    keys = depends_on.get(name, ["torch", "isa", "processor"])
    return [key for key in keys if made.get(key) != here[key]]


def compare(old, new, exact):
    """What is wrong with a computed tensor, or None."""
    if (old.dtype, old.shape) != (new.dtype, new.shape):
        return "has another type or shape"
    if exact and not same_bytes(old, new):
        return f"is not byte-equal, largest relative difference {difference(old, new):.1e}"
    if not difference(old, new) <= TOLERANCE:
        return f"differs by {difference(old, new):.1e} relative, more than {TOLERANCE:.0e}"
    return None


def check_file(name, tensors, facts):
    """Compares one committed file with fresh values; returns the complaints."""
    path = GOLDENS / f"{name}.safetensors"
    if not path.exists():
        return [f"{path.relative_to(ROOT)} is missing"]
    committed, made = read(path)
    here = environment() | facts
    reasons = reasons_to_differ(name, made, here)
    complaints = []
    for key in sorted(set(facts) | {"threads", "dropout"}):
        if made.get(key) != here[key] and not (key == "weights_sha256" and reasons):
            complaints.append(f"{name}: {key} is {made.get(key)}, computed {here[key]}")
    for tensor in sorted(set(tensors) ^ set(committed)):
        where = "committed" if tensor in committed else "computed"
        complaints.append(f"{name}: {tensor} is only among the {where} tensors")
    shared = sorted(set(tensors) & set(committed))
    for tensor in shared:
        if problem := compare(committed[tensor], tensors[tensor], exact=not reasons):
            complaints.append(f"{name}: {tensor} {problem}")
    if not complaints:
        worst = max(difference(committed[tensor], tensors[tensor]) for tensor in shared)
        manner = f"within {worst:.1e}: other {', '.join(reasons)}" if reasons else "byte-equal"
        print(f"{name}: {len(tensors)} tensors {manner}")
    return complaints


def check(goldens):
    complaints = []
    for name, (tensors, facts) in goldens.items():
        complaints += check_file(name, tensors, facts)
    for path in sorted(GOLDENS.glob("*")):
        if path.stem not in goldens:
            complaints.append(f"{path.relative_to(ROOT)} is not made by this script")
    for complaint in complaints:
        print(f"make_goldens: {complaint}", file=sys.stderr)
    return 1 if complaints else 0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="compare with the committed files, write nothing"
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path("/usr/share/datasets/fashion-mnist"),
        metavar="DIR",
        help="the four IDX files, raw or .gz (default %(default)s)",
    )
    arguments = parser.parse_args()
    try:
        goldens = compute(arguments.data_dir)
    except OSError as error:
        sys.exit(f"make_goldens: cannot read the data: {error}")
    if arguments.check:
        return check(goldens)
    write(goldens)
    return 0


if __name__ == "__main__":
    sys.exit(main())
