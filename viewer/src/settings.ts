// What a model is to get of the image, and which of its outputs is shown.

import type { ImageInfo, ModelCard } from './api';
import { h } from './dom';

export interface Wishes {
  channels?: string;
  pixel_size?: string;
  output?: string;
}

const kMade: [string, string][] = [
  ['mean', 'mean of all'],
  ['max', 'maximum of all'],
  ['min', 'minimum of all'],
];
const kStains: [string, string][] = [
  ['hematoxylin', 'hematoxylin (stain)'],
  ['eosin', 'eosin (stain)'],
  ['dab', 'DAB (stain)'],
];

export class Settings {
  readonly element = h('div', { class: 'settings' });
  private readonly channels: HTMLSelectElement[] = [];
  private readonly pixel = h('input', {
    type: 'text',
    inputMode: 'decimal',
    size: 8,
    placeholder: 'as it wants',
    'aria-label': 'Pixel size in µm',
  });
  private readonly output: HTMLSelectElement | null = null;

  constructor(card: ModelCard, info: ImageInfo) {
    const axis = card.inputs[0]?.axes.find((a) => a.channel_names.length > 0);
    const wanted = axis?.channel_names ?? [];
    // As many as the image has, in its order, is what is taken if nothing is said.
    const fits = wanted.length === info.channels.length || wanted.length === 0;
    const choices: [string, string][] = [
      ...(fits ? ([['', 'automatic']] as [string, string][]) : []),
      ...info.channels.map((name, i): [string, string] => [String(i), name]),
      ...kMade,
      ...(info.is_rgb ? kStains : []),
    ];
    wanted.forEach((name, i) => {
      const select = h(
        'select',
        { 'aria-label': `Channel for ${name}` },
        ...choices.map(([value, text]) => h('option', { value }, text)),
      );
      if (!fits) select.value = String(Math.min(i, info.channels.length - 1));
      this.channels.push(select);
      this.element.append(h('label', { class: 'slider' }, h('span', { class: 'wide' }, `${name} is`), select));
    });
    this.element.append(
      h('label', { class: 'slider' }, h('span', { class: 'wide' }, 'pixel size, µm'), this.pixel),
    );
    if (card.outputs.length > 1) {
      this.output = h(
        'select',
        { 'aria-label': 'Output' },
        ...card.outputs.map((tensor) => h('option', { value: tensor.id }, tensor.id)),
      );
      this.element.append(h('label', { class: 'slider' }, h('span', { class: 'wide' }, 'output'), this.output));
    }
  }

  wishes(): Wishes {
    const chosen = this.channels.map((select) => select.value);
    // Who names one names all: the others are then those of the image in its order.
    const channels = chosen.some((value) => value) ? chosen.map((value, i) => value || String(i)).join(',') : '';
    return {
      channels: channels || undefined,
      pixel_size: this.pixel.value.trim().replace(',', '.') || undefined,
      output: this.output?.value || undefined,
    };
  }
}
