// The panel of the prediction that is looked at: how far it is, how it is shown, and from which value on.

import { type ModelCard } from './api';
import type { OverlayLook } from './colouring';
import { copyButton, h, replace } from './dom';
import { Opening } from './opening';
import { kCoarse, Overlay, type LiveInfo } from './overlay';
import type { Meaning } from './meaning';
import type { Wishes } from './settings';
import type { Slide } from './slide';

export class Live {
  readonly element = h('section', { class: 'panel live', 'aria-label': 'Prediction' });
  private overlay: Overlay | null = null;
  private info: LiveInfo | null = null;
  private look: OverlayLook = { classes: [], threshold: 0, graded: false, overlapping: false };
  private readonly opening = new Opening(this.element);
  private readonly status = this.opening.status;
  private hasThreshold = false;
  private meaning: Meaning | null = null;
  /** What is looked at has become another. */
  oninfo: (info: LiveInfo | null) => void = () => {};

  constructor(private readonly slide: Slide) {
    slide.more = (x, y) => {
      const values = this.overlay?.at(x, y);
      return values ? values.map((v, c) => `${this.info!.channels[c]!.name} ${+v.toPrecision(4)}`).join('  ') : '';
    };
  }

  start(image: string, model: string, card: ModelCard, wishes: Wishes, meaning: Meaning | null): void {
    this.close();
    this.meaning = meaning;
    const { z, t } = this.slide;
    this.opening.begin<LiveInfo>({
      title: `Prediction of ${card.name}`,
      called: 'the prediction',
      close: () => this.close(),
      path: 'predictions/open',
      parameters: { image, model: wishes.classifier ? undefined : model, ...wishes, z: z || undefined, t: t || undefined },
      begun: 'Opening …',
      progress: (at) => `${at.stage}: ${at.done} of ${at.total} ${at.unit}`,
      ready: (info) => {
        this.ready(info);
        return info.is_preview;
      },
    });
  }

  /** What is shown means something else now. */
  mean(meaning: Meaning | null): void {
    this.meaning = meaning;
    if (!this.info || !this.overlay) return;
    const { overlapping } = this.look;
    const before = this.look.classes;
    this.look = this.lookOf(this.info);
    this.look.classes.forEach((row, i) => {
      // What was shown or hidden by hand stays as it was.
      if (meaning && !meaning.rows[i]?.ignored) row.visible = before[i]!.visible || overlapping !== this.look.overlapping;
    });
    if (overlapping !== this.look.overlapping) this.hasThreshold = false;
    if (meaning?.isNumbers) this.look.threshold = -Infinity;
    this.controls();
    this.tile();
    this.overlay.paint(this.look);
  }

  private lookOf(info: LiveInfo): OverlayLook {
    const several = info.channels.length > 1;
    const rows = this.meaning?.rows.length === info.channels.length ? this.meaning.rows : null;
    return {
      classes: info.channels.map((channel, i) => ({ ...channel, ...rows?.[i], visible: (!several || i > 0) && !rows?.[i]?.ignored })),
      threshold: this.look.threshold,
      graded: this.look.graded,
      overlapping: several && (this.meaning?.overlapping ?? false),
    };
  }

  close(): void {
    this.overlay?.close();
    this.overlay = null;
    this.info = null;
    this.hasThreshold = false;
    this.opening.end();
    this.oninfo(null);
  }

  private ready(info: LiveInfo): void {
    const again = this.info !== null && this.overlay !== null;
    this.info = info;
    if (again) {
      this.overlay!.forget();
    } else {
      this.look = { ...this.lookOf(info), threshold: info.channels.length > 1 ? -Infinity : 0.5, graded: false };
      this.overlay = new Overlay(this.slide, info, this.look, {
        tile: () => this.tile(),
        say: (text) => this.remark(text),
      });
      this.controls();
    }
    this.mark();
    this.oninfo(info);
  }

  private text = '';
  private remark(text: string): void {
    if (text === this.text) return;
    this.text = text;
    this.mark();
  }

