// The panel of a run's objects: their classes, which of them are shown and how, and what the selected ones measure.

import { address, ask, headers, isAbort, type ImageInfo } from './api';
import { debounce, h, notice, replace, sentence } from './dom';
import { Histogram } from './histogram';
import { ObjectLayer, type Rectangle } from './object_layer';
import { ObjectTable, type Scope } from './object_table';
import { format, grouped, type ObjectClass, type Parameters, type Subject } from './object_words';
import { Opening } from './opening';
import type { Slide } from './slide';

interface Ready {
  objects: number;
  classes: { name: string; colour: string; objects: number }[];
  measurements: string[];
  largest_area: number;
  notes: string[];
}

interface OneObject {
  number: number;
  id: string;
  name: string;
  class: number;
  area: number;
  box: [number, number, number, number] | null;
  measurements: { name: string; value: number | null }[];
  rings: [number, number][][];
}

const kHovered = 6; // measurements beside the pointer

export class Objects {
  readonly element = h('section', { class: 'panel objects', 'aria-label': 'Objects' });
  readonly table = new ObjectTable({
    choose: (number, adds) => void this.goTo(number, adds),
    scope: () => this.list(),
    counted: (counts) => this.counted(counts),
    close: () => this.toggleTable(false),
  });
  private readonly hint = h('div', { class: 'hint', role: 'status', hidden: true });
  private readonly opening = new Opening(this.element);
  private readonly status = this.opening.status;
  private readonly details = h('div', { class: 'selected' });
  private readonly histogram = new Histogram();
  private readonly counts: HTMLElement[] = [];
  private layer: ObjectLayer | null = null;
  private run: string | null = null;
  private ready: Ready | null = null;
  private info: ImageInfo | null = null;
  private classes: ObjectClass[] = [];
  private areas = { least: NaN, most: NaN }; // in pixels of the image
  private look = { fill: 0.3, outline: true, opacity: 1 };
  private selected = new Set<number>();
  private current = -1;
  private pointing: AbortController | null = null;

  constructor(private readonly slide: Slide) {
    slide.element.append(this.hint);
    slide.element.addEventListener('pointermove', (event) => {
      if (event.buttons) this.unhover();
      else this.hover(event.clientX, event.clientY);
    });
    slide.element.addEventListener('pointerleave', () => this.unhover());
  }

  /** The image over which they lie; sizes are shown in its units. */
  setImage(info: ImageInfo): void {
    this.info = info;
  }

  /** The objects of a run, or of a GeoJSON file; none: no objects. */
  show(run: string | null): void {
    this.close();
    if (run === null) return;
    this.run = run;
    this.opening.begin<Ready>({
      title: `Objects of ${run.split('/').pop()}`,
      called: 'the objects',
      close: () => this.show(null),
      path: 'objects/open',
      parameters: { run },
      begun: 'Reading objects …',
      progress: () => 'Reading objects …',
      ready: (ready) => {
        this.opened(ready);
        return false;
      },
    });
  }

  close(): void {
    this.layer?.close();
    this.layer = null;
    this.run = this.ready = null;
    this.areas = { least: NaN, most: NaN };
    this.selected = new Set();
    this.current = -1;
    this.unhover();
    this.toggleTable(false);
    this.opening.end();
  }

  /** Whether a key was meant for the objects. */
  key(key: string): boolean {
    if (!this.ready) return false;
    if (key === 'n' || key === 'b') void this.step(key === 'n' ? 1 : -1);
    else if (key === 't') this.toggleTable(this.table.element.hidden);
    else if (key === 'Escape' && this.selected.size) this.select(new Set(), -1);
    else return false;
    return true;
  }

