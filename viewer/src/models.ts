// Models: finding one, and what its card says. "Runs here" is the program's own answer, with its reason.

import { address, ask, isAbort, type Found, type Hit, type ClassifierFile, type ImageInfo, type ModelCard, type TensorCard, token } from './api';
import { debounce, h, notice, replace } from './dom';
import { Classifiers } from './classifiers';
import type { Meaning } from './meaning';
import type { Chosen } from './runs';
import { Settings, type Wishes } from './settings';

export class Models {
  readonly element = h('section', { class: 'panel models', 'aria-label': 'Models' });
  private readonly words = h('input', {
    type: 'search',
    placeholder: 'Search models: nuclei, shark …',
    'aria-label': 'Search models',
  });
  private readonly runnable = h('input', { type: 'checkbox', checked: true });
  private readonly fitting = h('input', { type: 'checkbox' });
  private readonly results = h('ul', { class: 'hits' });
  private readonly status = h('p', { class: 'quiet', role: 'status' });
  private readonly card = h('article', { class: 'card' });
  private asking: AbortController | null = null;
  private image = '';
  private info: ImageInfo | null = null;
  private shown: ModelCard | null = null;
  private kept: ClassifierFile | null = null;
  private readonly classifiers = new Classifiers(({ model, classifier }) => void this.choose(model, classifier));
  /** The model whose card is shown. */
  chosen = '';
  /** What can be run has become another; none if nothing can. */
  onchosen: (chosen: (() => Chosen) | null) => void = () => {};

  constructor(
    private readonly on: {
      predict: (image: string, model: string, card: ModelCard, wishes: Wishes, meaning: Meaning | null) => void;
      /** What the output of the model means has become another. */
      meaning: (meaning: Meaning | null) => void;
    },
  ) {
    const search = () => void this.search();
    this.words.addEventListener('input', debounce(200, search));
    this.runnable.addEventListener('change', search);
    this.fitting.addEventListener('change', search);
    this.element.append(
      this.words,
      h(
        'div',
        { class: 'row' },
        h('label', {}, this.runnable, ' runs here'),
        h('label', { title: 'Channels, dimensions and pixel size' }, this.fitting, ' fits this image'),
      ),
      this.status,
      this.results,
      this.classifiers.element,
      this.card,
    );
  }

  /** The classifiers that are kept. */
  list(): Promise<void> {
    return this.classifiers.list();
  }

  focus(): void {
    this.words.focus();
  }

  setImage(path: string, info: ImageInfo): void {
    this.image = path;
    this.info = info;
    this.show();
    if (this.fitting.checked) void this.search();
  }

  async search(): Promise<void> {
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    this.status.textContent = 'Searching …';
    try {
      const found = await ask<Found>(
        'models',
        {
          words: this.words.value,
          runnable: String(this.runnable.checked),
          image: this.fitting.checked && this.image ? this.image : undefined,
        },
        { signal: asking.signal },
      );
      this.status.textContent =
        `${found.found} of ${found.models} models in the catalogue` +
        (found.hits.length < found.found ? `; the best ${found.hits.length} are listed` : '');
      replace(this.results, ...found.hits.map((hit) => h('li', {}, this.hit(hit))));
    } catch (error) {
      if (isAbort(error)) return;
      this.status.textContent = '';
      replace(this.results, h('li', {}, notice(error)));
    }
  }

  /** With the settings of a classifier that is kept, or those of nobody. */
  async choose(model: string, kept: ClassifierFile | null = null): Promise<void> {
    this.chosen = model;
    this.kept = kept;
    this.shown = null;
    for (const button of this.results.querySelectorAll('button'))
      button.toggleAttribute('aria-current', button.dataset.id === model);
    replace(this.card, h('p', { class: 'quiet' }, `Reading ${model} …`));
    try {
      const card = await ask<ModelCard>('models/card', { model });
      if (this.chosen !== model || this.kept !== kept) return;
      this.shown = card;
      this.show();
      this.card.scrollIntoView({ block: 'nearest' });
    } catch (error) {
      if (this.chosen === model) replace(this.card, notice(error));
    }
  }