  private mark(): void {
    const { info } = this;
    if (!info) return;
    const left = this.overlay?.pending() ?? 0;
    const waits = left ? `Predicting what is visible: ${left} ${left === 1 ? 'tile' : 'tiles'} to come.` : '';
    const isCoarse = this.overlay?.isCoarse ?? false;
    const text = [
      info.is_preview && 'Preview: normalised by a coarse look at the image, until all of it has been read.',
      isCoarse && kCoarse,
      this.text,
      waits || (!this.text && 'All that is visible is predicted.'),
    ]
      .filter(Boolean)
      .join(' ');
    if (this.status.textContent !== text) this.status.textContent = text;
    this.status.classList.toggle('preview', info.is_preview || isCoarse);
  }

  private tile(): void {
    this.mark();
    if (!this.overlay || this.overlay.range.max < this.overlay.range.min) return;
    const { range } = this.overlay;
    const slider = this.opening.body.querySelector<HTMLInputElement>('input[name=threshold]');
    if (!slider) return;
    const whole = range.min >= 0 && range.max <= 1;
    const [min, max] = whole ? [0, 1] : [range.min, range.max];
    slider.min = String(min);
    slider.max = String(max);
    slider.step = String((max - min) / 1000 || 0.001);
    if (!this.hasThreshold) {
      this.hasThreshold = true;
      const least = this.meaning?.least;
      const start = least ?? (this.info!.channels.length > 1 ? min : (min + max) / 2);
      slider.value = String(start);
      this.threshold(start);
    }
  }

  private threshold(value: number): void {
    this.look = { ...this.look, threshold: value };
    const output = this.opening.body.querySelector<HTMLOutputElement>('output[name=threshold]');
    if (output) output.textContent = String(+value.toPrecision(3));
    this.overlay?.paint(this.look);
  }

  private controls(): void {
    const info = this.info!;
    const paint = () => this.overlay?.paint((this.look = { ...this.look }));
    const several = info.channels.length > 1;
    replace(
      this.opening.body,
      h(
        'label',
        { class: 'slider' },
        'opacity',
        h('input', {
          type: 'range',
          min: '0',
          max: '1',
          step: '0.01',
          value: '0.6',
          oninput: (event: Event) => {
            this.overlay!.opacity = Number((event.target as HTMLInputElement).value);
            paint();
          },
        }),
      ),
      !this.meaning?.isNumbers &&
      h(
        'label',
        { class: 'slider' },
        'threshold',
        h('input', {
          type: 'range',
          name: 'threshold',
          min: '0',
          max: '1',
          step: '0.001',
          value: '0.5',
          oninput: (event: Event) => {
            const value = Number((event.target as HTMLInputElement).value);
            this.meaning?.setThreshold(value);
            this.threshold(value);
          },
        }),
        h('output', { name: 'threshold' }),
      ),
      !several &&
        h(
          'label',
          { class: 'class' },
          h('input', {
            type: 'checkbox',
            onchange: (event: Event) => {
              this.look.graded = (event.target as HTMLInputElement).checked;
              paint();
            },
          }),
          'as strong as the value',
        ),
      ...this.look.classes.map((row) =>
        h(
          'div',
          { class: 'class' },
          several &&
            h('input', {
              type: 'checkbox',
              checked: row.visible,
              'aria-label': `${row.name}: visible`,
              onchange: (event: Event) => {
                row.visible = (event.target as HTMLInputElement).checked;
                paint();
              },
            }),
          h('input', {
            type: 'color',
            value: `#${row.colour}`,
            'aria-label': `${row.name}: colour`,
            oninput: (event: Event) => {
              row.colour = (event.target as HTMLInputElement).value.slice(1);
              const index = this.look.classes.indexOf(row);
              if (this.meaning) this.meaning.setColour(index, row.colour);
              else paint();
            },
          }),
          h('span', { class: 'name' }, row.name),
        ),
      ),
      h(
        'details',
        {},
        h('summary', {}, 'What was decided'),
        ...info.decisions.map((decision) => h('p', { class: 'quiet' }, decision)),
        h('p', {}, 'The same of the whole image:'),
        h('code', {}, info.command),
        copyButton(info.command),
      ),
    );
  }
}
