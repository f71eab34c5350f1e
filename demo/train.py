"""The network of demo/he_nuclei and its training on tissue that demo/tissue.py draws.

A nucleus is 12 to 30 pixels large, so a U-Net that halves twice sees all of it. Where nuclei touch, the pixels of the
contact are trained as background, and with more weight: connected pixels above 0.5 are then one nucleus each.
"""

import io

import numpy as np
import torch
from PIL import Image
from scipy import ndimage
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

import tissue

SEEDS, STAINS = (101, 102, 103), ((1.0, 1.0), (0.85, 1.15), (1.15, 0.9))
STEPS, BATCH, CROP = 600, 8, 160
STEP = 4  # sizes must be multiples of this


class Convolution(nn.Sequential):
    def __init__(self, inputs: int, outputs: int):
        super().__init__(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())


class Network(nn.Module):
    """(b, 3, y, x) normalised colours -> (b, 1, y, x) logits of `nucleus`."""

    def __init__(self, width: int = 12):
        super().__init__()
        a, b, c = width, 2 * width, 4 * width
        self.fine = nn.Sequential(Convolution(3, a), Convolution(a, a))
        self.middle = nn.Sequential(nn.MaxPool2d(2), Convolution(a, b), Convolution(b, b))
        self.coarse = nn.Sequential(nn.MaxPool2d(2), Convolution(b, c), Convolution(c, c))
        self.up_middle = nn.ConvTranspose2d(c, b, 2, stride=2)
        self.join_middle = nn.Sequential(Convolution(2 * b, b), Convolution(b, b))
        self.up_fine = nn.ConvTranspose2d(b, a, 2, stride=2)
        self.join_fine = nn.Sequential(Convolution(2 * a, a), Convolution(a, a))
        self.last = nn.Conv2d(a, 1, 1)

    def forward(self, image):
        fine = self.fine(image)
        middle = self.middle(fine)
        up = self.join_middle(torch.cat([middle, self.up_middle(self.coarse(middle))], 1))
        return self.last(self.join_fine(torch.cat([fine, self.up_fine(up)], 1)))


def without_batch_norm(network: Network) -> Network:
    """The same function; every normalisation is multiplied into its convolution."""
    network = network.eval()
    for module in network.modules():
        if isinstance(module, Convolution):
            module[0], module[1] = fuse_conv_bn_eval(module[0], module[1]), nn.Identity()
    return network


def receptive_radius(network: Network) -> int:
    """How far away an input pixel can matter, by the derivative of every pixel of one period of the stride.

    Weights are made positive first and pooling averages, so that nothing cancels or is shut off by chance.
    """
    copy = without_batch_norm(Network())
    for parameter in copy.parameters():
        nn.init.constant_(parameter, 0.01)
    for block in (copy.middle, copy.coarse):
        block[0] = nn.AvgPool2d(2)
    centre, radius = 64, 0
    for y in range(STEP):
        image = torch.ones(1, 3, 2 * centre, 2 * centre, requires_grad=True)
        copy(image)[0, 0, centre + y, centre + y].backward()
        seen = torch.nonzero(image.grad[0].abs().sum(0))[:, 0] - (centre + y)
        radius = max(radius, int(seen.abs().max()))
    return radius


def as_jpeg(rgb, quality: int = 80):
    """What is left of the pixels after a slide scanner's compression."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def target_and_weight(labels):
    """1 in nuclei but not where two of them touch; and how much each pixel counts."""
    labels = labels.astype(np.int32)
    other = np.where(labels == 0, 1 << 20, labels)
    touching, crowded = (ndimage.maximum_filter(labels, n) > ndimage.minimum_filter(other, n) for n in (3, 5))
    target = (labels > 0) & ~touching
    weight = 1 + 4 * (crowded & ~target)
    return target.astype(np.float32), weight.astype(np.float32)


def normalised(rgb, mean, std):
    return ((rgb.astype(np.float32) - mean) / std).astype(np.float32)


def train(report=print):
    """The trained network, and mean and standard deviation of red, green and blue."""
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    slides = []
    for seed, stain in zip(SEEDS, STAINS):
        slide = tissue.draw(seed, stain=stain)
        spots = np.argwhere(slide.labels[CROP // 2 : -CROP // 2 : 8, CROP // 2 : -CROP // 2 : 8]) * 8
        slides.append((as_jpeg(slide.rgb), *target_and_weight(slide.labels), spots))
    pixels = np.concatenate([rgb[::7, ::7].reshape(-1, 3) for rgb, *_ in slides]).astype(np.float64)
    mean, std = pixels.mean(0).round(1), pixels.std(0).round(1)

    network = Network()
    optimiser = torch.optim.AdamW(network.parameters(), 4e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=STEPS, pct_start=0.15)
    for step in range(STEPS):
        batch = []
        for _ in range(BATCH):
            rgb, target, weight, spots = slides[rng.integers(len(slides))]
            spot = spots[rng.integers(len(spots))]
            y, x = spot if rng.uniform() < 0.8 else rng.integers(0, np.array(target.shape) - CROP)
            here = np.s_[y : y + CROP, x : x + CROP]
            density = -np.log((rgb[here] + 1.0) / 256) * rng.uniform(0.8, 1.25) * rng.uniform(0.92, 1.08, 3)
            crop = normalised(256 * np.exp(-density) - 1, mean, std)
            turn, flip = rng.integers(4), rng.integers(2)
            views = [np.rot90(v, turn)[:: 1 - 2 * flip].copy() for v in (crop, target[here], weight[here])]
            batch.append((views[0].transpose(2, 0, 1), views[1][None], views[2][None]))
        image, target, weight = (torch.from_numpy(np.stack(part)) for part in zip(*batch))
        loss = nn.functional.binary_cross_entropy_with_logits(network(image), target, weight)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 40 == 39:
            report(f"step {step + 1} of {STEPS}: loss {loss.item():.4f}")
    return without_batch_norm(network), mean, std


def f1_at_half(found, known) -> float:
    """F1 of objects in label maps. At an IoU above 0.5 a match is one to one."""
    shared = (found > 0) & (known > 0)
    pairs, both = np.unique(np.stack([found[shared], known[shared]]), axis=1, return_counts=True)
    areas_found, areas_known = np.bincount(found.ravel()), np.bincount(known.ravel())
    union = areas_found[pairs[0]] + areas_known[pairs[1]] - both
    objects = np.count_nonzero(areas_found[1:]) + np.count_nonzero(areas_known[1:])
    return 2 * np.count_nonzero(both > 0.5 * union) / objects
