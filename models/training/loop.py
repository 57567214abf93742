"""The training loop that every network here shares.

Takes   a module, a function `loss_of(step, generator) → scalar`, and a `Schedule`.
Gives   the module with the exponential moving average of its weights.
Keeps   batches depend only on seed and step, so that a run stopped and resumed from its checkpoint draws the same
        batches; a finished checkpoint is loaded, never trained again; checkpoints hold tensors and numbers only.
"""

import copy
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch

CHECKPOINT_SECS = 60.0
REPORT_SECS = 20.0


@dataclass(frozen=True)
class Schedule:
    """`steps` of AdamW with a short warm-up and a cosine to a twentieth of `rate`."""

    steps: int
    rate: float
    weight_decay: float = 0.01
    warmup_steps: int = 100
    ema: float = 0.998
    clip: float = 1.0


def rate_at(schedule, step):
    """Learning rate of one step."""
    warm = min(1.0, (step + 1) / max(1, min(schedule.warmup_steps, schedule.steps // 5)))
    cosine = 0.5 * (1.0 + math.cos(math.pi * step / schedule.steps))
    return schedule.rate * warm * (0.05 + 0.95 * cosine)


def generator_at(seed, step):
    """The random generator of one step."""
    return torch.Generator().manual_seed((seed * 1_000_003 + step) % (1 << 62))


def train(module, loss_of, schedule, checkpoint, seed):
    """Trains `module` in place up to `schedule.steps`, from `checkpoint` if it exists; leaves it in eval mode with
    averaged weights. Non-trainable buffers are taken from the last step."""
    checkpoint = Path(checkpoint)
    optimiser = torch.optim.AdamW(module.parameters(), lr=schedule.rate, weight_decay=schedule.weight_decay)
    average = copy.deepcopy(module).requires_grad_(False)
    start = _resume(checkpoint, module, average, optimiser)
    module.train()
    started = reported = saved = time.monotonic()
    for step in range(start, schedule.steps):
        loss = _step(module, average, optimiser, schedule, step, loss_of, seed)
        now = time.monotonic()
        if now - reported > REPORT_SECS or step + 1 == schedule.steps:
            reported = now
            print(f"{checkpoint.stem}: step {step + 1}/{schedule.steps} loss {loss:.4f} {now - started:.0f} s", flush=True)
        if now - saved > CHECKPOINT_SECS or step + 1 == schedule.steps:
            saved = now
            _save(checkpoint, module, average, optimiser, step + 1)
    module.load_state_dict(average.state_dict())
    return module.eval()


def _step(module, average, optimiser, schedule, step, loss_of, seed):
    """One optimiser step; returns the loss."""
    for group in optimiser.param_groups:
        group["lr"] = rate_at(schedule, step)
    loss = loss_of(step, generator_at(seed, step))
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(module.parameters(), schedule.clip)
    optimiser.step()
    decay = min(schedule.ema, (step + 1) / (step + 10))
    with torch.no_grad():
        for slow, fast in zip(average.parameters(), module.parameters()):
            slow.lerp_(fast, 1.0 - decay)
        for slow, fast in zip(average.buffers(), module.buffers()):
            slow.copy_(fast)
    return loss.item()


def _resume(checkpoint, module, average, optimiser):
    """Loads a checkpoint; returns the step to go on from."""
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    module.load_state_dict(state["module"])
    average.load_state_dict(state["average"])
    optimiser.load_state_dict(state["optimiser"])
    return state["step"]


def _save(checkpoint, module, average, optimiser, step):
    """Writes a checkpoint beside the old one, then swaps them."""
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    state = {"module": module.state_dict(), "average": average.state_dict(), "step": step}
    state["optimiser"] = optimiser.state_dict()
    fresh = checkpoint.with_suffix(".fresh")
    torch.save(state, fresh)
    os.replace(fresh, checkpoint)
