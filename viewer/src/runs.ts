// The panel of runs: the model on the whole slide or on an annotation, the runs there are, and objects as files.

import { address, ask, isAbort, post, postForEvents, token, type ImageInfo, type ModelCard } from './api';
import { debounce, h, line, notice, replace, sentence, telling } from './dom';
import { ObjectOptions } from './object_options';
import { grouped } from './object_words';
import { RunRow } from './run_row';
import { hasObjects, isBusy, progressText, type Run, type RunList, type RunProgress } from './run_words';
import type { Wishes } from './settings';

/** What is chosen elsewhere on the page. */
export interface Chosen {
  image: string;
  info: ImageInfo;
  model: string;
  card: ModelCard;
  wishes: Wishes & { classifier?: string };
}

/** An annotation that could be the part that is predicted. */
export interface Area {
  title: string;
  geojson: string;
}

const kFormats: [string, string][] = [['', 'OME-Zarr'], ['ome-tiff', 'OME-TIFF'], ['ome-zarr,ome-tiff', 'both']];
const kValues: [string, string][] = [
  ['', 'probability, as the model gives it'],
  ['uint8', 'probability, in 8 bits'],
  ['argmax', 'classification: the class'],
];

export class Runs {
  readonly element = h('section', { class: 'panel runs', 'aria-label': 'Run' });
  private readonly trouble = h('div');
  private readonly start = h('div');
  private readonly list = h('ul', { class: 'entries run-list', 'aria-label': 'Runs' });
  private readonly making = h('div', { class: 'making' });
  private readonly where = h('select', { 'aria-label': 'Where it runs' });
  private readonly planes = h('select', { 'aria-label': 'Planes' }, h('option', { value: '' }, 'all planes'), h('option', { value: 'shown' }, 'the one that is shown'));
  private readonly format = h('select', { 'aria-label': 'Format of the prediction' }, ...kFormats.map(([value, text]) => h('option', { value }, text)));
  private readonly values = h('select', { 'aria-label': 'What is stored of the prediction' });
  private readonly options = new ObjectOptions('none', () => {});
  private readonly rows = new Map<string, RunRow>();
  private readonly mine = new Set<string>(); // started here; shown when they are done
  private events: EventSource | null = null;
  private counting: AbortController | null = null;
  private chosen: (() => Chosen) | null = null;
  private model = '';
  private reason = ''; // why nothing can be run
  private areas: Area[] = [];

  constructor(private readonly on: { show: (run: string) => void; image: () => string; plane: () => { z: number; t: number } }) {
    this.element.append(this.start, this.trouble, this.list, this.making);
    this.about();
  }

  /** What a run would be of; nothing if no model or no image is chosen. */
  set(chosen: (() => Chosen) | null): void {
    this.chosen = chosen;
    this.about();
  }

  setAreas(areas: Area[]): void {
    this.areas = areas;
    const before = this.where.value;
    replace(
      this.where,
      h('option', { value: '' }, 'the whole image'),
      ...areas.map((area, i) => h('option', { value: String(i) }, area.title)),
      h('option', { value: 'tissue' }, 'the tissue, which is looked for'),
    );
    this.where.value = before;
    if (!this.where.value) this.where.value = '';
  }

  /** Reads the list, and follows it while something goes on. */
  async read(): Promise<void> {
    try {
      const list = await ask<RunList>('runs');
      if (list.reason) {
        this.reason = list.reason;
        this.about();
      }
      this.show(list);
    } catch (error) {
      replace(this.trouble, notice(error));
    }
  }
  private about(): void {
    const { chosen } = this;
    if (this.reason) return replace(this.start, h('p', { class: 'quiet' }, sentence(this.reason)));
    if (!chosen) return replace(this.start, h('p', { class: 'quiet' }, 'Open an image and choose a model to run it.'));
    const { model, card, info } = chosen();
    const names = card.outputs[0]?.axes.find((axis) => axis.channel_names.length > 0)?.channel_names ?? [];
    if (model !== this.model) {
      this.model = model;
      this.options.setChannels(names, '');
      replace(this.values, ...kValues.filter(([value]) => value !== 'argmax' || names.length > 1).map(([value, text]) => h('option', { value }, text)));
    }
    this.setAreas(this.areas);
    replace(
      this.start,
      h('div', { class: 'settings' }, line('on', this.where), ...(info.size_z * info.size_t > 1 ? [line('of', this.planes)] : []), line('stored as', this.format), line('values', this.values)),
      h('details', {}, h('summary', {}, 'Objects of it'), this.options.element),
      h('button', { class: 'main', onclick: () => void telling(this.trouble, () => this.run()) }, `Run ${card.name}`),
    );
  }

