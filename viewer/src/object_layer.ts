// The objects over the image. Pictures of them are painted by a worker (object_painter.ts) for the zoom that is looked
// at; here they are only put where they belong, so that a frame costs the same for ten objects and for a million.

import OpenSeadragon from 'openseadragon';
import { h } from './dom';
import type { Answer, ObjectLook, Order, PictureName } from './object_painter';
import { kTile } from './object_tile';
import type { Slide } from './slide';

interface Picture {
  name: PictureName;
  bitmap: ImageBitmap;
  scale: number; // screen pixels per pixel of the level
  version: number; // of the look
  small: number;
  used: number;
}

interface View {
  left: number; // of the image's corner, in screen pixels
  top: number;
  scale: number; // screen pixels per image pixel
  width: number;
  height: number;
}

export type Rectangle = { x: number; y: number; width: number; height: number };

const kKept = 160;
const kAhead = 1; // pictures around those that are visible
const kClosest = -5; // level: 32 screen pixels per image pixel

const keyOf = (name: PictureName) => `${name.level}/${name.column}/${name.row}`;

export class ObjectLayer {
  readonly canvas = h('canvas', { class: 'overlay objects-layer', 'aria-hidden': 'true' });
  private readonly worker = new Worker(new URL('./object_painter.ts', import.meta.url), { type: 'module' });
  private readonly pictures = new Map<string, Picture>();
  private readonly asked = new Map<string, string>(); // what was asked for, by key
  private readonly failed = new Set<string>();
  private version = 0;
  private clock = 0;
  private marked: [number, number][][] | null = null;
  private choosing: { from: OpenSeadragon.Point; to: OpenSeadragon.Point } | null = null;
  private scheduled = 0;
  opacity = 1;
  trouble = '';
  /** Objects that are visible and too small to be drawn one by one. */
  small = 0;

  constructor(
    private readonly slide: Slide,
    private readonly on: {
      drawn: () => void;
      click: (x: number, y: number, adds: boolean) => void;
      choose: (rectangle: Rectangle) => void;
    },
  ) {
    const { osd, element } = slide;
    // Over predictions and under annotations. (OpenSeadragon moves the overview into an element of its own.)
    element.insertBefore(this.canvas, element.querySelector(':scope > .annotation-layer, :scope > .scalebar'));
    osd.addHandler('update-viewport', this.draw);
    osd.addHandler('resize', this.redraw);
    osd.addHandler('canvas-click', this.click);
    osd.addHandler('canvas-drag', this.drag);
    osd.addHandler('canvas-drag-end', this.dragEnd);
    this.worker.onmessage = (event: MessageEvent<Answer>) => this.answered(event.data);
  }

  close(): void {
    const { osd } = this.slide;
    osd.removeHandler('update-viewport', this.draw);
    osd.removeHandler('resize', this.redraw);
    osd.removeHandler('canvas-click', this.click);
    osd.removeHandler('canvas-drag', this.drag);
    osd.removeHandler('canvas-drag-end', this.dragEnd);
    cancelAnimationFrame(this.scheduled);
    this.worker.terminate();
    for (const picture of this.pictures.values()) picture.bitmap.close();
    this.canvas.remove();
  }

  /** Tiles from another address, with places for level, column and row: other objects. */
  show(address: string, headers: Record<string, string>): void {
    this.send({ kind: 'show', address: new URL('.', location.href).href + address, headers });
    for (const picture of this.pictures.values()) picture.bitmap.close();
    this.pictures.clear();
    this.asked.clear();
    this.failed.clear();
    this.trouble = '';
    this.redraw();
  }

  /** Painted anew; until that is done as they were. */
  look(look: ObjectLook): void {
    this.send({ kind: 'look', look, version: ++this.version });
    this.asked.clear();
    this.redraw();
  }

  /** One outline on top of all, in pixels of the image. */
  mark(rings: [number, number][][] | null): void {
    this.marked = rings;
    this.redraw();
  }

  /** How many pictures are to come. */
  pending(): number {
    return this.asked.size;
  }

  /** What of the image is on the screen. */
  visible(): Rectangle | null {
    const view = this.view(true);
    if (!view) return null;
    const { left, top, scale, width, height } = view;
    return { x: -left / scale, y: -top / scale, width: width / scale, height: height / scale };
  }

  readonly redraw = (): void => {
    if (!this.scheduled)
      this.scheduled = requestAnimationFrame(() => {
        this.scheduled = 0;
        this.draw();
      });
  };

  private send(order: Order): void {
    this.worker.postMessage(order);
  }

