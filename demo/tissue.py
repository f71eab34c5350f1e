"""Draws colon mucosa as a haematoxylin and eosin slide shows it, with every nucleus known.

Nothing is copied from a real slide: a surface with crypts, the lamina propria between them, a lymph follicle, a band
of muscle, collagen, fat and vessels are laid out at random, filled with nuclei, and stained by the law of Beer and
Lambert.
A pixel is 0.5 µm. The same seed gives the same slide.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

# Optical density per unit of stain in red, green and blue.
HAEMATOXYLIN, EOSIN, ERYTHROCYTE = np.array([[0.60, 0.77, 0.34], [0.13, 0.94, 0.45], [0.16, 0.80, 0.68]])


@dataclass
class Slide:
    rgb: np.ndarray  # (y, x, 3), uint8
    labels: np.ndarray  # (y, x), uint16: 0, or the number of the nucleus


@dataclass
class Kind:
    """How nuclei of one kind look: half axes in pixels, optical density, how much of it is rim, clumps and nucleoli."""

    long: float
    short: float
    density: float
    rim: float = 0.25
    clumps: float = 0.25
    nucleoli: float = 0.0
    spread: float = 0.1


EPITHELIUM = Kind(8.6, 5.4, 1.2, rim=0.35, clumps=0.3, nucleoli=0.6, spread=0.12)
LYMPHOCYTE = Kind(5.9, 5.3, 1.9, rim=0.1, clumps=0.35, spread=0.13)
PLASMA_CELL = Kind(6.8, 5.6, 1.5, rim=0.3, clumps=0.45, spread=0.13)
CENTROBLAST = Kind(8.0, 7.0, 1.0, rim=0.5, nucleoli=1.5, spread=0.14)
FIBROBLAST = Kind(12.0, 3.4, 1.5, rim=0.1, spread=0.15)
MUSCLE = Kind(14.0, 3.3, 1.35, rim=0.15, spread=0.15)


def spline_weights(n: int, scale: float) -> np.ndarray:
    """(n, knots): the cubic B-spline at every pixel of an axis for knots `scale` pixels apart."""
    t = np.arange(n) / scale + 1
    d = np.abs(t[:, None] - np.arange(int(np.ceil(n / scale)) + 4)[None])
    return np.where(d < 1, 2 / 3 - d**2 + d**3 / 2, np.where(d < 2, (2 - d) ** 3 / 6, 0)).astype(np.float32)


def smooth_noise(rng, shape, scale: float) -> np.ndarray:
    """Noise of mean 0 and standard deviation about 1 whose features are about `scale` pixels large."""
    if scale < 4:
        noise = ndimage.gaussian_filter(rng.standard_normal(shape, np.float32), scale / 2)
        return noise / noise.std()
    rows, columns = (spline_weights(n, scale) for n in shape)
    return rows @ rng.standard_normal((rows.shape[1], columns.shape[1]), np.float32) @ columns.T * 2.1


def step(x, low, high):
    """0 below low, 1 above high, smooth between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def fibres(rng, angle, width: float, passes: int) -> np.ndarray:
    """Noise that is drawn out along `angle`: white noise averaged along it in steps that double."""
    image = smooth_noise(rng, angle.shape, width)
    y, x = np.mgrid[: angle.shape[0], : angle.shape[1]].astype(np.float32)
    dy, dx = np.sin(angle), np.cos(angle)
    for i in range(passes):
        s = width * 2**i / 2
        points = [(y + k * dy, x + k * dx) for k in (-s, 0, s)]
        image = sum(ndimage.map_coordinates(image, at, order=1, mode="mirror") for at in points)
    return image / image.std()


def outline(rng, y, x, cy, cx, angle, long, short, wobble=0.07):
    """Radius in units of the outline of an ellipse that is not quite one: below 1 inside."""
    dy, dx = y - cy, x - cx
    u, v = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
    phi = np.arctan2(v / short, u / long)
    edge = 1 + sum(wobble / k * rng.standard_normal() * np.cos((k + 1) * phi + rng.uniform(0, 6.3)) for k in (1, 2, 3))
    return np.hypot(u / long, v / short) / edge


