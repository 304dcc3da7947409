"""The same two dense GANs as an idiomatic eager PyTorch loop."""

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import nn


def torch_loop(recipe: str, batch: int) -> Callable[[float], float]:
    """Return a function that trains for some seconds and returns images per second; recipe is "notes" or "copied"."""
    generator, discriminator = _notes() if recipe == "notes" else _copied()
    rate = {"lr": 1e-3} if recipe == "notes" else {"lr": 2e-4, "betas": (0.5, 0.999)}
    generator_optimizer = torch.optim.Adam(generator.parameters(), **rate)
    discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), **rate)
    loss, pictures = nn.BCELoss(), torch.rand(60_000, 784)
    one, zero = torch.ones(batch, 1), torch.zeros(batch, 1)

    def train(seconds: float) -> float:
        began, done = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            real = pictures[torch.randint(0, len(pictures), (batch,))]
            generator_optimizer.zero_grad()
            made = generator(torch.randn(batch, 100))
            loss(discriminator(made), one).backward()
            generator_optimizer.step()
            discriminator_optimizer.zero_grad()
            ((loss(discriminator(real), one) + loss(discriminator(made.detach()), zero)) / 2).backward()
            discriminator_optimizer.step()
            done += 1
        return done * batch / (time.perf_counter() - began)

    return train


def _notes() -> tuple[nn.Module, nn.Module]:
    generator = nn.Sequential(nn.Linear(100, 128), nn.ReLU(), nn.Linear(128, 784), nn.Sigmoid())
    return generator, nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 1), nn.Sigmoid())


def _copied() -> tuple[nn.Module, nn.Module]:
    def block(before: int, after: int) -> list[Any]:
        return [nn.Linear(before, after), nn.BatchNorm1d(after), nn.LeakyReLU(0.2)]

    generator = nn.Sequential(
        *block(100, 128), *block(128, 256), *block(256, 512), *block(512, 1024), nn.Linear(1024, 784), nn.Tanh()
    )
    discriminator = nn.Sequential(
        nn.Linear(784, 512), nn.LeakyReLU(0.2), nn.Linear(512, 256), nn.LeakyReLU(0.2), nn.Linear(256, 1), nn.Sigmoid()
    )
    return generator, discriminator