  // In pixels of the canvas; as it is now, or as it will be when the movement ends.
  private view(now: boolean): View | null {
    const { osd } = this.slide;
    const item = osd.world.getItemAt(0);
    if (!item) return null;
    const dense = window.devicePixelRatio || 1;
    const size = osd.viewport.getContainerSize();
    const bounds = osd.viewport.getBoundsNoRotate(now);
    const place = item.getBoundsNoRotate(true);
    const scale = (size.x * dense) / bounds.width; // canvas pixels per unit of the viewport
    return {
      left: (place.x - bounds.x) * scale,
      top: (place.y - bounds.y) * scale,
      scale: (scale * place.width) / item.getContentSize().x,
      width: Math.round(size.x * dense),
      height: Math.round(size.y * dense),
    };
  }

  private readonly draw = (): void => {
    // A picture that has come while the image moves is drawn with the movement, not once more after it.
    cancelAnimationFrame(this.scheduled);
    this.scheduled = 0;
    const view = this.view(true);
    const { canvas } = this;
    if (view && (canvas.width !== view.width || canvas.height !== view.height))
      [canvas.width, canvas.height] = [view.width, view.height];
    const context = canvas.getContext('2d')!;
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!view) return;
    // Pictures are painted for where the movement ends.
    const goal = this.view(false)!;
    const level = Math.max(kClosest, Math.floor(Math.log2(1 / goal.scale)));
    const scale = goal.scale * 2 ** level;
    const step = kTile * 2 ** level * view.scale;
    const range = (begin: number, size: number, more: number) => [
      Math.floor(-begin / step) - more,
      Math.ceil((size - begin) / step) + more,
    ];
    const missing: { name: PictureName; distance: number }[] = [];
    context.globalAlpha = this.opacity;
    context.imageSmoothingEnabled = true;
    this.small = 0;
    let complete = true;
    const [left, right] = range(view.left, view.width, kAhead) as [number, number];
    const [top, bottom] = range(view.top, view.height, kAhead) as [number, number];
    const middle = [(view.width / 2 - view.left) / step - 0.5, (view.height / 2 - view.top) / step - 0.5];
    const wanted = new Set<string>();
    for (let row = top; row < bottom; ++row)
      for (let column = left; column < right; ++column) {
        const name = { level, column, row };
        const key = keyOf(name);
        const picture = this.pictures.get(key);
        const visible = row >= top + kAhead && row < bottom - kAhead && column >= left + kAhead && column < right - kAhead;
        if (picture) picture.used = ++this.clock;
        if (picture && visible) {
          this.put(context, picture, view);
          this.small += picture.small;
        } else if (visible) {
          complete = false;
          this.standIn(context, name, view);
        }
        if (picture && picture.version === this.version && Math.abs(picture.scale / scale - 1) < 1e-4) continue;
        wanted.add(key);
        missing.push({ name, distance: Math.hypot(column - middle[0]!, row - middle[1]!) });
      }
    canvas.dataset.complete = String(complete);
    this.want(missing, wanted, scale);
    canvas.dataset.waiting = String(this.asked.size);
    canvas.dataset.view = JSON.stringify({ ...view, small: this.small }); // for whoever compares what is drawn
    context.globalAlpha = 1;
    this.drawMarks(context, view);
    this.on.drawn();
  };

  private put(context: CanvasRenderingContext2D, picture: Picture, view: View): void {
    const { name, bitmap } = picture;
    const step = kTile * 2 ** name.level * view.scale;
    const x0 = Math.round(view.left + name.column * step);
    const y0 = Math.round(view.top + name.row * step);
    const x1 = Math.round(view.left + (name.column + 1) * step);
    const y1 = Math.round(view.top + (name.row + 1) * step);
    const own = picture.scale * kTile;
    // At its own zoom a picture is put down pixel by pixel.
    if (Math.abs(own - step) < 0.02) context.drawImage(bitmap, 0, 0, x1 - x0, y1 - y0, x0, y0, x1 - x0, y1 - y0);
    else context.drawImage(bitmap, 0, 0, own, own, x0, y0, x1 - x0, y1 - y0);
  }

  // The part of a coarser picture, or finer ones, where the right one is not there yet.
  private standIn(context: CanvasRenderingContext2D, name: PictureName, view: View): void {
    const step = kTile * 2 ** name.level * view.scale;
    context.save();
    context.beginPath();
    const [x0, y0] = [Math.round(view.left + name.column * step), Math.round(view.top + name.row * step)];
    context.rect(x0, y0, Math.round(view.left + (name.column + 1) * step) - x0, Math.round(view.top + (name.row + 1) * step) - y0);
    context.clip();
    for (let up = 1; up <= 3; ++up) {
      const picture = this.pictures.get(keyOf({ level: name.level + up, column: name.column >> up, row: name.row >> up }));
      if (!picture) continue;
      this.put(context, picture, view);
      context.restore();
      return;
    }
    for (let row = 2 * name.row; row < 2 * name.row + 2; ++row)
      for (let column = 2 * name.column; column < 2 * name.column + 2; ++column) {
        const picture = this.pictures.get(keyOf({ level: name.level - 1, column, row }));
        if (picture) this.put(context, picture, view);
      }
    context.restore();
  }

  private want(missing: { name: PictureName; distance: number }[], wanted: Set<string>, scale: number): void {
    const gone = [...this.asked.keys()].filter((key) => !wanted.has(key));
    for (const key of gone) this.asked.delete(key);
    if (gone.length) this.send({ kind: 'drop', keys: gone });
    const dense = window.devicePixelRatio || 1;
    for (const { name } of missing.sort((a, b) => a.distance - b.distance)) {
      const key = keyOf(name);
      const what = `${this.version} ${scale}`;
      if (this.asked.get(key) === what || this.failed.has(key)) continue;
      this.asked.set(key, what);
      this.send({ kind: 'paint', key, name, scale, line: 1.25 * dense });
    }
  }

  private answered(answer: Answer): void {
    if (answer.kind === 'failed') {
      this.failed.add(answer.key);
      this.asked.delete(answer.key);
      this.trouble = `A part could not be shown: ${answer.error}`;
      this.redraw();
      return;
    }
    const { key, picture, scale, version, small } = answer;
    if (this.asked.get(key) === `${version} ${scale}`) this.asked.delete(key);
    this.pictures.get(key)?.bitmap.close();
    const [level, column, row] = key.split('/').map(Number) as [number, number, number];
    this.pictures.set(key, { name: { level, column, row }, bitmap: picture, scale, version, small, used: ++this.clock });
    if (this.pictures.size > kKept) {
      const oldest = [...this.pictures].sort((a, b) => a[1].used - b[1].used).slice(0, this.pictures.size - kKept);
      for (const [old, { bitmap }] of oldest) {
        bitmap.close();
        this.pictures.delete(old);
      }
    }
    this.redraw();
  }

  private drawMarks(context: CanvasRenderingContext2D, view: View): void {
    const dense = window.devicePixelRatio || 1;
    if (this.marked) {
      context.beginPath();
      for (const ring of this.marked) {
        ring.forEach(([x, y], i) => context[i ? 'lineTo' : 'moveTo'](view.left + x * view.scale, view.top + y * view.scale));
        context.closePath();
      }
      context.lineJoin = 'round';
      for (const [width, colour] of [[4, '#000'], [2, '#ffe94a']] as const) {
        context.lineWidth = width * dense;
        context.strokeStyle = colour;
        context.stroke();
      }
    }
    if (!this.choosing) return;
    const { from, to } = this.choosing;
    context.lineWidth = dense;
    context.setLineDash([5 * dense, 4 * dense]);
    for (const [offset, colour] of [[0, '#fff'], [5 * dense, '#000']] as const) {
      context.lineDashOffset = offset;
      context.strokeStyle = colour;
      context.strokeRect(from.x * dense, from.y * dense, (to.x - from.x) * dense, (to.y - from.y) * dense);
    }
    context.setLineDash([]);
  }

  private imagePoint(at: OpenSeadragon.Point): OpenSeadragon.Point {
    return this.slide.osd.world.getItemAt(0).viewerElementToImageCoordinates(at);
  }

  private readonly click = (event: OpenSeadragon.CanvasClickEvent): void => {
    if (!event.quick || !this.slide.osd.world.getItemAt(0)) return;
    const at = this.imagePoint(event.position);
    this.on.click(at.x, at.y, event.shift);
  };

  private readonly drag = (event: OpenSeadragon.CanvasDragEvent): void => {
    if (!event.shift && !this.choosing) return;
    event.preventDefaultAction = true;
    this.choosing ??= { from: event.position.minus(event.delta), to: event.position };
    this.choosing.to = event.position;
    this.redraw();
  };

  private readonly dragEnd = (event: Omit<OpenSeadragon.CanvasDragEvent, 'delta'>): void => {
    if (!this.choosing) return;
    event.preventDefaultAction = true;
    const { from, to } = this.choosing;
    this.choosing = null;
    this.redraw();
    if (!this.slide.osd.world.getItemAt(0)) return;
    const [a, b] = [this.imagePoint(from), this.imagePoint(to)];
    this.on.choose({ x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y) });
  };
}
