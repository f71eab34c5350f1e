// Classifiers: those that are kept, and keeping a model with its settings as one.

import { ask, isAbort, type KeptClassifier, type ShownClassifier, post } from './api';
import { copyButton, h, line, notice, replace } from './dom';
import type { Settings } from './settings';

export class Classifiers {
  /** The list. */
  readonly element = h('div', { class: 'classifiers' });
  private names: string[] = [];

  constructor(private readonly onchoose: (shown: ShownClassifier) => void) {}

  async list(): Promise<void> {
    try {
      const all = await ask<KeptClassifier[]>('classifiers');
      this.names = all.map(({ name }) => name);
      replace(this.element, all.length > 0 && h('h3', {}, 'Classifiers'), h('ul', { class: 'hits' }, ...all.map((each) => h('li', {}, this.row(each)))));
    } catch (error) {
      replace(this.element, notice(error));
    }
  }

  /** A name, a button, and what came of it. */
  form(model: string, settings: Settings, suggested: string): HTMLElement {
    const name = h('input', { type: 'text', size: 14, value: suggested, placeholder: 'a name', 'aria-label': 'Name of the classifier' });
    const replaces = h('input', { type: 'checkbox' });
    const again = h('label', { class: 'class' }, replaces, 'replace the one there is');
    const button = h('button', {}, 'Apply');
    button.title = 'Keeps the model with these settings under this name, for --classifier and for here';
    const said = h('div', { role: 'status' });
    const look = () => (again.hidden = !this.names.includes(name.value.trim()));
    let meant = ''; // which one is to be replaced
    replaces.addEventListener('change', () => (meant = name.value.trim()));
    name.addEventListener('input', () => {
      if (name.value.trim() !== meant) replaces.checked = false;
      look();
    });
    look();
    button.addEventListener('click', () => {
      void (async () => {
        button.disabled = true;
        replace(said, h('p', { class: 'quiet' }, 'Proving the model and keeping it …'));
        try {
          const overwrite = replaces.checked || undefined;
          const made = await post<ShownClassifier & { command: string }>('classifiers', { ...settings.all(), name: name.value.trim(), overwrite, model });
          replace(
            said,
            h('p', { class: 'good' }, `Kept as the classifier ${made.classifier.name}.`),
            h('code', {}, made.command),
            copyButton(made.command),
          );
          await this.list();
        } catch (error) {
          if (!isAbort(error)) replace(said, notice(error));
        } finally {
          button.disabled = false;
          replaces.checked = false;
          look();
        }
      })();
    });
    return h('div', { class: 'apply' }, line('classifier', name, button), again, said);
  }

  private row(each: KeptClassifier): HTMLElement {
    if (each.error) return h('p', { class: 'quiet' }, `${each.name} cannot be read: ${each.error}`);
    const trouble = h('span');
    const button = h(
      'button',
      { class: 'hit', 'data-classifier': each.name, title: `${each.output}: ${each.output_type}` },
      h('span', { class: 'name' }, each.name),
      h('span', { class: 'quiet' }, `${each.model} · ${each.classes.join(', ')}`),
    );
    button.addEventListener('click', () => {
      void ask<ShownClassifier>(`classifiers/${encodeURIComponent(each.name)}`).then(
        (shown) => {
          replace(trouble);
          for (const other of this.element.querySelectorAll('button')) other.removeAttribute('aria-current');
          button.setAttribute('aria-current', 'true');
          // Its own name, also if the file says another.
          this.onchoose({ ...shown, classifier: { ...shown.classifier, name: each.name } });
        },
        (error) => replace(trouble, notice(error)),
      );
    });
    return h('div', {}, button, trouble);
  }
}