class Canvas:
    """What is on the slide so far: stains as optical densities, and the nuclei."""

    def __init__(self, rng, shape):
        self.rng, self.shape = rng, shape
        self.h, self.e, self.red = (np.zeros(shape, np.float32) for _ in range(3))
        self.labels = np.zeros(shape, np.uint16)
        self.nuclei_h = np.zeros(shape, np.float32)
        self.count = 0
        self.chromatin = 0.8 * smooth_noise(rng, (512, 512), 2.8) + 0.6 * smooth_noise(rng, (512, 512), 1.2)

    def box(self, cy, cx, radius):
        y0, x0, y1, x1 = int(cy - radius), int(cx - radius), int(cy + radius) + 2, int(cx + radius) + 2
        if y0 < 2 or x0 < 2 or y1 > self.shape[0] - 2 or x1 > self.shape[1] - 2:
            return None
        return np.s_[y0:y1, x0:x1], *np.mgrid[y0:y1, x0:x1].astype(np.float32)

    def add_nucleus(self, cy, cx, angle, kind: Kind, where=None) -> bool:
        """Adds a nucleus unless it would cover another, or lie outside of `where`."""
        rng = self.rng
        long, short = np.array([kind.long, kind.short]) * np.clip(rng.normal(1, kind.spread, 2), 0.75, 1.35)
        box = self.box(cy, cx, max(long, short) * 1.3 + 2)
        if box is None or self.labels[int(cy), int(cx)]:
            return False
        here, y, x = box
        r = outline(rng, y, x, cy, cx, angle, long, short)
        inside = r < 1
        area = inside.sum()
        if np.count_nonzero(self.labels[here][inside]) > 0.03 * area:
            return False
        if where is not None and np.count_nonzero(where[here][inside]) < 0.9 * area:
            return False
        own = inside & (self.labels[here] == 0)
        self.count += 1
        self.labels[here][own] = self.count
        oy, ox = rng.integers(0, 512 - max(r.shape), 2)
        clumps = self.chromatin[oy : oy + r.shape[0], ox : ox + r.shape[1]]
        body = 1 - kind.rim + kind.rim * 1.7 * step(r, 0.55, 0.95) + kind.clumps * 0.6 * clumps
        for _ in range(rng.poisson(kind.nucleoli)):
            ny, nx = cy + rng.normal(0, short / 3), cx + rng.normal(0, short / 3)
            body = body + 0.6 * np.exp(-((y - ny) ** 2 + (x - nx) ** 2) / 2.2)
        soft = np.clip(0.5 + (1 - r) * short / 1.6, 0, 1)
        density = kind.density * np.clip(rng.normal(1, 0.14), 0.65, 1.4) * np.clip(body, 0.35, 1.8) * soft
        self.nuclei_h[here] = np.maximum(self.nuclei_h[here], density)
        return True

    def fill(self, where, kinds, tries: int, angle=None, inside=None):
        """Throws `tries` nuclei at `where`. `angle` is a map, or None for any direction."""
        spots = np.flatnonzero(where)
        if spots.size == 0:
            return
        for spot in self.rng.choice(spots, tries):
            y, x = divmod(int(spot), self.shape[1])
            turn = self.rng.uniform(0, 3.2) if angle is None else angle[y, x] + self.rng.normal(0, 0.13)
            kind = kinds[self.rng.integers(len(kinds))]
            self.add_nucleus(y + self.rng.uniform(), x + self.rng.uniform(), turn, kind, inside)


def to_segment(y, x, y0, x0, y1, x1):
    """Distance to a segment."""
    dy, dx = y1 - y0, x1 - x0
    t = np.clip(((y - y0) * dy + (x - x0) * dx) / max(dy * dy + dx * dx, 1e-6), 0, 1)
    return np.hypot(y - y0 - t * dy, x - x0 - t * dx)


