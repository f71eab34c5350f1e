// A panel of something that the program opens first: its head, how far that is, and what went wrong.

import { address, token } from './api';
import { h, notice, replace } from './dom';

interface Progress {
  stage: string;
  done: number;
  total: number;
  unit: string;
}

/** What is opened, and what is said meanwhile. */
interface Wanted<T> {
  title: string;
  /** "the objects", for the button that closes them. */
  called: string;
  close: () => void;
  path: string;
  parameters: Record<string, string | number | undefined>;
  begun: string;
  progress: (at: Progress) => string;
  /** Says whether there is more to come. */
  ready: (data: T) => boolean;
}

export class Opening {
  readonly status = h('p', { class: 'status', role: 'status' });
  /** What is shown of it, or why it cannot be. */
  readonly body = h('div');
  private readonly bar = h('progress', { 'aria-label': 'Progress' });
  private readonly later = h('p', { class: 'quiet' }); // how far what comes after `ready` is
  private events: EventSource | null = null;

  constructor(private readonly panel: HTMLElement) {}

  begin<T>(wanted: Wanted<T>): void {
    const name = `Close ${wanted.called}`;
    replace(
      this.panel,
      h(
        'div',
        { class: 'head' },
        h('h2', {}, wanted.title),
        h('button', { title: name, 'aria-label': name, onclick: wanted.close }, '×'),
      ),
      this.status,
      this.bar,
      this.later,
      this.body,
    );
    replace(this.body);
    this.later.textContent = '';
    this.say(this.status, wanted.begun, null);
    const events = new EventSource(address(wanted.path, { ...wanted.parameters, token }));
    this.events = events;
    const on = <D>(kind: string, what: (data: D) => void) =>
      events.addEventListener(kind, (event) => what(JSON.parse((event as MessageEvent<string>).data) as D));
    let isReady = false;
    on<Progress>('progress', (at) => this.say(isReady ? this.later : this.status, wanted.progress(at), at.total ? at.done / at.total : null));
    on<{ error: string }>('failed', (failure) => this.fail(failure.error));
    on<T>('ready', (data) => {
      isReady = true;
      this.bar.hidden = true;
      this.later.textContent = '';
      if (!wanted.ready(data)) events.close();
    });
    // The program ends the stream when all is said; anything else is an error.
    events.onerror = () => {
      events.close();
      if (!isReady) this.fail('the program has ended the connection; try again');
    };
  }

  /** Nothing is opened or shown any more. */
  end(): void {
    this.events?.close();
    replace(this.panel);
  }

  private fail(error: string): void {
    this.events?.close();
    this.bar.hidden = true;
    this.status.textContent = this.later.textContent = '';
    replace(this.body, notice(error));
  }

  private say(where: HTMLElement, text: string, share: number | null): void {
    where.textContent = text;
    this.bar.hidden = false;
    if (share === null) this.bar.removeAttribute('value');
    else this.bar.value = share;
  }
}
