// How long a round length is on the screen.

import { h } from './dom';

const kLongest = 160; // CSS pixels

export class ScaleBar {
  private readonly line = h('div', { class: 'line' });
  private readonly text = h('span');
  readonly element = h('div', { class: 'scalebar', 'aria-label': 'Scale' }, this.line, this.text);

  /** `umPerPixel`: µm per screen pixel, or null where the image does not say; then `pixels` image pixels are one. */
  show(umPerPixel: number | null, pixels: number): void {
    const per = umPerPixel ?? pixels;
    const longest = kLongest * per;
    const power = 10 ** Math.floor(Math.log10(longest));
    const round = [5, 2, 1].map((n) => n * power).find((length) => length <= longest) ?? power;
    this.line.style.width = `${round / per}px`;
    this.text.textContent = umPerPixel === null ? `${shorten(round)} px` : micrometres(round);
  }
}

function shorten(value: number): string {
  return String(Number(value.toPrecision(3)));
}

export function micrometres(um: number): string {
  if (um >= 10_000) return `${shorten(um / 10_000)} cm`;
  if (um >= 1000) return `${shorten(um / 1000)} mm`;
  if (um >= 1) return `${shorten(um)} µm`;
  return `${shorten(um * 1000)} nm`;
}
