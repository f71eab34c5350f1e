// Which channels are shown, in which colour and between which values.

import type { ChannelRange } from './api';
import { debounce, h, replace } from './dom';

interface Shown extends ChannelRange {
  index: number;
  visible: boolean;
}

const kMostVisible = 8;

/** A number as short as its neighbours on a slider can be told apart. */
function short(value: number): string {
  if (value === 0) return '0';
  return Math.abs(value) >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toPrecision(3);
}

export class Channels {
  readonly element = h('section', { class: 'panel channels', 'aria-label': 'Channels' });
  private channels: Shown[] = [];
  private readonly changed: () => void;

  constructor(onchange: () => void) {
    this.changed = debounce(120, onchange);
  }

  /** `asItIs`: a colour image that needs no choice. */
  set(ranges: ChannelRange[], asItIs: boolean): void {
    this.channels = asItIs
      ? []
      : ranges.map((range, index) => ({ ...range, index, visible: index < kMostVisible }));
    replace(
      this.element,
      asItIs && h('p', { class: 'quiet' }, 'A colour image, shown as it is.'),
      ...this.channels.map((channel) => this.row(channel)),
    );
  }

  /** As the program takes it; empty for a colour image. */
  words(): string | undefined {
    if (!this.channels.length) return undefined;
    const visible = this.channels.filter((channel) => channel.visible);
    // Nothing visible is shown as black, which is a channel without a colour.
    const shown = visible.length ? visible : [{ ...this.channels[0]!, colour: '000000' }];
    return shown.map((c) => `${c.index}:${c.colour}:${c.low}:${c.high}`).join(',');
  }

  toggle(index: number): void {
    const box = this.element.querySelectorAll<HTMLInputElement>('input[type=checkbox]')[index];
    box?.click();
  }

  private row(channel: Shown): HTMLElement {
    const step = (channel.max - channel.min) / 1000 || 1;
    const range = h('output', { class: 'range' });
    const shade = h('div', { class: 'shade' });
    const update = () => {
      const width = channel.max - channel.min || 1;
      range.textContent = `${short(channel.low)} – ${short(channel.high)}`;
      shade.style.left = `${(100 * (channel.low - channel.min)) / width}%`;
      shade.style.right = `${(100 * (channel.max - channel.high)) / width}%`;
      row.style.setProperty('--channel', `#${channel.colour}`);
    };
    const slider = (which: 'low' | 'high', label: string) =>
      h('input', {
        type: 'range',
        min: String(channel.min),
        max: String(channel.max),
        step: String(step),
        value: String(channel[which]),
        'aria-label': `${channel.name}: ${label}`,
        oninput: (event: Event) => {
          channel[which] = Number((event.target as HTMLInputElement).value);
          if (channel.low >= channel.high) {
            if (which === 'low') channel.low = channel.high - step;
            else channel.high = channel.low + step;
          }
          update();
          this.changed();
        },
      });
    const row = h(
      'div',
      { class: 'channel' },
      h(
        'div',
        { class: 'head' },
        h(
          'label',
          {},
          h('input', {
            type: 'checkbox',
            checked: channel.visible,
            onchange: (event: Event) => {
              channel.visible = (event.target as HTMLInputElement).checked;
              this.changed();
            },
          }),
          h('span', { class: 'name', title: channel.name }, channel.name),
        ),
        h('input', {
          type: 'color',
          value: `#${channel.colour}`,
          'aria-label': `${channel.name}: colour`,
          oninput: (event: Event) => {
            channel.colour = (event.target as HTMLInputElement).value.slice(1);
            update();
            this.changed();
          },
        }),
      ),
      h('div', { class: 'histogram' }, histogram(channel.counts), shade),
      slider('low', 'black at'),
      slider('high', 'full colour at'),
      range,
    );
    update();
    return row;
  }
}

function histogram(counts: number[]): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', `0 0 ${counts.length} 32`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  const most = Math.log1p(Math.max(1, ...counts));
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  const tops = counts.map((count, i) => `L${i} ${32 - (30 * Math.log1p(count)) / most}H${i + 1}`);
  path.setAttribute('d', `M0 32${tops.join('')}V32Z`);
  svg.append(path);
  return svg;
}