  private opened(ready: Ready): void {
    this.ready = ready;
    this.classes = ready.classes.map((row) => ({ ...row, name: row.name || 'Unclassified', visible: true }));
    this.histogram.set(ready.measurements, this.classes);
    this.table.set(ready.measurements, this.classes);
    this.layer = new ObjectLayer(this.slide, {
      drawn: () => this.drawn(),
      click: (x, y, adds) => void this.click(x, y, adds),
      choose: (rectangle) => void this.choose(rectangle),
    });
    this.layer.look(this.lookOf());
    this.controls();
    this.filtered();
  }

  // What all requests have in common: only what is shown.
  private filter(): Parameters {
    const shown = this.classes.flatMap((row, i) => (row.visible ? [i] : []));
    return {
      run: this.run!,
      classes: shown.length === this.classes.length ? undefined : shown.join(','),
      min_area: Number.isFinite(this.areas.least) ? this.areas.least : undefined,
      max_area: Number.isFinite(this.areas.most) ? this.areas.most : undefined,
    };
  }

  private hasVisible(): boolean {
    return this.classes.some((row) => row.visible) && this.run !== null;
  }

  private lookOf() {
    return {
      classes: this.classes.map(({ colour, visible }) => ({ colour, visible })),
      fill: this.look.fill,
      outline: this.look.outline,
      selected: Uint32Array.from(this.selected),
    };
  }

  private readonly repaint = debounce(30, () => this.layer?.look(this.lookOf()));

  // Other sizes are other tiles; classes are the page's own affair.
  private readonly filtered = debounce(150, () => {
    if (!this.layer || !this.ready) return;
    const { min_area, max_area } = this.filter();
    this.layer.show(`api/objects/tiles/{level}/{column}/{row}?${new URLSearchParams(address('', { run: this.run!, min_area, max_area }).split('?')[1])}`, headers);
    this.list();
  });

  private readonly toggled = debounce(60, () => {
    this.layer?.look(this.lookOf());
    this.list();
  });

  /** Table and histogram, of what they are to be of. */
  private readonly list = (): void => {
    if (!this.ready) return;
    const scoped = this.hasVisible() ? this.scoped(this.table.scope()) : null;
    this.table.show(scoped);
    if (scoped) this.histogram.show(scoped);
  };

  private scoped(scope: Scope): Subject | null {
    const parameters = this.filter();
    if (scope === 'all') return { parameters };
    if (scope === 'selection') return this.selected.size ? { parameters, only: [...this.selected] } : null;
    const view = this.layer?.visible();
    return view ? { parameters: { ...parameters, within: [view.x, view.y, view.width, view.height].join(',') } } : null;
  }

  private readonly moved = debounce(300, () => {
    if (!this.table.element.hidden && this.table.scope() === 'view') this.list();
  });
  private lastView = '';

  private drawn(): void {
    const view = JSON.stringify(this.layer?.visible());
    if (view !== this.lastView) {
      this.lastView = view;
      this.moved();
    }
    this.remark();
  }

  private readonly remark = debounce(100, () => {
    const { layer, ready } = this;
    if (!layer || !ready) return;
    const small = layer.small ? ` Objects smaller than 2 pixels are shown as what they cover (about ${grouped(layer.small)}).` : '';
    const text = `${grouped(ready.objects)} objects.` + (layer.trouble ? ` ${layer.trouble}` : small);
    if (this.status.textContent !== text) this.status.textContent = text;
  });

  private counted(counts: number[]): void {
    if (this.table.scope() !== 'all') return;
    counts.forEach((count, i) => {
      const place = this.counts[i];
      if (place) place.textContent = grouped(this.classes[i]!.visible ? count : this.classes[i]!.objects);
    });
  }

  private toggleTable(open: boolean): void {
    this.table.element.hidden = !open;
    if (open && this.ready) {
      this.list();
      void this.table.select(this.selected, this.current, true);
      this.table.focus();
    }
  }

  private select(selected: Set<number>, current: number, moves = true): void {
    this.selected = selected;
    this.current = current;
    this.repaint();
    if (this.table.scope() === 'selection') this.list();
    void this.table.select(selected, current, moves);
    void this.describe();
  }

