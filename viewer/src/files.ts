// The folders that the program may show, one at a time.

import { ask, type Entry, type Listing } from './api';
import { h, notice, replace } from './dom';

const kSymbols: Record<Entry['kind'], string> = {
  folder: '▸',
  run: '▸',
  image: '▣',
  model: '◆',
  objects: '⬡',
  other: '·',
};
const kKinds: Record<Entry['kind'], string> = {
  folder: 'folder',
  run: 'folder with objects',
  image: 'image',
  model: 'model',
  objects: 'objects',
  other: 'file',
};

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = -1;
  do {
    value /= 1000;
    ++unit;
  } while (value >= 1000 && unit + 1 < units.length);
  return `${value.toPrecision(3)} ${units[unit]}`;
}

export class Files {
  readonly element = h('section', { class: 'panel files', 'aria-label': 'Files' });
  private readonly path = h('nav', { class: 'path', 'aria-label': 'Folder' });
  private readonly filter = h('input', {
    type: 'search',
    placeholder: 'Filter this folder',
    'aria-label': 'Filter this folder',
    oninput: () => this.show(),
  });
  private readonly list = h('ul', { class: 'entries' });
  private listing: Listing = { folder: '', entries: [], left_out: 0 };
  private opened = '';

  constructor(private readonly on: Record<'image' | 'model' | 'run' | 'annotations', (path: string) => void>) {
    this.element.append(h('h2', {}, 'Files'), this.path, this.filter, this.list);
    this.list.addEventListener('keydown', (event) => this.move(event));
  }

  async open(folder: string): Promise<void> {
    try {
      this.listing = await ask<Listing>('folders', { folder });
      this.filter.value = '';
      this.show();
    } catch (error) {
      replace(this.list, h('li', {}, notice(error)));
    }
  }

  focus(): void {
    (this.list.querySelector('button') ?? this.filter).focus();
  }

  /** Marks what is shown in the middle. */
  mark(path: string): void {
    this.opened = path;
    this.show();
  }

  private show(): void {
    const parts = this.listing.folder ? this.listing.folder.split('/') : [];
    replace(
      this.path,
      this.crumb('All folders', ''),
      ...parts.flatMap((part, i) => [
        h('span', { 'aria-hidden': 'true' }, '/'),
        this.crumb(part, parts.slice(0, i + 1).join('/')),
      ]),
    );
    const words = this.filter.value.toLowerCase();
    const entries = this.listing.entries.filter((entry) => entry.name.toLowerCase().includes(words));
    replace(
      this.list,
      ...entries.map((entry) => h('li', {}, this.row(entry), entry.kind === 'objects' && this.asAnnotations(entry))),
      !entries.length && h('li', { class: 'quiet' }, words ? 'Nothing has such a name.' : 'This folder is empty.'),
      this.listing.left_out > 0 &&
        h('li', { class: 'quiet' }, `${this.listing.left_out} more are not listed; sort them into folders.`),
    );
  }

  private crumb(name: string, folder: string): HTMLElement {
    return h('button', { class: 'crumb', onclick: () => void this.open(folder) }, name);
  }

  private row(entry: Entry): HTMLElement {
    const open = {
      folder: () => void this.open(entry.path),
      run: () => {
        void this.open(entry.path);
        this.on.run(entry.path);
      },
      objects: () => this.on.run(entry.path),
      image: () => this.on.image(entry.path),
      model: () => this.on.model(entry.path),
      other: () => {},
    }[entry.kind];
    return h(
      'button',
      {
        class: `entry ${entry.kind}`,
        title: `${entry.name} (${kKinds[entry.kind]}${entry.bytes ? `, ${size(entry.bytes)}` : ''})`,
        disabled: entry.kind === 'other',
        'aria-current': entry.path === this.opened ? 'true' : undefined,
        onclick: open,
      },
      h('span', { class: 'symbol', 'aria-hidden': 'true' }, kSymbols[entry.kind]),
      h('span', { class: 'name' }, entry.name),
      entry.kind === 'model' && h('span', { class: 'tag' }, 'model'),
      (entry.kind === 'run' || entry.kind === 'objects') && h('span', { class: 'tag' }, 'objects'),
    );
  }

  private asAnnotations(entry: Entry): HTMLElement {
    return h(
      'button',
      {
        class: 'entry as-annotations',
        'aria-label': `${entry.name} as annotations`,
        title: 'Take its areas as annotations, to measure within',
        onclick: () => this.on.annotations(entry.path),
      },
      'as annotations',
    );
  }

  private move(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const buttons = [...this.list.querySelectorAll<HTMLButtonElement>('button:not(:disabled)')];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    buttons[Math.min(buttons.length - 1, Math.max(0, at + step))]?.focus();
    event.preventDefault();
  }
}
