"""The book's training script in Python: what fmnist-train is compared with.

Plain PyTorch and torchvision, as a reader of the book writes it: one image at a time through
the transforms, batches from a DataLoader. Run it with .deps/python/bin/python (scripts/setup
--python). The data is expected in torchvision's layout, DIR/FashionMNIST/raw/.
"""

import argparse
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

MEAN, STD = 0.1307, 0.3081
LOG_EVERY = 200  # batches


class Net(nn.Module):
    """conv 5x5, pool, relu, twice; then two fully connected layers. Returns logits [N, 10]."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, kernel_size=5)
        self.conv2 = nn.Conv2d(10, 20, kernel_size=5)
        self.fc1 = nn.Linear(320, 50)
        self.fc2 = nn.Linear(50, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))  # [N, 10, 12, 12]
        x = F.relu(F.max_pool2d(self.conv2(x), 2))  # [N, 20, 4, 4]
        x = x.view(-1, 320)
        x = F.relu(self.fc1(x))
        x = F.dropout(x, training=self.training)
        return self.fc2(x)


def make_loader(data_dir, train, workers, batch_size):
    transform = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize((MEAN,), (STD,))]
    )
    dataset = datasets.FashionMNIST(data_dir, train=train, download=False, transform=transform)
    return DataLoader(dataset, batch_size=batch_size, shuffle=train, num_workers=workers)


def train(model, loader, optimizer, epoch):
    model.train()
    for batch, (images, labels) in enumerate(loader, start=1):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        if batch % LOG_EVERY == 0:
            done, total = batch * loader.batch_size, len(loader.dataset)
            print(
                f"Train Epoch: {epoch} [{done}/{total} ({100 * done / total:.0f}%)]\t"
                f"Loss:{loss.item():.6f}",
                file=sys.stderr,
            )


def test(model, loader):
    """Mean loss and accuracy (a fraction) over the loader's images."""
    model.eval()
    loss = 0.0
    correct = 0
    with torch.no_grad():
        for images, labels in loader:
            logits = model(images)
            loss += F.cross_entropy(logits, labels, reduction="sum").item()
            correct += (logits.argmax(dim=1) == labels).sum().item()
    count = len(loader.dataset)
    return loss / count, correct / count


def parse_arguments():
    parser = argparse.ArgumentParser(description="Trains the book's network on Fashion-MNIST.")
    parser.add_argument("--epochs", type=int, default=40, help="default %(default)s")
    parser.add_argument("--batch-size", type=int, default=64, help="default %(default)s")
    parser.add_argument("--lr", type=float, default=0.01, help="default %(default)s")
    parser.add_argument("--momentum", type=float, default=0.5, help="default %(default)s")
    parser.add_argument("--threads", type=int, help="default: PyTorch's own choice")
    parser.add_argument(
        "--workers", type=int, default=0, help="DataLoader processes (default %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="default %(default)s")
    parser.add_argument(
        "--data-dir",
        default="data",
        metavar="DIR",
        help="holds FashionMNIST/raw/ with the four raw files (default %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON line per epoch")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)

    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=arguments.lr, momentum=arguments.momentum)
    train_loader = make_loader(arguments.data_dir, True, arguments.workers, arguments.batch_size)
    test_loader = make_loader(arguments.data_dir, False, arguments.workers, arguments.batch_size)

    for epoch in range(1, arguments.epochs + 1):
        start = time.perf_counter()
        train(model, train_loader, optimizer, epoch)
        trained = time.perf_counter()
        loss, accuracy = test(model, test_loader)
        evaluated = time.perf_counter()
        if arguments.json:
            # The names of fmnist-train's own epoch event.
            event = {
                "event": "epoch",
                "epoch": epoch,
                "test": {"loss": loss, "accuracy": accuracy},
                "seconds": {"train": trained - start, "evaluate": evaluated - trained},
            }
            print(json.dumps(event), flush=True)
        else:
            print(f"[{epoch}] Test Loss: {loss:.4f}, Accuracy: {100 * accuracy:.2f}%", flush=True)


if __name__ == "__main__":
    main()