def crypts(rng, y, x, depth, taken, bottom):
    """Signed distance to crypts, negative inside: long ones that open at the surface, and the rest cut across.

    depth: below the surface; taken: where no crypt may be. All maps are coarse; the result has their shape.
    """
    distance = np.full(y.shape, 1e4, np.float32)
    height, width = y.shape
    spacing = y[1, 0] - y[0, 0]

    def add(y0, x0, y1, x1, r, gap):
        for t in np.linspace(0, 1, 12):
            i, j = int((y0 + t * (y1 - y0)) / spacing), int((x0 + t * (x1 - x0)) / spacing)
            if not (0 <= i < height and 0 <= j < width) or taken[i, j]:
                return
            if distance[i, j] < r + gap or depth[i, j] > bottom - r:
                return
        np.minimum(distance, to_segment(y, x, y0, x0, y1, x1) - r, out=distance)

    column = rng.uniform(60, 200)
    while column < x.max():
        surface = int(np.argmax(depth[:, min(int(column / spacing), width - 1)] > 10)) * spacing
        for _ in range(6):
            if rng.uniform() < 0.75:
                length, lean = bottom * rng.uniform(0.5, 0.86), rng.normal(0, 0.05)
                r = rng.uniform(61, 70)
                add(surface + 15, column, surface + length, column + lean * length, r, 18)
                break
        column += rng.uniform(155, 215)
    for tries, shortest, longest in ((600, 60, 260), (4000, 0, 90)):
        for _ in range(tries):
            y0, x0 = rng.uniform(0, y.max()), rng.uniform(0, x.max())
            if depth[min(int(y0 / spacing), height - 1), min(int(x0 / spacing), width - 1)] < 140:
                continue
            length, angle = rng.uniform(shortest, longest), rng.normal(1.57, 0.35)
            y1, x1 = y0 + length * np.sin(angle), x0 + length * np.cos(angle)
            add(y0, x0, y1, x1, rng.uniform(58, 76), rng.uniform(18, 34))
    return distance


def enlarge(coarse, factor, shape):
    """A coarse map at full size, linear between its pixels."""
    y, x = (np.arange(n, dtype=np.float32) / factor for n in shape)
    return ndimage.map_coordinates(coarse, np.meshgrid(y, x, indexing="ij"), order=1, mode="nearest")


def along(field):
    """The angle of the contour lines of a map."""
    gy, gx = np.gradient(ndimage.gaussian_filter(field, 5))
    return np.arctan2(gx, -gy)


def blend(weight, first, second):
    """Between two directions, by doubled angles because a fibre has no front."""
    y = weight * np.sin(2 * first) + (1 - weight) * np.sin(2 * second)
    x = weight * np.cos(2 * first) + (1 - weight) * np.cos(2 * second)
    return 0.5 * np.arctan2(y, x)