  /** The card with what can be done with the image that is open. */
  private show(): void {
    const { shown: card, info, image, chosen: model } = this;
    this.onchosen(null);
    if (!card) return;
    if (!card.applies) return replace(this.card, ...cardOf(card, model));
    if (!info) return replace(this.card, ...cardOf(card, model, h('p', { class: 'quiet' }, 'Open an image to see its prediction.')));
    const settings = new Settings(card, info, this.kept);
    const predict = () => {
      this.on.predict(image, model, card, settings.wishes(), settings.meaning);
      settings.onmeaning = () => this.on.meaning(settings.meaning);
    };
    const start = h('button', { class: 'main', onclick: predict }, 'Show its prediction');
    const form = this.classifiers.form(model, settings, this.kept?.name ?? '');
    replace(this.card, ...cardOf(card, model, settings.element, start, form));
    if (card.runs) this.onchosen(() => ({ image, info, model, card, wishes: settings.wishes() }));
  }

  private hit(hit: Hit): HTMLElement {
    return h(
      'button',
      {
        class: 'hit',
        'aria-current': hit.id === this.chosen ? 'true' : undefined,
        title: hit.description,
        onclick: () => void this.choose(hit.id),
        'data-id': hit.id,
      },
      h('span', { class: 'name' }, hit.name),
      h('span', { class: 'quiet' }, `${hit.id}${hit.deprecated ? ' (deprecated)' : ''} · ${hit.axes[0] ?? ''}`),
      ...hit.fit.map((decision) => h('span', { class: 'fit' }, decision)),
    );
  }
}

function cardOf(card: ModelCard, model: string, ...actions: Node[]): (Node | false)[] {
  const verdict = card.applies
    ? h('p', { class: 'verdict good' }, 'Runs here and can be applied to images.')
    : h('p', { class: 'verdict bad' }, card.runs ? `Cannot be applied to images: ${card.reason}.` : `Does not run here: ${card.reason}.`);
  const facts: [string, string | Node | false][] = [
    ['id', card.id],
    ['version', card.version],
    ['licence', card.license],
    ['authors', card.authors.map((a) => (a.affiliation ? `${a.name} (${a.affiliation})` : a.name)).join(', ')],
    ['tags', card.tags.join(', ')],
  ];
  return [
    h('h3', {}, card.name),
    ...card.covers.slice(0, 1).map((cover) => h('img', { src: cover, alt: '', class: 'cover' })),
    verdict,
    ...actions,
    card.runs &&
      h(
        'a',
        {
          class: 'test',
          href: address('models/test', { model, token }),
          target: '_blank',
          rel: 'noopener',
          title: 'Input, target, prediction and difference, with numbers, in a tab of their own',
        },
        'Show test images',
      ),
    h('p', {}, card.description),
    ...card.inputs.map((tensor) => tensorOf('Takes', tensor)),
    ...card.outputs.map((tensor) => tensorOf('Gives', tensor)),
    h(
      'dl',
      {},
      ...facts.filter(([, value]) => value).flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
      ...card.weights.flatMap((w) => [
        h('dt', {}, 'weights'),
        h('dd', {}, w.engine ? `${w.format}, with ${w.engine}` : `${w.format}: no, ${w.reason}`),
      ]),
    ),
    card.cite.length > 0 &&
      h(
        'details',
        {},
        h('summary', {}, 'Please cite'),
        ...card.cite.map((c) => h('p', {}, `${c.text} ${c.doi ? `https://doi.org/${c.doi}` : c.url}`)),
      ),
  ];
}

function tensorOf(verb: string, tensor: TensorCard): HTMLElement {
  const axes = tensor.axes
    .map((axis) =>
      axis.channel_names.length
        ? `${axis.channel_names.length === 1 ? 'channel' : 'channels'} ${axis.channel_names.join(', ')}`
        : axis.id === 'batch'
          ? ''
          : `${axis.id} ${axis.size}`,
    )
    .filter(Boolean)
    .join(' · ');
  return h(
    'p',
    { class: 'tensor' },
    h('strong', {}, `${verb} ${tensor.id}: `),
    axes,
    tensor.ops_in_words.length > 0 && h('span', { class: 'quiet' }, ` (${tensor.ops_in_words.join('; ')})`),
  );
}
