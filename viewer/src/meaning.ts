// What the channels of an output mean: a class each with its name and colour, or to be ignored, and which of them a
// pixel has. The words are those of `tegula classifier create`.

import type { Choice, ClassifierFile } from './api';
import { h, line, replace } from './dom';

export interface ClassRow {
  name: string;
  colour: string;
  ignored: boolean;
}

export interface MeaningWords {
  output_type?: string;
  classes?: string;
  threshold?: number;
}

const kTypes: Record<string, string> = {
  probability: 'The largest channel is the class of a pixel.',
  multiclass: 'Each channel for itself: classes may overlap.',
  classification: 'Only the number of the class is kept, the largest channel.',
};
const kOfOne = 'What is at least the threshold has the class.';

export class Meaning {
  readonly element = h('div', { class: 'meaning' });
  readonly rows: ClassRow[];
  private readonly before: ClassRow[];
  private readonly type = h('select', { 'aria-label': 'Output type' });
  private readonly threshold = h('input', { type: 'text', inputMode: 'decimal', size: 8, placeholder: '0.5', 'aria-label': 'Threshold' });
  private readonly table = h('div');

  /** The file is of a classifier that says what it means; `onchange` hears of every change. */
  constructor(choice: Choice, file: ClassifierFile | null, private readonly onchange: () => void) {
    const rowOf = (name: string, colour: string): ClassRow => ({ name: name.replace(/\*$/, ''), colour, ignored: name.endsWith('*') });
    this.before = choice.classes.map((row) => rowOf(row.name, row.colour));
    const hex = (part: number) => part.toString(16).padStart(2, '0');
    this.rows = file && file.classes.length === choice.classes.length
      ? file.classes.map((row) => rowOf(row.name, hex(row.red) + hex(row.green) + hex(row.blue)))
      : this.before.map((row) => ({ ...row }));
    this.type.append(...choice.types.map((type) => h('option', { value: type }, type)));
    if (file) this.type.value = file.output_type;
    if (file && file.threshold >= 0) this.threshold.value = String(file.threshold);
    this.type.addEventListener('change', () => this.changed());
    this.threshold.addEventListener('change', () => this.changed());
    this.show();
  }

  get overlapping(): boolean {
    return this.type.value === 'multiclass';
  }

  /** Only the number of the class is kept, whatever its value. */
  get isNumbers(): boolean {
    return this.type.value === 'classification';
  }

  /** From which value on a pixel has a class, where a threshold decides that. */
  get least(): number | null {
    const said = Number(this.threshold.value.trim().replace(',', '.') || '0.5');
    return this.hasThreshold && Number.isFinite(said) ? said : null;
  }

  get hasThreshold(): boolean {
    return this.overlapping || this.rows.length === 1;
  }

  setThreshold(value: number): void {
    if (this.hasThreshold) this.threshold.value = String(+value.toPrecision(4));
  }

  setColour(index: number, colour: string): void {
    this.rows[index]!.colour = colour;
    this.changed();
  }

  /** Only what is not as the model says it. Errors are sentences. */
  words(): MeaningWords {
    const said = this.threshold.value.trim().replace(',', '.');
    if (this.hasThreshold && said && !Number.isFinite(Number(said))) throw new Error(`'${said}' is no threshold`);
    for (const row of this.rows) {
      if (!row.name.trim()) throw new Error('each class needs a name');
      if (/[,=*]/.test(row.name)) throw new Error(`the class name ${row.name} has a comma, = or *, by which commands tell names apart`);
    }
    const changed = this.rows.flatMap((row, i) => {
      const { name, colour, ignored } = this.before[i]!;
      if (row.name === name && row.colour === colour && row.ignored === ignored) return [];
      return [`${i}=${row.name.trim()}${row.ignored ? '*' : ''}#${row.colour}`];
    });
    return {
      output_type: this.type.value === 'probability' ? undefined : this.type.value,
      classes: changed.join(',') || undefined,
      threshold: this.hasThreshold && said ? Number(said) : undefined,
    };
  }

  private changed(): void {
    this.show();
    this.onchange();
  }

  private show(): void {
    replace(
      this.element,
      this.type.options.length > 1 && line('output is', this.type),
      h('p', { class: 'quiet' }, this.rows.length === 1 ? kOfOne : (kTypes[this.type.value] ?? '')),
      this.hasThreshold && line('threshold', this.threshold),
      this.table,
    );
    replace(
      this.table,
      ...this.rows.map((row, i) => {
        const name = this.before[i]!.name;
        return h(
          'div',
          { class: 'class' },
          h('input', {
            type: 'color',
            value: `#${row.colour}`,
            'aria-label': `Class of ${name}: colour`,
            oninput: (event: Event) => {
              row.colour = (event.target as HTMLInputElement).value.slice(1);
              this.onchange();
            },
          }),
          h('input', {
            type: 'text',
            class: 'class-name',
            value: row.name,
            title: `What the channel ${name} means`,
            'aria-label': `Class of ${name}`,
            onchange: (event: Event) => {
              row.name = (event.target as HTMLInputElement).value;
              this.onchange();
            },
          }),
          h(
            'label',
            { title: 'Not shown at first, and left out where areas and shares are measured' },
            h('input', {
              type: 'checkbox',
              checked: row.ignored,
              'aria-label': `Class of ${name}: ignore`,
              onchange: (event: Event) => {
                row.ignored = (event.target as HTMLInputElement).checked;
                this.onchange();
              },
            }),
            'ignore',
          ),
        );
      }),
    );
  }
}