def draw(seed: int, height: int = 2400, width: int = 3000, stain=(1.0, 1.0)) -> Slide:
    """A slide. `stain`: how strongly haematoxylin and eosin stained it."""
    rng = np.random.default_rng(seed)
    shape = (height, width)
    noise = lambda scale: smooth_noise(rng, shape, scale)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    canvas = Canvas(rng, shape)

    # Layers below the surface.
    across = lambda scale: smooth_noise(rng, (8, width), scale)[4][None]
    down = lambda scale: smooth_noise(rng, (height, 8), scale)[:, 4][:, None]
    bend = 0.00007 * (x - width * rng.uniform(0.35, 0.65)) ** 2
    depth = y - 250 - 45 * across(420) - 14 * across(110) - bend + 12 * noise(220)
    ragged = lambda: 38 * noise(170) + 14 * noise(45) + 5 * noise(12)
    inside = np.minimum(x - 170 - 50 * down(300), width - 170 + 50 * down(300) - x)
    inside = np.minimum(inside, height - 260 - 45 * np.clip(across(500), -2, 2) - y)
    tissue = inside + ragged() > 0
    frayed = lambda: 7 * noise(60) + 5 * noise(18) + 3 * noise(7)
    mucosa_end, muscle_end = 1060 + 35 * noise(260) + frayed(), 1190 + 40 * noise(300) + frayed()

    # A lymph follicle sits on the muscle.
    fy, fx = height * 0.5 + rng.uniform(-60, 60), width * rng.uniform(0.25, 0.75)
    follicle = 1 - outline(rng, y, x, fy, fx, 0.1, rng.uniform(300, 380), rng.uniform(220, 270), 0.12)
    follicle = follicle + 0.06 * noise(60) + 0.04 * noise(22) + 0.02 * noise(8)
    centre = 1 - outline(rng, y, x, fy, fx, 0.1, 180, 120, 0.1)

    # Crypts and the surface: `epithelial` is the distance from the stroma.
    k = 4
    coarse = crypts(rng, y[::k, ::k], x[::k, ::k], depth[::k, ::k], follicle[::k, ::k] > -0.28, 1010)
    bumps = 5 * noise(70) + 3 * noise(28)
    shift_y, shift_x = 14 * noise(240), 22 * noise(240)
    distance = ndimage.map_coordinates(coarse, ((y + shift_y) / k, (x + shift_x) / k), order=1, mode="nearest")
    glandular = (np.minimum(distance, depth - 46) + bumps) < 0
    epithelial = ndimage.distance_transform_edt(glandular).astype(np.float32)
    stromal = ndimage.distance_transform_edt(~glandular).astype(np.float32)
    cell_height = 50 + 3 * noise(130) + 2 * noise(14) + 0.8 * noise(5)
    epithelium = glandular & (epithelial < cell_height) & tissue
    lumen = glandular & ~epithelium & tissue
    stroma = tissue & ~glandular
    propria = stroma & (depth < mucosa_end)
    muscle = stroma & (depth >= mucosa_end) & (depth < muscle_end) & (follicle < 0)
    submucosa = stroma & (depth >= muscle_end) & (follicle < 0)
    lymphoid = stroma & (follicle > 0)

    # Vessels and fat in the submucosa.
    vessel, wall = np.zeros(shape, np.float32) - 9, np.zeros(shape, bool)
    full = np.zeros(shape, bool)
    sites = np.flatnonzero(submucosa & (depth > muscle_end + 90))
    if sites.size:
        for spot in rng.choice(sites, 9):
            cy, cx = divmod(int(spot), width)
            long = rng.uniform(28, 75)
            box = canvas.box(cy, cx, 130)
            if box is None or wall[box[0]].any():
                continue
            here, by, bx = box
            short = long * rng.uniform(0.5, 0.85)
            r = outline(rng, by, bx, cy, cx, rng.uniform(0, 3), long, short, 0.1)
            vessel[here] = np.maximum(vessel[here], (1 - r) * short)
            wall[here] |= (1 - r) * short > -rng.uniform(10, 26)
            full[here] |= (r < 1) & (rng.uniform() < 0.7)
    wall &= submucosa
    vein = wall & (vessel > 0)
    wall &= ~vein
    fat = submucosa & ~wall & ~vein & (noise(260) + 0.12 * noise(45) + 0.8 * step(depth - muscle_end, 200, 500) > 0.75)
    fat &= ndimage.distance_transform_edt(~(wall | vein)) > 12
    seeds = np.ones(shape, bool)
    for _ in range(6000):
        sy, sx = rng.integers(0, height), rng.integers(0, width)
        if seeds[max(sy - 52, 0) : sy + 53, max(sx - 52, 0) : sx + 53].all():
            seeds[sy, sx] = False
    _, (iy, ix) = ndimage.distance_transform_edt(seeds, return_indices=True)
    cells = iy.astype(np.int64) * width + ix
    edges = (cells != np.roll(cells, 1, 0)) | (cells != np.roll(cells, 1, 1)) | ~fat
    to_edge = ndimage.distance_transform_edt(~edges).astype(np.float32)
    corners = ndimage.gaussian_filter(to_edge, 4)

    # Which way fibres run.
    loose = 1.2 * noise(160) + 0.35 * noise(40)
    waves = 0.45 * np.sin(noise(120) * 3 + (x + y * 0.6) / 9 + 2 * noise(60))
    angle = blend(step(stromal, 70, 15), along(stromal - epithelial), loose)
    layer = along(depth)
    angle = np.where(depth > mucosa_end, blend(0.65, layer + 0.6 * noise(170), loose) + waves, angle)
    angle = np.where(muscle, layer + 0.12 * noise(60), angle)
    angle = np.where(wall | vein, along(vessel), angle)
    fine, coarse_fibres, hair = fibres(rng, angle, 2.0, 4), fibres(rng, angle, 6.0, 4), fibres(rng, angle, 1.0, 4)

    # Nuclei, the crowded kinds last.
    radial = along(epithelial - stromal) + np.pi / 2
    band = lambda low, high: epithelium & (epithelial > low) & (epithelial < high)
    crowded = noise(350) > 1.4
    area = lambda mask: int(np.count_nonzero(mask))
    row = band(11.5, 15)
    canvas.fill(row, [EPITHELIUM], area(row) // 10, radial, epithelium)
    canvas.fill(band(9, 20), [EPITHELIUM], area(row) // 10, radial, epithelium)
    second = band(24, 33) & crowded
    canvas.fill(second, [EPITHELIUM], area(second) // 25, radial, epithelium)
    canvas.fill(epithelium, [LYMPHOCYTE], area(epithelium) // 5000, None, epithelium)
    canvas.fill(propria & (stromal > 3) & (stromal < 8), [FIBROBLAST], area(propria) // 1500, angle, stroma)
    canvas.fill(propria & (follicle < 0), [FIBROBLAST], area(propria) // 4500, angle, stroma)
    cells_here = propria & (noise(90) + 0.6 * noise(35) > -0.5) & (stromal > 5)
    canvas.fill(cells_here, [LYMPHOCYTE, PLASMA_CELL, PLASMA_CELL], area(cells_here) // 230, None, stroma)
    canvas.fill(lymphoid & (centre > 0), [CENTROBLAST, CENTROBLAST, LYMPHOCYTE], area(lymphoid) // 160, None, stroma)
    canvas.fill(lymphoid & (centre < 0.05), [LYMPHOCYTE], area(lymphoid) // 55, None, stroma)
    canvas.fill(stroma & (follicle > -0.25) & (depth < muscle_end), [LYMPHOCYTE], area(lymphoid) // 300, None, stroma)
    canvas.fill(muscle, [MUSCLE], area(muscle) // 900, angle, muscle)
    collagen = submucosa & ~fat & ~vein
    canvas.fill(collagen & ~wall, [FIBROBLAST], area(collagen) // 1700, angle, collagen)
    canvas.fill(collagen & (noise(120) > 1.2), [LYMPHOCYTE], area(collagen) // 900, None, collagen)
    canvas.fill(wall, [MUSCLE, FIBROBLAST], area(wall) // 500, angle, wall)
    canvas.fill(fat & (to_edge < 3.5), [FIBROBLAST], area(fat) // 6000, along(to_edge), None)
    nuclei = canvas.labels > 0

    # What lies between the nuclei.
    h, e = canvas.h, canvas.e
    grain, mottle = 0.7 * noise(1.5) + 0.7 * noise(3), noise(9)
    gap = step(coarse_fibres + 0.45 * fine + 0.3 * hair, -1.8, -1.0)
    loose_e = 0.29 + 0.04 * coarse_fibres + 0.05 * fine + 0.06 * hair + 0.04 * grain + 0.03 * mottle
    e[propria] = (loose_e * (0.25 + 0.75 * gap))[propria]
    h[propria] = (0.10 + 0.03 * mottle + 0.02 * fine + 0.03 * hair + 0.03 * grain)[propria] * (0.4 + 0.6 * gap[propria])
    e[lymphoid] = (0.27 + 0.07 * mottle + 0.06 * grain)[lymphoid]
    h[lymphoid] = (0.19 + 0.06 * mottle + 0.05 * grain)[lymphoid]
    tight = step(coarse_fibres + 0.4 * fine + 0.3 * hair, -2.1, -1.6)
    e[muscle] = ((0.60 + 0.06 * coarse_fibres + 0.06 * fine + 0.07 * hair) * (0.35 + 0.65 * tight))[muscle]
    h[muscle] = (0.10 + 0.02 * fine + 0.02 * hair)[muscle]
    open_ = step(coarse_fibres + 0.5 * fine + 0.3 * hair + 0.4 * noise(80), -1.1, -0.4)
    e[collagen] = ((0.50 + 0.08 * coarse_fibres + 0.08 * fine + 0.08 * hair) * (0.10 + 0.90 * open_))[collagen]
    h[collagen] = 0.03
    e[wall] = (0.58 + 0.08 * coarse_fibres + 0.06 * fine + 0.06 * hair)[wall]
    e[fat] = (0.02 + 0.42 * np.maximum(step(to_edge, 2.6, 1.0), step(corners, 3.4, 2.2)) * (1 + 0.3 * mottle))[fat]
    e[vein] = 0.05

    # Cytoplasm: cells meet half way between their nuclei; goblet cells are full of mucus.
    _, (iy, ix) = ndimage.distance_transform_edt(~nuclei, return_indices=True)
    owner = canvas.labels[iy, ix]
    meet = ((owner != np.roll(owner, 1, 0)) | (owner != np.roll(owner, 1, 1))).astype(np.float32)
    meet = ndimage.gaussian_filter(meet, 0.8)
    tone = rng.normal(1, 0.1, canvas.count + 1).astype(np.float32)[owner]
    apical = step(epithelial, 18, 46)
    e[epithelium] = ((0.31 + 0.06 * apical + 0.06 * grain + 0.03 * mottle) * tone + 0.10 * meet)[epithelium]
    h[epithelium] = (0.24 - 0.10 * apical + 0.03 * mottle + 0.04 * grain + 0.05 * meet)[epithelium]
    goblets = np.zeros(shape, np.float32)
    sites = np.flatnonzero(band(27, 43) & ~crowded & ~nuclei)
    for spot in rng.choice(sites, max(sites.size // 40, 1)):
        cy, cx = divmod(int(spot), width)
        box = canvas.box(cy, cx, 22)
        if box is None or goblets[cy, cx] > 0:
            continue
        here, by, bx = box
        r = outline(rng, by, bx, cy, cx, radial[cy, cx], rng.uniform(10, 15), rng.uniform(6, 9.5), 0.05)
        full_cell = step(r, 1.08, 0.85)
        taken = (goblets[here] > 0.1) | nuclei[here] | ~epithelium[here]
        if np.count_nonzero((r < 1.1) & taken) > 0.12 * np.count_nonzero(r < 1):
            continue
        goblets[here] = np.maximum(goblets[here], full_cell)
        e[here] += 0.10 * np.exp(-(((r - 1.05) / 0.09) ** 2)) * epithelium[here]
    mucus = noise(5)
    e *= 1 - 0.78 * goblets
    h = h * (1 - goblets) + goblets * (0.13 + 0.035 * mucus + 0.03 * noise(14))
    brush = glandular & tissue & (np.abs(epithelial - cell_height) < 1.6)
    e[brush] += 0.15
    content = step(noise(45) + 0.5 * noise(10), 0.5, 1.6)
    e[lumen] = (0.02 + 0.10 * content + 0.02 * content * grain)[lumen]
    h[lumen] = (0.01 + 0.05 * content)[lumen]
    membrane = stroma & (stromal < 2.6)
    e[membrane] += 0.15

    # Blood.
    capillary = propria & (follicle < -0.05) & (coarse_fibres + noise(40) > 1.8) & (stromal > 10)
    for mask, tries in ((vein & full, 1.6), (capillary, 0.5)):
        spots = np.flatnonzero(mask & ~nuclei)
        if spots.size == 0:
            continue
        for spot in rng.choice(spots, int(tries * spots.size / 110)):
            cy, cx = divmod(int(spot), width)
            box = canvas.box(cy, cx, 11)
            if box is None or canvas.red[cy, cx] > 0.3:
                continue
            here, by, bx = box
            r = outline(rng, by, bx, cy, cx, rng.uniform(0, 3), rng.uniform(5.5, 7.2), rng.uniform(4.5, 6.5), 0.08)
            disc = rng.uniform(0.65, 0.95) * step(r, 1.1, 0.85) * (0.75 + 0.25 * np.clip(r, 0, 1)) * ~nuclei[here]
            canvas.red[here] = np.maximum(canvas.red[here], disc)

    # Nothing outside of the tissue; edges are a little darker, as a scalpel leaves them.
    away = glandular & (epithelial >= cell_height) & (depth < 20)
    on_slide = tissue & ~away
    rim = ndimage.distance_transform_edt(on_slide)
    presence = ndimage.gaussian_filter(on_slide.astype(np.float32), 1.0)
    darker = 1 + 0.25 * np.exp(-rim / 9).astype(np.float32)
    canvas.labels[~on_slide] = 0
    strength_h, strength_e = 1 + 0.07 * noise(420), 1 + 0.10 * noise(330) + 0.04 * noise(110)
    soft_nuclei = np.clip(canvas.nuclei_h / 0.6, 0, 1)
    stain_h = (np.clip(h, 0, None) * (1 - 0.7 * soft_nuclei) + canvas.nuclei_h) * strength_h * stain[0]
    stain_e = np.clip(e, 0, None) * (1 - 0.6 * soft_nuclei) * strength_e * stain[1] * darker
    stain_e *= 1 - np.clip(canvas.red, 0, 1) * 0.8
    dust = 0.25 * step(noise(30) + 0.25 * noise(7), 3.6, 4.0)
    density = np.stack([stain_h, stain_e, canvas.red], -1) * presence[..., None]
    density = density @ np.stack([HAEMATOXYLIN, EOSIN, ERYTHROCYTE]).astype(np.float32) + dust[..., None]

    # Optics: blur that varies a little, light that is not quite even, noise of the sensor.
    light = np.array([243, 241, 244], np.float32) * (1 + 0.004 * noise(700))[..., None]
    rgb = light * np.exp(-density)
    sharp, soft = (np.stack([ndimage.gaussian_filter(rgb[..., c], s) for c in range(3)], -1) for s in (0.6, 1.25))
    focus = step(noise(500), 0.3, 1.8)[..., None]
    rgb = sharp + focus * (soft - sharp)
    rgb += rng.standard_normal(rgb.shape, np.float32) * (0.5 + 0.011 * np.sqrt(np.clip(rgb, 0, None) * 60))
    labels = renumber(canvas.labels)
    return Slide(np.clip(rgb + 0.5, 0, 255).astype(np.uint8), labels)


def renumber(labels, smallest: int = 40):
    """Numbers without gaps, one piece each; what an edge or a neighbour cut smaller than `smallest` pixels is none."""
    out = np.zeros_like(labels)
    count = 0
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        if box is None:
            continue
        pieces, n = ndimage.label(labels[box] == number)
        sizes = np.bincount(pieces.ravel())[1:]
        if sizes.max() >= smallest:
            count += 1
            out[box][pieces == 1 + sizes.argmax()] = count
    return out
