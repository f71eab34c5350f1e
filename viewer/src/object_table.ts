// The table of objects: only the rows that are visible are in the page, whatever their number.

import { isAbort } from './api';
import { debounce, h, notice, replace } from './dom';
import { askOf, format, grouped, type ObjectClass, type Parameters, type Subject } from './object_words';

export type Scope = 'all' | 'view' | 'selection';

interface Row {
  number: number;
  class: number;
  area: number;
  values: (number | null)[];
}

interface Answer {
  total: number;
  first: number;
  of_class: number[];
  found: number | null;
  rows: Row[];
}

const kRow = 24; // CSS pixels, as in style.css
const kPage = 100; // rows that are asked for at once
const kTallest = 8_000_000; // CSS pixels that every browser can scroll over

export class ObjectTable {
  readonly element = h('section', { class: 'object-table', 'aria-label': 'Table of objects', hidden: true });
  private readonly head = h('div', { class: 'columns', role: 'row' });
  private readonly spacer = h('div', { class: 'spacer' });
  private readonly body = h('div', { class: 'rows' });
  private readonly scroller = h(
    'div',
    { class: 'scroller', tabIndex: 0, role: 'grid', 'aria-label': 'Objects: arrows go from row to row', onscroll: () => this.draw() },
    this.head,
    this.spacer,
    this.body,
  );
  private readonly count = h('span', { class: 'quiet', role: 'status' });
  private readonly scopes = h(
    'select',
    { 'aria-label': 'Which objects', onchange: () => this.on.scope(this.scope()) },
    ...(
      [
        ['all', 'all that are shown'],
        ['view', 'where one looks'],
        ['selection', 'the selection'],
      ] as const
    ).map(([value, text]) => h('option', { value }, text)),
  );
  private readonly pages = new Map<number, Row[] | 'asked'>();
  private asking = new AbortController();
  private subject: Subject | null = null;
  private sort = 'place';
  private descending = false;
  private total = 0;
  private classes: ObjectClass[] = [];
  private measurements: string[] = [];
  private selected = new Set<number>();
  private current = -1; // the object that the keys start from
  private readonly resized = new ResizeObserver(() => this.draw());

  constructor(
    private readonly on: {
      choose: (number: number, adds: boolean) => void;
      scope: (scope: Scope) => void;
      counted: (of_class: number[]) => void;
      close: () => void;
    },
  ) {
    this.element.append(
      h(
        'div',
        { class: 'head' },
        h('h2', {}, 'Objects'),
        this.scopes,
        this.count,
        h('span', { class: 'spring' }),
        h('button', { title: 'Close the table (t)', 'aria-label': 'Close the table', onclick: () => on.close() }, '×'),
      ),
      this.scroller,
    );
    this.resized.observe(this.scroller);
    this.scroller.addEventListener('keydown', (event) => this.key(event));
    this.body.addEventListener('click', (event) => {
      const row = (event.target as HTMLElement).closest<HTMLElement>('[data-number]');
      if (row) this.on.choose(Number(row.dataset.number), event.shiftKey || event.ctrlKey || event.metaKey);
    });
  }

  scope(): Scope {
    return this.scopes.value as Scope;
  }

  set(measurements: string[], classes: ObjectClass[]): void {
    this.measurements = measurements;
    this.classes = classes;
    this.sort = 'place';
    this.descending = false;
    this.scopes.value = 'all';
    this.heading();
  }

  /** Which objects; nothing: none. */
  show(subject: Subject | null): void {
    this.subject = subject;
    this.forget();
    this.scroller.scrollTop = 0;
    void this.ask(0);
  }

  /** Marks the rows, and goes to the last one. */
  async select(selected: Set<number>, current: number, moves: boolean): Promise<void> {
    this.selected = selected;
    this.current = current;
    this.draw();
    if (!moves || current < 0 || !this.subject || this.element.hidden) return;
    const row = await this.rowOf(current);
    if (row !== null && current === this.current) this.reveal(row);
  }

  /** The object before or after another one in the table's order. */
  async beside(number: number, step: number): Promise<number | null> {
    if (!this.subject) return null;
    const row = number < 0 ? null : await this.rowOf(number);
    if (this.total === 0) return null;
    const at = row === null ? (step > 0 ? 0 : this.total - 1) : Math.min(this.total - 1, Math.max(0, row + step));
    const answer = await this.fetch({ first: at, count: 1 });
    return answer?.rows[0]?.number ?? null;
  }

  focus(): void {
    this.scroller.focus();
  }

  private forget(): void {
    this.asking.abort();
    this.asking = new AbortController();
    this.pages.clear();
  }

