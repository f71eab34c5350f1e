// How objects are made of a prediction, in the words of the commands.

import { h, line, replace } from './dom';

export type Words = Record<string, string | boolean>;

interface Row {
  name: string; // of the option
  label: string;
  hint: string;
  choices?: [string, string][];
  placeholder?: string;
}

const kRows: Row[] = [
  { name: 'threshold', label: 'threshold', hint: 'A pixel belongs to an object from this value on. Empty: 0.5 for one channel; of several the largest wins', placeholder: 'automatic' },
  { name: 'min-area', label: 'least area', hint: 'Smaller objects are left out: 20um2, or 50px', placeholder: '20um2' },
  { name: 'split', label: 'split', hint: 'Takes touching objects apart', choices: [['', 'no'], ['distance', 'at necks'], ['seeds', 'between tops']] },
  { name: 'fill-holes', label: 'fill holes below', hint: 'Smaller holes are filled: 20um2, or 50px', placeholder: 'none' },
  { name: 'smooth', label: 'smooth', hint: 'Standard deviation of a Gaussian over the prediction: 0.5um, or 1px', placeholder: 'not' },
  { name: 'border-objects', label: 'cut by the edge', hint: 'Objects that the edge of the image cuts', choices: [['', 'keep'], ['drop', 'drop']] },
  { name: 'object-type', label: 'as', hint: 'What QuPath makes of them; cells are grown around nuclei', choices: [['', 'detections'], ['annotation', 'annotations'], ['cell', 'cells around them']] },
  { name: 'cell-expansion', label: 'cells reach', hint: 'How far cells reach around their nuclei: 5um, or 10px', placeholder: '5um' },
  { name: 'measure', label: 'measure', hint: 'Beside area, place and means', choices: [['', 'the basics'], ['shape', 'shape too'], ['intensity', 'intensity too'], ['all', 'everything']] },
];

const kFiles: [string, string][] = [
  ['geojson', 'GeoJSON'],
  ['csv', 'CSV'],
  ['labels-tiff', 'label OME-TIFF'],
  ['labels', 'label OME-Zarr'],
];

export class ObjectOptions {
  readonly element = h('div', { class: 'settings object-options' });
  private readonly channels = h('select', { 'aria-label': 'Channels that become objects' });
  private readonly fields = new Map<string, HTMLInputElement | HTMLSelectElement>();
  private readonly files = new Map<string, HTMLInputElement>();

  /** `none`: what no objects at all are called, where that is a choice. */
  constructor(private readonly none: string | null, private readonly onchange: () => void) {
    this.element.append(line('objects of', this.channels));
    for (const { name, label, hint, choices, placeholder } of kRows) {
      const field = choices
        ? h('select', { 'aria-label': label, title: hint }, ...choices.map(([value, text]) => h('option', { value }, text)))
        : h('input', { type: 'text', placeholder, 'aria-label': label, title: hint });
      this.fields.set(name, field);
      this.element.append(line(label, field));
    }
    const files = [...kFiles, ['qupath', 'QuPath folder'] as [string, string]].map(([name, label]) => {
      const box = h('input', { type: 'checkbox', checked: name === 'geojson' });
      this.files.set(name, box);
      return h('label', { class: 'class' }, box, label);
    });
    this.element.append(h('div', { class: 'files', role: 'group', 'aria-label': 'What is written of the objects' }, ...files));
    const changed = (event: Event) => {
      if (![...this.files.values()].includes(event.target as HTMLInputElement)) this.onchange();
    };
    this.element.addEventListener('input', changed);
    this.element.addEventListener('input', () => this.fit());
    this.fit();
  }

  /** Only cells have a reach. */
  private fit(): void {
    this.fields.get('cell-expansion')!.closest('label')!.hidden = this.fields.get('object-type')!.value !== 'cell';
  }

  /** The channels there are; what was chosen stays if it is still there. */
  setChannels(names: string[], chosen: string): void {
    replace(
      this.channels,
      this.none !== null && h('option', { value: '' }, this.none),
      ...names.map((name) => h('option', { value: name }, name)),
      (names.length !== 1 || this.none === null) && h('option', { value: 'all' }, 'all channels'),
    );
    if (!names.includes(chosen) && chosen && chosen !== 'all') this.channels.append(h('option', { value: chosen }, chosen));
    this.channels.value = chosen;
  }

  /** As they were for a run. */
  set(options: Record<string, string>): void {
    for (const [name, field] of this.fields) field.value = options[name] ?? '';
    this.fit();
  }

  /** What objects are made; nothing if none are. */
  words(): Words {
    if (this.none !== null && !this.channels.value) return {};
    const words: Words = { objects: this.channels.value };
    for (const [name, field] of this.fields) {
      const text = field.value.trim().replace(/^(\d+),(\d)/, '$1.$2');
      if (text && !field.closest('label')!.hidden) words[name] = text;
    }
    return words;
  }

  /** The same with what is written of them. */
  wordsWithFiles(): Words {
    const words = this.words();
    if (!words.objects) return words;
    const files = kFiles.filter(([name]) => this.files.get(name)!.checked).map(([name]) => name);
    const qupath = this.files.get('qupath')!.checked;
    if (!files.length && !qupath) throw new Error('nothing is chosen that could be written of the objects; take GeoJSON at least');
    // QuPath's folder is made of the GeoJSON.
    if (qupath && !files.includes('geojson')) files.unshift('geojson');
    return { ...words, 'object-files': files.join(','), ...(qupath && { qupath: true }) };
  }
}