  private async click(x: number, y: number, adds: boolean): Promise<void> {
    if (!this.hasVisible()) return;
    try {
      const { object } = await ask<{ object: OneObject | null }>('objects/at', { ...this.filter(), x, y });
      if (!object) {
        if (!adds) this.select(new Set(), -1);
        return;
      }
      const selected = new Set(adds ? this.selected : []);
      if (adds && selected.delete(object.number)) this.select(selected, [...selected].pop() ?? -1);
      else this.select(selected.add(object.number), object.number);
    } catch (error) {
      this.status.textContent = sentence(error);
    }
  }

  private async choose(rectangle: Rectangle): Promise<void> {
    if (!this.hasVisible()) return;
    try {
      const { x, y, width, height } = rectangle;
      const within = [x, y, width, height].join(',');
      const { objects } = await ask<{ objects: number[] }>('objects/numbers', { ...this.filter(), within });
      const selected = new Set([...this.selected, ...objects]);
      this.select(selected, objects.at(-1) ?? this.current);
    } catch (error) {
      this.status.textContent = sentence(error);
    }
  }

  private async goTo(number: number, adds: boolean): Promise<void> {
    const selected = new Set(adds ? this.selected : []).add(number);
    this.select(selected, number);
    try {
      const object = await ask<OneObject>('objects/object', { run: this.run!, number });
      if (object.box) this.slide.bringInto(...object.box);
    } catch (error) {
      this.status.textContent = sentence(error);
    }
  }

  private async step(step: number): Promise<void> {
    const number = await this.table.beside(this.current, step);
    if (number !== null) await this.goTo(number, false);
  }

  private async describe(): Promise<void> {
    const count = this.selected.size;
    if (this.current < 0) return replace(this.details, h('p', { class: 'quiet' }, 'Click an object to select it; shift adds, and a rectangle with shift selects several.'));
    try {
      const object = await ask<OneObject>('objects/object', { run: this.run!, number: this.current });
      if (object.number !== this.current) return;
      replace(
        this.details,
        h(
          'div',
          { class: 'head' },
          h('strong', {}, count > 1 ? `${grouped(count)} selected, the last is` : this.titleOf(object)),
          h('button', { title: 'Select nothing (Escape)', onclick: () => this.select(new Set(), -1) }, 'Clear'),
        ),
        count > 1 && h('p', {}, this.titleOf(object)),
        h('dl', {}, ...object.measurements.flatMap(({ name, value }) => [h('dt', {}, name), h('dd', {}, format(value))])),
      );
    } catch (error) {
      replace(this.details, notice(error));
    }
  }

  private titleOf(object: OneObject): string {
    const name = this.classes[object.class]?.name ?? '';
    return `${object.name || name} ${object.number}`;
  }

  private readonly point = debounce(40, (clientX: number, clientY: number) => {
    const at = this.slide.imageAt(clientX, clientY);
    if (!this.layer || !at || !this.hasVisible()) return this.unhover();
    this.pointing?.abort();
    this.pointing = new AbortController();
    ask<{ object: OneObject | null }>('objects/at', { ...this.filter(), x: at.x, y: at.y }, { signal: this.pointing.signal }).then(
      ({ object }) => this.hovered(object, clientX, clientY),
      (error: unknown) => !isAbort(error) && this.unhover(),
    );
  });

  private hover(clientX: number, clientY: number): void {
    if (this.layer) this.point(clientX, clientY);
  }