  private async run(): Promise<void> {
    const { image, info, model, wishes } = this.chosen!();
    const { z, t } = this.on.plane();
    const isOne = this.planes.value === 'shown';
    const { output, ...binding } = wishes;
    const area = this.areas[Number(this.where.value)];
    const annotation = this.where.value && this.where.value !== 'tissue' ? area?.geojson : undefined;
    const given = Object.entries(binding).map(([name, value]) => [name.replace('_', '-'), value]);
    const run = await post<Run>('runs', {
      image,
      ...(wishes.classifier ? {} : { model }),
      ...Object.fromEntries(given),
      z: isOne && info.size_z > 1 ? String(z) : undefined,
      t: isOne && info.size_t > 1 ? String(t) : undefined,
      outputs: output,
      format: this.format.value || undefined,
      values: this.values.value || undefined,
      region: this.where.value === 'tissue' ? 'tissue' : undefined,
      annotation,
      ...this.options.wordsWithFiles(),
    });
    this.mine.add(run.name);
    this.follow();
  }

  private show({ runs }: RunList): void {
    for (const run of runs) {
      const row = this.rows.get(run.name);
      if (row) row.update(run);
      else this.rows.set(run.name, new RunRow(run, this.actions));
    }
    const names = runs.map((run) => run.name);
    for (const name of this.rows.keys()) if (!names.includes(name)) this.rows.delete(name);
    const wanted = names.map((name) => this.rows.get(name)!.element);
    // Buttons that have the focus keep it.
    if (wanted.length !== this.list.children.length || wanted.some((element, i) => this.list.children[i] !== element))
      replace(this.list, ...wanted);
    for (const run of runs) if (this.mine.has(run.name) && !isBusy(run)) this.ended(run);
    if (runs.some(isBusy)) this.follow();
  }

  private ended(run: Run): void {
    this.mine.delete(run.name);
    const isOfThis = run.kind === 'objects' || run.of[run.of.length - 1] === this.on.image();
    if (hasObjects(run) && isOfThis && (run.options['object-files'] ?? 'geojson').includes('geojson')) this.on.show(run.run);
  }

  private follow(): void {
    if (this.events) return;
    const events = (this.events = new EventSource(address('runs/events', { token })));
    const end = () => {
      events.close();
      if (this.events === events) this.events = null;
    };
    events.addEventListener('runs', (event) => {
      const list = JSON.parse((event as MessageEvent<string>).data) as RunList;
      if (!list.runs.some(isBusy)) end();
      this.show(list);
    });
    events.onerror = end;
  }

  private readonly actions = {
    change: async (what: string, run: Run): Promise<void> => {
      await post(`runs/${what}`, { name: run.name });
      if (what === 'resume') this.mine.add(run.name);
      await this.read();
    },
    show: (run: Run): void => this.on.show(run.run),
    objects: (run: Run): void => this.make(run),
  };

  /** Objects of a prediction with other options: counted as they change, and exported. */
  private make(run: Run): void {
    const status = h('p', { class: 'status count', role: 'status' });
    const bar = h('progress', { 'aria-label': 'Progress of counting', hidden: true });
    const trouble = h('div');
    const count = () => void this.count(run, options, status, bar, trouble);
    const soon = debounce(400, count);
    const options = new ObjectOptions(null, () => {
      this.counting?.abort();
      status.textContent = 'Counting …';
      soon();
    });
    options.setChannels([], run.options.objects ?? 'all');
    options.set(run.options);
    const close = () => {
      this.counting?.abort();
      replace(this.making);
    };
    const save = async () => {
      try {
        replace(trouble);
        const made = await post<Run>('runs/objects', { run: run.run, ...options.wordsWithFiles() });
        this.mine.add(made.name);
        close();
        this.follow();
      } catch (error) {
        replace(trouble, notice(error));
      }
    };
    const name = 'Close the export';
    replace(
      this.making,
      h('div', { class: 'head' }, h('h3', {}, `Objects of ${run.name}`), h('button', { title: name, 'aria-label': name, onclick: close }, '×')),
      options.element,
      status,
      bar,
      trouble,
      h('button', { class: 'main', onclick: () => void save() }, 'Export'),
    );
    this.making.scrollIntoView({ block: 'nearest' });
    count();
  }

  private async count(run: Run, options: ObjectOptions, status: HTMLElement, bar: HTMLProgressElement, trouble: HTMLElement): Promise<void> {
    this.counting?.abort();
    const counting = (this.counting = new AbortController());
    status.textContent = 'Counting …';
    replace(trouble);
    try {
      await postForEvents(
        'runs/count',
        { run: run.run, ...options.words() },
        (event, data) => {
          if (event === 'progress') {
            const at = data as RunProgress;
            status.textContent = `Counting: ${progressText({ ...at, per_second: 0, seconds_left: 0 })}`;
            bar.hidden = false;
            bar.value = at.total ? at.done / at.total : 0;
          } else if (event === 'failed') {
            throw new Error((data as { error: string }).error);
          } else if (event === 'counted') {
            const { classes } = data as { classes: { name: string; objects: number }[] };
            status.textContent = classes.map(({ name, objects }) => `${name}: ${grouped(objects)}`).join(' · ') || 'no objects';
          }
        },
        { signal: counting.signal },
      );
    } catch (error) {
      if (isAbort(error)) return;
      status.textContent = '';
      replace(trouble, notice(error));
    } finally {
      if (this.counting === counting) bar.hidden = true;
    }
  }
}
