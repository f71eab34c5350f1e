// The panel of annotations: drawing, importing, naming, moving, measuring and exporting them.

import { ask, post, postForText } from './api';
import {
  boundsOf,
  childrenOf,
  drawn,
  type Feature,
  type FeatureCollection,
  isLocked,
  move,
  type Position,
  type Rectangle,
  rectangleOf,
  ringOf,
} from './annotation';
import { AnnotationLayer, type Tool } from './annotation_layer';
import { h, line, notice, replace, save } from './dom';
import { Measure } from './measure';
import type { LiveInfo } from './overlay';
import type { Slide } from './slide';

interface Drawing {
  features: Feature[];
  changed: boolean; // since it was exported
}

const kNoClass = '#ffd54a';
const kMostListed = 500;
const kHints: Record<Tool, string> = {
  none: '',
  rectangle: 'Drag a rectangle on the image; Escape gives it up.',
  polygon: 'Click the corners; Enter or a double click ends, Backspace takes one back, Escape gives it up.',
};

const hex = (colour: readonly number[]): string => `#${colour.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
const rgb = (colour: string): [number, number, number] => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)) as [number, number, number];

/** The same for a class wherever it is named: a hue that follows from the name. */
function colourOfName(name: string): string {
  let hash = 2166136261;
  for (const char of name) hash = Math.imul(hash ^ char.codePointAt(0)!, 16777619);
  const hue = ((hash >>> 0) % 360) / 60;
  const part = (offset: number) => {
    const k = (offset + hue) % 6;
    return Math.round(255 * (0.95 - 0.75 * Math.max(0, Math.min(k, 4 - k, 1))));
  };
  return hex([part(5), part(3), part(1)]);
}

export class Annotations {
  readonly element = h('section', { class: 'panel annotations', 'aria-label': 'Annotations' });
  private readonly layer: AnnotationLayer;
  private readonly measure: Measure;
  private readonly drawings = new Map<string, Drawing>();
  private drawing: Drawing = { features: [], changed: false };
  private image = '';
  private selected: Feature | null = null;
  private readonly colours = new Map<string, string>();
  private readonly tools = new Map<Tool, HTMLButtonElement>();
  private readonly hint = h('p', { class: 'status', role: 'status' });
  private readonly trouble = h('div');
  private readonly list = h('ul', { class: 'entries annotation-list', 'aria-label': 'Annotations of this image' });
  private readonly details = h('div', { class: 'selected' });
  private readonly names = h('datalist', { id: 'annotation-classes' });
  private readonly file = h('input', {
    type: 'file',
    accept: '.geojson,.json',
    hidden: true,
    onchange: () => {
      for (const file of this.file.files ?? []) void this.read(file);
      this.file.value = '';
    },
  });
  private readonly exporting = h('button', { onclick: () => void this.save() }, 'Export GeoJSON');

  /** Those that there are have become others. */
  onareas: (areas: { title: string; geojson: string }[]) => void = () => {};

  constructor(private readonly slide: Slide) {
    this.measure = new Measure(
      () => this.collection(),
      () => this.show(),
    );
    this.layer = new AnnotationLayer(slide, {
      drawn: (ring) => this.add(ring),
      select: (feature) => this.select(feature),
      moved: (feature, dx, dy) => {
        move(feature, dx, dy);
        this.edited(feature);
        this.describe();
      },
      tool: (tool) => this.toolChosen(tool),
      say: (text) => (this.hint.textContent = text),
    });
    const tool = (name: Tool, text: string, title: string) => {
      const button = h(
        'button',
        { title, 'aria-pressed': 'false', onclick: () => this.draw(button.ariaPressed === 'true' ? 'none' : name) },
        text,
      );
      this.tools.set(name, button);
      return button;
    };
    this.element.append(
      h(
        'div',
        { class: 'row', role: 'group', 'aria-label': 'Draw' },
        tool('rectangle', 'Rectangle', 'Draw a rectangle (r)'),
        tool('polygon', 'Polygon', 'Draw a polygon (p)'),
        h('button', { title: 'A rectangle of the middle of what is visible (v)', onclick: () => this.addVisible() }, 'Of this view'),
      ),
      this.hint,
      this.trouble,
      this.list,
      this.details,
      h(
        'div',
        { class: 'row' },
        h('button', { title: 'A GeoJSON file of this machine; or drop it here', onclick: () => this.file.click() }, 'Import …'),
        this.exporting,
      ),
      this.measure.element,
      this.names,
      this.file,
    );
    this.show();
    this.acceptDrops();
  }

  mount(): void {
    this.layer.mount();
    window.addEventListener('beforeunload', (event) => {
      this.drawings.set(this.image, this.drawing);
      if ([...this.drawings.values()].some((drawing) => drawing.changed)) event.preventDefault();
    });
  }

  /** Those of another image. */
  setImage(path: string): void {
    if (this.image) this.drawings.set(this.image, this.drawing);
    this.image = path;
    this.drawing = this.drawings.get(path) ?? { features: [], changed: false };
    this.selected = null;
    this.layer.choose('none');
    this.measure.forget();
    replace(this.trouble);
    this.show();
    this.describe();
  }

  /** The run that is shown, whose prediction and objects are measured. */
  setRun(run: string | null): void {
    this.measure.show(run);
  }

  setLive(info: LiveInfo | null): void {
    this.measure.look(info);
  }

  draw(tool: Tool): void {
    if (this.image) this.layer.choose(tool);
  }

  /** Whether a key was meant for what is drawn or chosen. */
  key(event: KeyboardEvent): boolean {
    if (this.layer.key(event.key)) return true;
    if (event.key === 'r') this.draw('rectangle');
    else if (event.key === 'p') this.draw('polygon');
    else if (event.key === 'v') this.addVisible();
    else if (event.key === 'Delete' && this.selected) this.remove(this.selected);
    else if (event.key === 'Escape' && this.selected) this.select(null);
    else return false;
    return true;
  }

  /** A GeoJSON file in the folders of the program. */
  async open(path: string): Promise<void> {
    if (!this.image) return this.fail(new Error('open an image first, to which the annotations belong'));
    await this.take(() => ask<FeatureCollection>('annotations', { file: path }));
  }

  private async read(file: File): Promise<void> {
    if (!this.image) return this.fail(new Error('open an image first, to which the annotations belong'));
    await this.take(async () => post<FeatureCollection>('annotations', { name: file.name, geojson: await file.text() }));
  }

  private async take(read: () => Promise<FeatureCollection>): Promise<void> {
    replace(this.trouble);
    const drawing = this.drawing;
    try {
      const { features } = await read();
      // What is there already comes anew instead of twice.
      const ids = new Set(features.map((feature) => feature.id).filter(Boolean));
      drawing.features = [...drawing.features.filter((feature) => !feature.id || !ids.has(feature.id)), ...features];
      for (const { properties } of features)
        if (properties.classification) this.colours.set(properties.classification.name, hex(properties.classification.color));
      this.hint.textContent = `${features.length} ${features.length === 1 ? 'annotation' : 'annotations'} read.`;
      this.selected = null;
      this.measure.forget();
      this.show();
      this.describe();
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    this.hint.textContent = '';
    replace(this.trouble, notice(error));
  }

  private acceptDrops(): void {
    const stop = (event: DragEvent) => {
      if (![...(event.dataTransfer?.items ?? [])].some((item) => item.kind === 'file')) return;
      event.preventDefault();
      if (event.type !== 'drop') return;
      for (const file of event.dataTransfer!.files) void this.read(file);
    };
    for (const target of [this.element, this.slide.element])
      for (const type of ['dragover', 'drop'] as const) target.addEventListener(type, stop as EventListener);
  }

  private toolChosen(tool: Tool): void {
    for (const [name, button] of this.tools) button.ariaPressed = String(name === tool);
    this.hint.textContent = kHints[tool];
    if (tool !== 'none') this.select(null);
  }

  private add(ring: Position[]): void {
    const feature = drawn(ring, this.slide.z, this.slide.t);
    const last = this.drawing.features.at(-1)?.properties.classification;
    if (last) feature.properties.classification = { ...last };
    this.drawing.features.push(feature);
    this.edited(feature);
    this.select(feature);
  }

  private addVisible(): void {
    const item = this.slide.osd.world.getItemAt(0);
    if (!item || !this.image) return;
    const view = item.viewportToImageRectangle(this.slide.osd.viewport.getBounds(true));
    const { x: wide, y: high } = item.getContentSize();
    const within = (from: number, size: number, most: number): [number, number] => {
      const begin = Math.max(0, Math.round(from + size / 4));
      return [begin, Math.max(1, Math.min(most, Math.round(from + (3 * size) / 4)) - begin)];
    };
    const [x, width] = within(Math.max(0, view.x), Math.min(view.x + view.width, wide) - Math.max(0, view.x), wide);
    const [y, height] = within(Math.max(0, view.y), Math.min(view.y + view.height, high) - Math.max(0, view.y), high);
    this.layer.choose('none');
    this.add(ringOf([x, y, width, height]));
  }

  private remove(feature: Feature): void {
    const { drawing } = this;
    const at = drawing.features.indexOf(feature);
    drawing.features.splice(at, 1);
    this.selected = null;
    this.edited(null);
    this.describe();
    replace(
      this.trouble,
      h(
        'p',
        { class: 'status', role: 'status' },
        `${this.titleOf(feature, at)} is deleted. `,
        h(
          'button',
          {
            onclick: () => {
              drawing.features.splice(at, 0, feature);
              this.edited(feature);
              this.select(feature);
            },
          },
          'Undo',
        ),
      ),
    );
  }

  /** Whether its outline, class or name changed: what was measured is of what was. */
  private edited(feature: Feature | null): void {
    this.drawing.changed = true;
    replace(this.trouble);
    if (feature) this.layer.reshaped(feature);
    this.measure.forget();
    this.show();
  }

  private select(feature: Feature | null): void {
    if (this.selected === feature) return;
    this.selected = feature;
    this.show();
    this.describe();
    this.list.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
  }

  private colourOf(feature: Feature): string {
    const name = feature.properties.classification?.name;
    return name ? (this.colours.get(name) ?? colourOfName(name)) : kNoClass;
  }

  private titleOf(feature: Feature, index: number): string {
    return feature.properties.name || feature.properties.classification?.name || `Annotation ${index + 1}`;
  }

  private show(): void {
    const { features } = this.drawing;
    this.layer.show(features, this.selected, (feature) => this.colourOf(feature));
    this.exporting.disabled = !features.length;
    this.measure.element.hidden = !features.length;
    const names = new Set(features.map((feature) => feature.properties.classification?.name).filter((name) => !!name));
    replace(this.names, ...[...names].map((name) => h('option', { value: name })));
    const buttons = () => [...this.list.querySelectorAll('button')];
    const focused = buttons().indexOf(document.activeElement as HTMLButtonElement);
    replace(
      this.list,
      ...features.slice(0, kMostListed).map((feature, i) => h('li', {}, this.row(feature, i), this.sheet(feature))),
      features.length > kMostListed &&
        h('li', { class: 'quiet' }, `${features.length - kMostListed} more are not listed; choose them on the image.`),
      !features.length && h('li', { class: 'quiet' }, 'None yet: draw one, import a file, or drop one on the image.'),
    );
    if (focused >= 0) buttons()[focused]?.focus();
    this.onareas(
      features
        .slice(0, kMostListed)
        .map((feature, i) => ({ title: this.titleOf(feature, i), geojson: JSON.stringify({ type: 'FeatureCollection', features: [feature] }) })),
    );
  }

  /** The fields of the one that is chosen; not while somebody types in them. */
  private describe(): void {
    replace(this.details, this.selected && this.fields(this.selected));
  }

  private row(feature: Feature, index: number): HTMLElement {
    const { properties } = feature;
    const title = this.titleOf(feature, index);
    const rest = [title === properties.classification?.name ? '' : properties.classification?.name, isLocked(feature) && 'locked'];
    const children = childrenOf(feature).length;
    if (children) rest.push(`holds ${children} more`);
    const swatch = h('span', { class: 'swatch', 'aria-hidden': 'true' });
    swatch.style.background = this.colourOf(feature);
    return h(
      'button',
      {
        class: 'entry',
        'aria-current': feature === this.selected ? 'true' : undefined,
        onclick: () => {
          this.select(feature);
          this.zoomTo(feature);
        },
      },
      swatch,
      h('span', { class: 'name' }, title),
      h('span', { class: 'quiet' }, rest.filter(Boolean).join(', ')),
    );
  }

  private sheet(feature: Feature): HTMLElement | null {
    const sheet = this.measure.sheetOf(feature);
    if (!sheet) return null;
    const rows = sheet.map(([name, value]) => h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, value)));
    return h('table', { class: 'sheet' }, h('tbody', {}, ...rows));
  }

  private fields(feature: Feature): HTMLElement {
    const { properties } = feature;
    const text = (label: string, value: string, change: (text: string) => void, list?: string) => {
      const input = h('input', {
        type: 'text',
        value,
        'aria-label': `${label} of the annotation`,
        onchange: () => {
          change(input.value.trim());
          this.edited(feature);
        },
      });
      if (list) input.setAttribute('list', list);
      return line(label, input);
    };
    const colour = h('input', {
      type: 'color',
      'aria-label': 'Colour of the class',
      onchange: () => {
        this.colours.set(properties.classification!.name, colour.value);
        this.drawing.changed = true;
        this.show();
      },
    });
    const paint = () => {
      colour.value = this.colourOf(feature);
      colour.disabled = !properties.classification;
    };
    paint();
    return h(
      'div',
      { role: 'group', 'aria-label': 'The chosen annotation' },
      text('name', properties.name ?? '', (value) => {
        if (value) properties.name = value;
        else delete properties.name;
      }),
      h(
        'div',
        { class: 'class-field' },
        text(
          'class',
          properties.classification?.name ?? '',
          (value) => {
            if (value) properties.classification = { name: value, color: [0, 0, 0] };
            else delete properties.classification;
            paint();
          },
          'annotation-classes',
        ),
        colour,
      ),
      this.place(feature),
      h(
        'div',
        { class: 'row' },
        h('button', { onclick: () => this.zoomTo(feature) }, 'Look at it'),
        h('button', { title: 'Delete the annotation (Delete)', onclick: () => this.remove(feature) }, 'Delete'),
      ),
    );
  }

  /** Where it is, in numbers: what the mouse does, without one. */
  private place(feature: Feature): HTMLElement | null {
    const bounds = boundsOf(feature);
    if (!bounds) return null;
    if (isLocked(feature))
      return h('p', { class: 'quiet' }, 'It is locked, so it cannot be moved; unlock it where it was made.');
    const number = (label: string, at: 0 | 1 | 2 | 3) => {
      const input = h('input', {
        type: 'number',
        step: '1',
        min: at > 1 ? '1' : undefined,
        value: String(bounds[at]),
        'aria-label': `${label} in pixels`,
        onchange: () => {
          const value = Math.round(Number(input.value));
          if (!input.value || !Number.isFinite(value) || (at > 1 && value < 1)) {
            input.value = String(boundsOf(feature)![at]);
            return;
          }
          const now = boundsOf(feature)!;
          const rectangle = rectangleOf(feature);
          if (rectangle && at > 1) {
            const next = [...rectangle] as Rectangle;
            next[at] = value;
            feature.geometry!.coordinates = [ringOf(next)];
          } else {
            move(feature, at === 0 ? value - now[0] : 0, at === 1 ? value - now[1] : 0);
          }
          this.edited(feature);
        },
      });
      return h('label', {}, label, input);
    };
    return h(
      'div',
      { class: 'numbers' },
      number('x', 0),
      number('y', 1),
      rectangleOf(feature) && number('width', 2),
      rectangleOf(feature) && number('height', 3),
    );
  }

  private zoomTo(feature: Feature): void {
    const bounds = boundsOf(feature);
    const item = this.slide.osd.world.getItemAt(0);
    if (!bounds || !item) return;
    const [x, y, width, height] = bounds;
    const rim = Math.max(width, height, 32) * 0.25;
    this.slide.osd.viewport.fitBounds(item.imageToViewportRectangle(x - rim, y - rim, width + 2 * rim, height + 2 * rim));
  }

  /** As they are exported and measured: every class in its colour. */
  private collection(): FeatureCollection {
    const { features } = this.drawing;
    for (const feature of features)
      if (feature.properties.classification) feature.properties.classification.color = rgb(this.colourOf(feature));
    return { type: 'FeatureCollection', features };
  }

  /** The program writes it, in the form that it always writes. */
  private async text(): Promise<string> {
    return postForText('annotations', { geojson: JSON.stringify(this.collection()) });
  }

  private async save(): Promise<void> {
    replace(this.trouble);
    const { drawing } = this;
    try {
      save('annotations.geojson', 'application/geo+json', await this.text());
      drawing.changed = false;
    } catch (error) {
      this.fail(error);
    }
  }
}
