// How a measurement is spread over the objects, by class.

import { isAbort } from './api';
import { h, notice, replace } from './dom';
import { askOf, format, type ObjectClass, type Subject } from './object_words';

interface Answer {
  min: number;
  max: number;
  counts: number[][]; // by class
  without: number[];
}

const kBins = 40;
const kHeight = 90;

function svg(name: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

export class Histogram {
  readonly element = h('div', { class: 'spread' });
  private readonly choice = h('select', { 'aria-label': 'Measurement', onchange: () => void this.ask() });
  private readonly chart = h('div', { class: 'chart' });
  private subject: Subject | null = null;
  private classes: ObjectClass[] = [];
  private asking: AbortController | null = null;

  constructor() {
    this.element.append(h('label', { class: 'slider' }, 'histogram of', this.choice), this.chart);
  }

  set(measurements: string[], classes: ObjectClass[]): void {
    this.subject = null;
    this.classes = classes;
    replace(this.choice, ...measurements.map((value) => h('option', { value }, value)));
    replace(this.chart);
    this.element.hidden = measurements.length === 0;
  }

  /** Of which objects. */
  show(subject: Subject): void {
    this.subject = subject;
    void this.ask();
  }

  private async ask(): Promise<void> {
    this.asking?.abort();
    this.asking = new AbortController();
    if (!this.choice.value || !this.subject) return;
    try {
      const wanted = { measurement: this.choice.value, bins: kBins };
      const answer = await askOf<Answer>('objects/histogram', this.subject, wanted, this.asking.signal);
      this.draw(answer);
    } catch (error) {
      if (!isAbort(error)) replace(this.chart, notice(error));
    }
  }

  private draw(answer: Answer): void {
    const total = (list: number[]) => list.reduce((sum, n) => sum + n, 0);
    const all = answer.counts[0]?.map((_, bin) => total(answer.counts.map((row) => row[bin]!))) ?? [];
    const most = Math.max(1, ...all);
    const picture = svg('svg', {
      viewBox: `0 0 ${kBins} ${kHeight}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': `Histogram of ${this.choice.value}: ${total(all)} objects from ${format(answer.min)} to ${format(answer.max)}`,
    });
    // Classes stand on top of each other.
    const base = new Array<number>(kBins).fill(0);
    answer.counts.forEach((row, c) => {
      row.forEach((count, bin) => {
        if (!count) return;
        const from = (kHeight * base[bin]!) / most;
        const height = (kHeight * count) / most;
        const bar = svg('rect', { x: bin, y: kHeight - from - height, width: 0.92, height, fill: `#${this.classes[c]!.colour}` });
        const step = (answer.max - answer.min) / kBins;
        const title = svg('title', {});
        title.textContent = `${this.classes[c]!.name}: ${count} from ${format(answer.min + bin * step)} to ${format(answer.min + (bin + 1) * step)}`;
        bar.append(title);
        picture.append(bar);
        base[bin] = base[bin]! + count;
      });
    });
    const without = total(answer.without);
    replace(
      this.chart,
      total(all) > 0 && h('div', { class: 'bars' }),
      total(all) > 0 &&
        h('div', { class: 'ends' }, h('span', {}, format(answer.min)), h('span', { class: 'quiet' }, `most: ${most}`), h('span', {}, format(answer.max))),
      total(all) === 0 && h('p', { class: 'quiet' }, 'No object that is shown has this measurement.'),
      total(all) > 0 && without > 0 && h('p', { class: 'quiet' }, `${without} objects do not have it.`),
    );
    this.chart.querySelector('.bars')?.append(picture);
  }
}
