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
