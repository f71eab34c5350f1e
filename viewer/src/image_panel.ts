// What is known of the image, and which of its planes is shown.

import type { ImageInfo } from './api';
import { h, replace } from './dom';

export class ImagePanel {
  readonly element = h('section', { class: 'panel image', 'aria-label': 'Image' });

  constructor(private readonly onplane: (z: number, t: number) => void) {}

  set(path: string, info: ImageInfo): void {
    const whole = info.levels[0]!;
    const um = info.pixel_size_um;
    const facts: [string, string][] = [
      ['size', `${whole.width} × ${whole.height} px`],
      ['pixel', um ? `${+um.x.toPrecision(4)} × ${+um.y.toPrecision(4)} µm` : 'size not stated'],
      ['type', `${info.dtype}${info.is_rgb ? ', RGB' : `, ${info.channels.length} ${info.channels.length === 1 ? 'channel' : 'channels'}`}`],
      ['levels', info.levels.map((level) => `1:${+level.downsample_x.toPrecision(3)}`).join(', ')],
      ['format', info.format],
    ];
    const plane = { z: 0, t: 0 };
    const slider = (axis: 'z' | 't', size: number) => {
      const value = h('output', {}, `1 of ${size}`);
      return (
        size > 1 &&
        h(
          'label',
          { class: 'plane' },
          axis,
          h('input', {
            type: 'range',
            min: '0',
            max: String(size - 1),
            value: '0',
            oninput: (event: Event) => {
              plane[axis] = Number((event.target as HTMLInputElement).value);
              value.textContent = `${plane[axis] + 1} of ${size}`;
              this.onplane(plane.z, plane.t);
            },
          }),
          value,
        )
      );
    };
    replace(
      this.element,
      h('h2', {}, path.split('/').pop() ?? path),
      slider('z', info.size_z),
      slider('t', info.size_t),
      h('dl', {}, ...facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])),
      ...info.notes.map((note) => h('p', { class: 'quiet' }, note)),
    );
  }
}