  private hovered(object: OneObject | null, clientX: number, clientY: number): void {
    if (!object || !this.layer) return this.unhover();
    this.layer.mark(object.rings);
    const more = object.measurements.length - kHovered;
    replace(
      this.hint,
      h('strong', {}, this.titleOf(object)),
      h('dl', {}, ...object.measurements.slice(0, kHovered).flatMap(({ name, value }) => [h('dt', {}, name), h('dd', {}, format(value))])),
      more > 0 && h('span', {}, `${more} more: click`),
    );
    this.hint.hidden = false;
    const bounds = this.slide.element.getBoundingClientRect();
    const [width, height] = [this.hint.offsetWidth, this.hint.offsetHeight];
    const x = clientX - bounds.left + 16;
    const y = clientY - bounds.top + 16;
    this.hint.style.left = `${x + width > bounds.width ? x - width - 32 : x}px`;
    this.hint.style.top = `${Math.max(0, Math.min(y, bounds.height - height - 4))}px`;
  }

  private unhover(): void {
    this.pointing?.abort();
    if (this.hint.hidden) return;
    this.hint.hidden = true;
    this.layer?.mark(null);
  }

  private controls(): void {
    const ready = this.ready!;
    const slider = (name: string, value: number, oninput: (value: number) => void) =>
      h(
        'label',
        { class: 'slider' },
        name,
        h('input', {
          type: 'range',
          min: '0',
          max: '1',
          step: '0.01',
          value: String(value),
          oninput: (event: Event) => oninput(Number((event.target as HTMLInputElement).value)),
        }),
      );
    const um = this.info?.pixel_size_um;
    const unit = um ? um.x * um.y : 1; // of an area, per square pixel
    const area = (which: 'least' | 'most', label: string) =>
      h('input', {
        type: 'text',
        inputMode: 'decimal',
        placeholder: which === 'least' ? '0' : format(ready.largest_area * unit),
        'aria-label': label,
        oninput: (event: Event) => {
          const text = (event.target as HTMLInputElement).value.trim().replace(',', '.');
          this.areas[which] = text === '' ? NaN : Number(text) / unit;
          (event.target as HTMLInputElement).setAttribute('aria-invalid', String(text !== '' && !Number.isFinite(Number(text))));
          this.filtered();
        },
      });
    this.counts.length = 0;
    replace(
      this.opening.body,
      ...ready.notes.map((note) => h('p', { class: 'quiet' }, note)),
      ...this.classes.map((row) => {
        const count = h('span', { class: 'quiet count' }, grouped(row.objects));
        this.counts.push(count);
        return h(
          'div',
          { class: 'class' },
          h('input', {
            type: 'checkbox',
            checked: true,
            'aria-label': `${row.name}: visible`,
            onchange: (event: Event) => {
              row.visible = (event.target as HTMLInputElement).checked;
              this.toggled();
            },
          }),
          h('input', {
            type: 'color',
            value: `#${row.colour}`,
            'aria-label': `${row.name}: colour`,
            oninput: (event: Event) => {
              row.colour = (event.target as HTMLInputElement).value.slice(1);
              this.repaint();
            },
          }),
          h('span', { class: 'name' }, row.name),
          count,
        );
      }),
      slider('opacity', this.look.opacity, (value) => {
        this.look.opacity = value;
        if (this.layer) this.layer.opacity = value;
        this.layer?.redraw();
      }),
      slider('fill', this.look.fill, (value) => {
        this.look.fill = value;
        this.repaint();
      }),
      h(
        'label',
        { class: 'class' },
        h('input', {
          type: 'checkbox',
          checked: this.look.outline,
          onchange: (event: Event) => {
            this.look.outline = (event.target as HTMLInputElement).checked;
            this.repaint();
          },
        }),
        'outlines',
      ),
      h(
        'div',
        { class: 'sizes' },
        h('span', {}, `area, ${um ? 'µm²' : 'px²'}`),
        area('least', 'Least area'),
        h('span', {}, 'to'),
        area('most', 'Largest area'),
      ),
      h('button', { title: 'Table of the objects (t)', onclick: () => this.toggleTable(this.table.element.hidden) }, 'Table'),
      this.histogram.element,
      this.details,
    );
    if (this.layer) this.layer.opacity = this.look.opacity;
    void this.describe();
  }
}
