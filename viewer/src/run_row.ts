// A run in the list: how far it is, what can be done with it, and what it has left.

import { address, ask, token } from './api';
import { copyButton, h, replace, telling } from './dom';
import { hasObjects, hasPrediction, isBusy, type Run, stateText } from './run_words';

export interface RunActions {
  change: (what: 'pause' | 'resume' | 'cancel' | 'remove-from-list', run: Run) => Promise<void>;
  show: (run: Run) => void;
  objects: (run: Run) => void;
}

export class RunRow {
  readonly element: HTMLLIElement;
  private readonly state = h('p', { class: 'status' });
  private readonly bar = h('progress', { 'aria-label': 'Progress of the run' });
  private readonly sentence = h('p', { class: 'notice' });
  private readonly trouble = h('div');
  private readonly files = h('div', { class: 'files' });
  private readonly said = h('details', {}, h('summary', {}, 'Files and command'), this.files);
  private readonly buttons: [HTMLButtonElement | HTMLAnchorElement, (run: Run) => boolean][] = [];
  private command = '';

  constructor(private run: Run, actions: RunActions) {
    const act = (text: string, title: string, what: () => void | Promise<void>, is: (run: Run) => boolean) => {
      const button = h('button', { title, 'aria-label': `${text} ${run.name}` }, text);
      button.addEventListener('click', () => void telling(this.trouble, what));
      this.buttons.push([button, is]);
      return button;
    };
    const change = (what: Parameters<RunActions['change']>[0]) => () => actions.change(what, this.run);
    const report = h(
      'a',
      {
        target: '_blank',
        rel: 'noopener noreferrer',
        href: address('runs/file', { name: run.name, file: 'report.html', token }),
        'aria-label': `Report of ${run.name}`,
      },
      'Report',
    );
    this.buttons.push([report, hasPrediction]);
    this.element = h(
      'li',
      { class: 'run', 'data-name': run.name },
      h('strong', { class: 'name', title: run.run }, run.name),
      this.state,
      this.bar,
      this.sentence,
      h(
        'div',
        { class: 'actions' },
        act('Pause', 'Stops when the tiles at work are done; what was made stays', change('pause'), isBusy),
        act('Resume', 'Goes on where it was', change('resume'), (row) => ['paused', 'cancelled', 'failed'].includes(row.state)),
        act('Cancel', 'Gives it up; what was made stays, and resume goes on', change('cancel'), (row) => isBusy(row) || row.state === 'paused'),
        act('Show objects', 'Its objects over the image', () => actions.show(this.run), hasObjects),
        act('Export …', 'Objects of its prediction, with other options, as files', () => actions.objects(this.run), hasPrediction),
        report,
        act('Remove', 'Takes it off the list; its files stay', change('remove-from-list'), (row) => !isBusy(row)),
      ),
      this.trouble,
      this.said,
    );
    this.said.addEventListener('toggle', () => void telling(this.trouble, () => this.list()));
    this.update(run);
  }

  update(run: Run): void {
    const hasEnded = isBusy(this.run) && !isBusy(run);
    this.run = run;
    this.element.dataset.state = run.state;
    const text = stateText(run);
    if (this.state.textContent !== text) this.state.textContent = text;
    this.bar.hidden = run.state !== 'running';
    if (run.progress && run.progress.total > 0) this.bar.value = run.progress.done / run.progress.total;
    else this.bar.removeAttribute('value');
    this.sentence.hidden = !run.sentence;
    this.sentence.textContent = run.sentence;
    for (const [button, is] of this.buttons) button.hidden = !is(run);
    if (run.command !== this.command || hasEnded) {
      this.command = run.command;
      if (this.said.open) void telling(this.trouble, () => this.list());
    }
  }

  private async list(): Promise<void> {
    if (!this.said.open) return;
    const { name } = this.run;
    const left = await ask<{ folder: string; files: { name: string; bytes: number | null }[] }>('runs/files', { name });
    const file = ({ name: file, bytes }: { name: string; bytes: number | null }) =>
      h(
        'li',
        {},
        bytes === null ? `${file}/` : h('a', { href: address('runs/file', { name, file, token }), download: file }, file),
      );
    replace(
      this.files,
      h('p', { class: 'quiet' }, `In ${left.folder}:`),
      h('ul', {}, ...left.files.map(file)),
      ...this.run.notes.map((note) => h('p', { class: 'quiet' }, note)),
      h('code', {}, this.run.command),
      copyButton(this.run.command),
    );
  }
}
