// What lies within annotations: measured by the program of a run, or of the prediction that is looked at.

import { isAbort, post } from './api';
import { allOf, type Feature, type FeatureCollection, polygonsOf } from './annotation';
import { copyButton, h, line, notice, replace, save } from './dom';
import type { LiveInfo } from './overlay';

interface Measured {
  annotations: { name: string; class: string; id: string; measurements: Record<string, number | null> }[];
  classes: { channel: string; name: string; colour: string; ignored: boolean }[];
  csv: string;
  geojson: string;
  command: string;
}

/** Names without what tells classifiers apart, and values. */
export type Sheet = [string, string][];

const nameOf = (run: string): string => run.split('/').pop() ?? run;

export class Measure {
  readonly element = h('div', { class: 'measure' });
  private run: string | null = null;
  private live: LiveInfo | null = null;
  private asking: AbortController | null = null;
  private ignored = new Set<string>(); // channels
  private classes: Measured['classes'] = [];
  private readonly threshold = h('input', {
    type: 'text',
    inputMode: 'decimal',
    size: 6,
    placeholder: 'automatic',
    title: 'Empty: 0.5 for one channel; of several the largest',
    'aria-label': 'Threshold of a class',
  });
  private readonly source = h('p', { class: 'quiet' });
  private readonly counted = h('div', { class: 'counted', role: 'group', 'aria-label': 'Classes that count' });
  private readonly button = h('button', { onclick: () => void this.measure() }, 'Measure');
  private readonly answer = h('div');
  private sheets = new Map<Feature, Sheet>();

  constructor(
    private readonly features: () => FeatureCollection,
    private readonly onmeasured: () => void,
  ) {
    this.element.append(
      h('h3', {}, 'Measure within them'),
      this.source,
      this.counted,
      line('threshold', this.threshold),
      h('div', { class: 'row' }, this.button),
      this.answer,
    );
    this.about();
  }

  /** Of a run, which goes before what is looked at. */
  show(run: string | null): void {
    this.run = run;
    this.forgetClasses();
    this.about();
  }

  look(info: LiveInfo | null): void {
    const again = info !== null && info.id === this.live?.id;
    this.live = info;
    if (this.run) return;
    if (!again) this.forgetClasses();
    this.about();
  }

  sheetOf(feature: Feature): Sheet | undefined {
    return this.sheets.get(feature);
  }

  /** What was measured is not true any more. */
  forget(): void {
    this.asking?.abort();
    this.sheets.clear();
    replace(this.answer);
  }

  private forgetClasses(): void {
    this.forget();
    this.ignored.clear();
    this.classes = (this.run ? [] : (this.live?.channels ?? [])).map((channel) => ({
      channel: channel.name,
      name: channel.name,
      colour: channel.colour,
      ignored: false,
    }));
    this.onmeasured();
  }

  private about(): void {
    const { run, live } = this;
    this.source.textContent = run
      ? `Of the run ${nameOf(run)}, with the objects that it has made.`
      : live
        ? live.is_preview
          ? 'The prediction is a preview until all of the image has been read; then it can be measured.'
          : 'Of the prediction that is shown: exactly these areas are predicted for it.'
        : 'Show a prediction, or open a run, to measure it within annotations.';
    this.button.disabled = !run && (!live || live.is_preview);
    replace(
      this.counted,
      ...(this.classes.length > 1 ? this.classes : []).map((row) =>
        h(
          'label',
          { class: 'class', title: 'Classes that do not count are left out, also of what percentages refer to' },
          h('input', {
            type: 'checkbox',
            checked: !this.ignored.has(row.channel),
            onchange: (event: Event) => {
              if ((event.target as HTMLInputElement).checked) this.ignored.delete(row.channel);
              else this.ignored.add(row.channel);
              this.forget();
              this.onmeasured();
            },
          }),
          h('span', { class: 'name' }, `${row.name.replace(/\*$/, '')} counts`),
        ),
      ),
    );
  }

  /** As `--classes` takes them. */
  private words(): string {
    return this.classes
      .map((row, i) => (this.ignored.has(row.channel) ? `${i}=${row.name.replace(/\*$/, '')}*` : ''))
      .filter(Boolean)
      .join(',');
  }

  private async measure(): Promise<void> {
    this.forget();
    const asking = (this.asking = new AbortController());
    const annotations = this.features();
    const threshold = this.threshold.value.trim().replace(',', '.');
    if (threshold && !Number.isFinite(Number(threshold)))
      return replace(this.answer, notice(`'${threshold}' is no number for a threshold; leave it empty for the automatic one`));
    const cancel = h('button', { onclick: () => asking.abort() }, 'Cancel');
    replace(this.answer, h('p', { class: 'status', role: 'status' }, 'Measuring …'), cancel);
    this.button.disabled = true;
    try {
      const measured = await post<Measured>(
        'annotations/measure',
        {
          ...(this.run ? { run: this.run } : { prediction: this.live!.id }),
          classes: this.words(),
          ...(threshold ? { threshold: Number(threshold) } : {}),
          geojson: JSON.stringify(annotations),
        },
        { signal: asking.signal },
      );
      const owners = annotations.features.flatMap(allOf).filter((each) => polygonsOf(each.geometry).length > 0);
      owners.forEach((owner, i) => {
        const rows = Object.entries(measured.annotations[i]?.measurements ?? {});
        this.sheets.set(
          owner,
          rows.map(([name, value]) => [name.slice(name.indexOf(': ') + 2), value === null ? 'no number' : String(+value.toPrecision(6))]),
        );
      });
      this.classes = measured.classes;
      this.done(measured);
    } catch (error) {
      replace(this.answer, isAbort(error) ? h('p', { class: 'status', role: 'status' }, 'Given up.') : notice(error));
    } finally {
      this.about();
      this.onmeasured();
    }
  }

  private done(measured: Measured): void {
    const number = measured.annotations.length;
    replace(
      this.answer,
      h('p', { class: 'status', role: 'status' }, `${number} ${number === 1 ? 'annotation' : 'annotations'} measured; the numbers stand with each.`),
      h(
        'div',
        { class: 'row' },
        h('button', { onclick: () => save('measurements.csv', 'text/csv', measured.csv) }, 'CSV'),
        h(
          'button',
          { title: 'The annotations with what was measured', onclick: () => save('annotations.geojson', 'application/geo+json', measured.geojson) },
          'GeoJSON with numbers',
        ),
      ),
      h('details', {}, h('summary', {}, 'The same as a command'), h('code', {}, measured.command), copyButton(measured.command)),
    );
  }
}
