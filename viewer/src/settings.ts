// What a model is to get of the image, which of its outputs is meant, and what that means.

import type { ClassifierFile, ImageInfo, ModelCard } from './api';
import { h, line, replace } from './dom';
import { Meaning, type MeaningWords } from './meaning';

/** As the program takes them; a kept classifier stands for all others. */
export interface Wishes {
  channels?: string;
  pixel_size?: string;
  downsample?: string;
  level?: string;
  tile?: string;
  output?: string;
  classifier?: string;
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
const kResolutions: [string, string][] = [
  ['', 'as the model wants'],
  ['pixel_size', 'in µm'],
  ['downsample', 'coarser'],
  ['level', 'level'],
];
const kResolutionHints: Record<string, string> = {
  pixel_size: 'Brings the image to pixels of so many µm',
  downsample: 'Brings the image to pixels that are so many times larger',
  level: 'Takes this level of the pyramid as it is',
};
type Resolution = 'pixel_size' | 'downsample' | 'level';

const text = (label: string, placeholder: string, size: number) =>
  h('input', { type: 'text', class: size < 8 ? 'short' : undefined, size, placeholder, 'aria-label': label });

export class Settings {
  readonly element = h('div', { class: 'settings' });
  meaning: Meaning | null = null;
  /** What the output means has become another. */
  onmeaning: () => void = () => {};
  private readonly channels: HTMLSelectElement[] = [];
  private readonly resolution = h('select', { 'aria-label': 'Resolution' }, ...kResolutions.map(([value, name]) => h('option', { value }, name)));
  private readonly number = text('Size of pixels', '0.5', 6);
  private readonly tile: HTMLInputElement | null = null;
  private readonly output: HTMLSelectElement | null = null;
  private readonly means = h('div');
  private readonly as = h('p', { class: 'quiet' });
  private isAsKept: boolean;

  /** `kept` is a classifier of this model whose settings are taken. */
  constructor(private readonly card: ModelCard, info: ImageInfo, private readonly kept: ClassifierFile | null) {
    this.isAsKept = kept !== null;
    this.channels = this.channelsOf(info);
    this.element.append(this.as);
    const wanted = card.inputs[0]?.axes.find((axis) => axis.channel_names.length > 0)?.channel_names ?? [];
    wanted.forEach((name, i) => this.element.append(line(`${name} is`, this.channels[i]!)));

    const wants = card.inputs[0]?.axes.find((axis) => axis.id === 'x' && axis.unit);
    const has = info.pixel_size_um?.x;
    const hint = [
      wants ? `The model wants pixels of ${+wants.scale.toPrecision(4)} ${wants.unit === 'micrometer' ? 'µm' : wants.unit}` : 'The model does not say what it wants',
      has ? `the image has ${+has.toPrecision(4)} µm` : 'the image does not say what it has',
    ].join('; ');
    this.element.append(line('resolution', this.resolution, this.number), h('p', { class: 'quiet' }, `${hint}.`));
    for (const [name, value] of [['pixel_size', kept?.pixel_size_um], ['downsample', kept?.downsample], ['level', kept?.level]] as const)
      if (value !== undefined && (name === 'level' ? value >= 0 : value > 0)) {
        this.resolution.value = name;
        this.number.value = String(value);
      }
    const resolved = () => {
      this.number.hidden = !this.resolution.value;
      this.resolution.title = this.number.title = kResolutionHints[this.resolution.value] ?? '';
    };
    this.resolution.addEventListener('change', resolved);
    resolved();

    const sizes = card.tile_sizes.map(({ axis, min, step }) => `${axis} ${step ? `${min}, ${min + step}, …` : min}`).join(' · ');
    if (card.tile_sizes.some(({ step }) => step > 0)) {
      this.tile = text('Windows', 'chosen', 10);
      this.tile.title = `What the network sees at once, in pixels: 512, or y=512,x=256. It takes ${sizes}`;
      this.tile.value = kept?.axes.filter((axis) => axis.tile > 0).map((axis) => `${axis.axis}=${axis.tile}`).join(',') ?? '';
      this.element.append(line('windows', this.tile));
    } else if (sizes) this.element.append(h('p', { class: 'quiet' }, `Windows are fixed: ${sizes}.`));

    if (card.outputs.length > 1) {
      this.output = h('select', { 'aria-label': 'Output' }, ...card.outputs.map((tensor) => h('option', { value: tensor.id }, tensor.id)));
      if (kept) this.output.value = kept.output;
      this.output.addEventListener('change', () => this.showMeaning(null));
      this.element.append(line('output', this.output));
    }
    this.element.append(this.means);
    this.showMeaning(kept);
    this.element.addEventListener('change', (event) => {
      if (!this.means.contains(event.target as Node)) this.touched();
    });
    this.say();
  }

