// Values of a prediction as colours, for a threshold and classes that are chosen in the page.

export interface ClassLook {
  name: string;
  colour: string;
  visible: boolean;
}

export interface OverlayLook {
  classes: ClassLook[];
  threshold: number;
  /** One channel alone: as strong as its value, instead of all that reaches the threshold alike. */
  graded: boolean;
  /** Each channel for itself: a pixel may have several classes, of which the colours are mixed. */
  overlapping: boolean;
}

const rgb = (hex: string): [number, number, number] => [
  parseInt(hex.slice(0, 2), 16),
  parseInt(hex.slice(2, 4), 16),
  parseInt(hex.slice(4, 6), 16),
];

/**
 * Paints `values`, (channel, y, x), into `out`, RGBA. Of several channels the largest decides the class of a pixel; it
 * shows if it reaches the threshold and its class is visible.
 */
export function colourise(values: Float32Array, pixels: number, look: OverlayLook, out: Uint8ClampedArray): void {
  const colours = look.classes.map((row) => rgb(row.colour));
  const channels = look.classes.length;
  out.fill(0);
  if (look.overlapping) return mix(values, pixels, look, colours, out);
  for (let i = 0; i < pixels; ++i) {
    let best = 0;
    let value = values[i]!;
    for (let c = 1; c < channels; ++c) {
      const other = values[c * pixels + i]!;
      if (other > value) {
        value = other;
        best = c;
      }
    }
    if (!(value >= look.threshold) || !look.classes[best]!.visible) continue;
    const [r, g, b] = colours[best]!;
    out[4 * i] = r;
    out[4 * i + 1] = g;
    out[4 * i + 2] = b;
    out[4 * i + 3] = look.graded && channels === 1 ? 255 * Math.min(1, Math.max(0, value)) : 255;
  }
}

function mix(values: Float32Array, pixels: number, look: OverlayLook, colours: [number, number, number][], out: Uint8ClampedArray): void {
  for (let i = 0; i < pixels; ++i) {
    let count = 0;
    let [red, green, blue] = [0, 0, 0];
    colours.forEach(([r, g, b], c) => {
      if (!(values[c * pixels + i]! >= look.threshold) || !look.classes[c]!.visible) return;
      [red, green, blue] = [red + r, green + g, blue + b];
      ++count;
    });
    if (!count) continue;
    out[4 * i] = red / count;
    out[4 * i + 1] = green / count;
    out[4 * i + 2] = blue / count;
    out[4 * i + 3] = 255;
  }
}