  private heading(): void {
    const column = (key: string, name: string) =>
      h(
        'button',
        {
          class: 'cell',
          role: 'columnheader',
          title: `Sort by ${name}`,
          'aria-sort': this.sort === key ? (this.descending ? 'descending' : 'ascending') : 'none',
          onclick: () => {
            this.descending = this.sort === key && !this.descending;
            this.sort = key;
            this.heading();
            this.show(this.subject);
          },
        },
        name + (this.sort === key ? (this.descending ? ' ▾' : ' ▴') : ''),
      );
    replace(
      this.head,
      column('place', 'No.'),
      column('class', 'Class'),
      ...this.measurements.map((name) => column(name, name)),
    );
    const columns = `80px 140px repeat(${this.measurements.length}, 130px)`;
    this.element.style.setProperty('--columns', columns);
    this.element.style.setProperty('--width', `${220 + 130 * this.measurements.length}px`);
  }

  private async fetch(parameters: Parameters): Promise<Answer | null> {
    const order = { sort: this.sort, descending: this.descending ? 'true' : undefined };
    try {
      return await askOf<Answer>('objects/table', this.subject!, { ...order, ...parameters }, this.asking.signal);
    } catch (error) {
      if (!isAbort(error)) replace(this.body, notice(error));
      return null;
    }
  }

  private async rowOf(number: number): Promise<number | null> {
    return (await this.fetch({ find: number, count: 0 }))?.found ?? null;
  }

  private async ask(page: number): Promise<void> {
    if (!this.subject) {
      this.total = 0;
      this.count.textContent = '0';
      this.draw();
      return;
    }
    this.pages.set(page, 'asked');
    const answer = await this.fetch({ first: page * kPage, count: kPage });
    if (!answer) return;
    this.pages.set(page, answer.rows);
    if (page === 0) this.on.counted(answer.of_class);
    this.total = answer.total;
    this.count.textContent = `${grouped(answer.total)} ${answer.total === 1 ? 'object' : 'objects'}`;
    this.draw();
  }

  private readonly load = debounce(40, (page: number) => {
    if (!this.pages.has(page)) void this.ask(page);
  });

  // Rows that fit below the heading, how tall the list is, and the first row that is visible.
  private layout(): { rows: number; height: number; first: number } {
    const rows = Math.max(1, Math.floor(this.scroller.clientHeight / kRow) - 1);
    const height = Math.min(kTallest, this.total * kRow);
    const most = Math.max(1, height - rows * kRow);
    const last = Math.max(0, this.total - rows);
    return { rows, height, first: Math.round(Math.min(1, this.scroller.scrollTop / most) * last) };
  }

  private reveal(row: number): void {
    const { rows, height, first } = this.layout();
    if (row >= first && row < first + rows) return this.draw();
    const last = Math.max(1, this.total - rows);
    const wanted = Math.min(last, Math.max(0, row - Math.floor(rows / 2)));
    this.scroller.scrollTop = (wanted / last) * Math.max(1, height - rows * kRow);
    this.draw();
  }

  private draw(): void {
    if (this.element.hidden) return;
    const { rows, height, first } = this.layout();
    this.spacer.style.height = `${Math.max(height, 0)}px`;
    const end = Math.min(this.total, first + rows + 1);
    const shown: HTMLElement[] = [];
    for (let i = first; i < end; ++i) {
      const page = this.pages.get(Math.floor(i / kPage));
      const row = Array.isArray(page) ? page[i % kPage] : undefined;
      if (page === undefined) this.load(Math.floor(i / kPage));
      shown.push(this.row(i, row));
    }
    replace(this.body, ...shown);
  }

  private row(at: number, row: Row | undefined): HTMLElement {
    if (!row) return h('div', { class: 'columns', role: 'row', 'aria-rowindex': at + 1 }, h('span', { class: 'cell quiet' }, '…'));
    const of = this.classes[row.class]!;
    const swatch = h('span', { class: 'swatch', 'aria-hidden': 'true' });
    swatch.style.background = `#${of.colour}`;
    return h(
      'div',
      {
        class: `columns${row.number === this.current ? ' current' : ''}`,
        role: 'row',
        'aria-rowindex': at + 1,
        'aria-selected': this.selected.has(row.number) ? 'true' : 'false',
        'data-number': row.number,
      },
      h('span', { class: 'cell' }, String(row.number)),
      h('span', { class: 'cell' }, swatch, of.name),
      ...row.values.map((value) => h('span', { class: 'cell number' }, format(value))),
    );
  }

  private key(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    void this.beside(this.current, step).then((number) => {
      if (number !== null) this.on.choose(number, false);
    });
  }
}