  wishes(): Wishes {
    if (this.kept && this.isAsKept) return { classifier: this.kept.name };
    return this.words();
  }

  /** All of it, for a classifier. Errors are sentences. */
  all(): Record<string, string | number> & MeaningWords {
    const { pixel_size, downsample, level, ...words } = this.words();
    const numbers = Object.entries({ pixel_size, downsample, level }).flatMap(([name, value]) => {
      if (value === undefined) return [];
      if (!Number.isFinite(Number(value))) throw new Error(`'${value}' is no number`);
      return [[name, Number(value)] as const];
    });
    const given = Object.fromEntries(Object.entries({ ...words, ...this.meaning?.words() }).filter(([, value]) => value !== undefined));
    return { ...given, ...Object.fromEntries(numbers) } as Record<string, string | number>;
  }

  private words(): Wishes {
    const chosen = this.channels.map((select) => select.value);
    // Who names one names all: the others are then those of the image in its order.
    const channels = chosen.some((value) => value) ? chosen.map((value, i) => value || String(i)).join(',') : '';
    const number = this.number.value.trim().replace(',', '.');
    const resolution = this.resolution.value as Resolution | '';
    return {
      channels: channels || undefined,
      ...(resolution && number && { [resolution]: number }),
      tile: this.tile?.value.trim() || undefined,
      output: this.output?.value || undefined,
    };
  }

  private channelsOf(info: ImageInfo): HTMLSelectElement[] {
    const axis = this.card.inputs[0]?.axes.find((a) => a.channel_names.length > 0);
    const wanted = axis?.channel_names ?? [];
    // As many as the image has, in its order, is what is taken if nothing is said.
    const fits = wanted.length === info.channels.length || wanted.length === 0;
    const choices: [string, string][] = [
      ...(fits ? ([['', 'automatic']] as [string, string][]) : []),
      ...info.channels.map((name, i): [string, string] => [String(i), name]),
      ...kMade,
      ...(info.is_rgb ? kStains : []),
    ];
    return wanted.map((name, i) => {
      const select = h('select', { 'aria-label': `Channel for ${name}` }, ...choices.map(([value, said]) => h('option', { value }, said)));
      if (!fits) select.value = String(Math.min(i, info.channels.length - 1));
      const kept = this.kept?.channels[i];
      if (kept) {
        const index = info.channels.indexOf(kept);
        const value = index >= 0 ? String(index) : kept;
        if (!choices.some(([known]) => known === value)) select.append(h('option', { value }, value));
        select.value = value;
      }
      return select;
    });
  }

  private showMeaning(kept: ClassifierFile | null): void {
    const choice = this.card.choices.find(({ output }) => output === (this.output?.value ?? this.card.choices[0]?.output));
    this.meaning = choice && !choice.reason ? new Meaning(choice, kept, () => this.onmeaning()) : null;
    replace(this.means, this.meaning?.element ?? (choice?.reason ? h('p', { class: 'quiet' }, `No classifier can be made of it: ${choice.reason}.`) : null));
    this.onmeaning();
  }

  private touched(): void {
    this.isAsKept = false;
    this.say();
  }

  private say(): void {
    const { kept } = this;
    this.as.textContent = !kept ? '' : this.isAsKept ? `As the classifier ${kept.name} says.` : `Changed since it was the classifier ${kept.name}.`;
    this.as.hidden = !kept;
  }
}
