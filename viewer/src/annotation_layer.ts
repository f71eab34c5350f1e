// Annotations over the image: drawn on a canvas of their own, and by the mouse chosen, moved and made.

import OpenSeadragon from 'openseadragon';
import {
  areaOf,
  crossesItself,
  type Feature,
  isLocked,
  linesOf,
  planeOf,
  polygonsOf,
  type Position,
  ringOf,
} from './annotation';
import { h } from './dom';
import type { Slide } from './slide';

export type Tool = 'none' | 'rectangle' | 'polygon';

interface Frame {
  left: number;
  top: number;
  scale: number; // screen pixels per image pixel
}

const kNear = 9; // screen pixels that count as the same place

export class AnnotationLayer {
  readonly canvas = h('canvas', { class: 'overlay annotation-layer', 'aria-hidden': 'true' });
  private readonly paths = new WeakMap<Feature, Path2D>();
  private readonly scratch = h('canvas', { width: 1, height: 1 }).getContext('2d')!;
  private features: Feature[] = [];
  private selected: Feature | null = null;
  private colourOf: (feature: Feature) => string = () => '#ffd54a';
  private tool: Tool = 'none';
  private corners: Position[] = [];
  private pointer: Position | null = null;
  private from: Position | null = null; // where a rectangle or a movement has begun
  private moving = false;
  private frame = 0;

  constructor(
    private readonly slide: Slide,
    private readonly on: {
      drawn: (ring: Position[]) => void;
      select: (feature: Feature | null) => void;
      moved: (feature: Feature, dx: number, dy: number) => void;
      tool: (tool: Tool) => void;
      say: (text: string) => void;
    },
  ) {}

  /** Once the image has its place in the page. */
  mount(): void {
    const { osd } = this.slide;
    osd.element.after(this.canvas); // over predictions, which go between
    osd.addHandler('update-viewport', this.changed);
    osd.addHandler('resize', this.changed);
    osd.addHandler('open', this.changed);
    osd.addHandler('canvas-press', (event) => this.press(event.position));
    osd.addHandler('canvas-drag', (event) => {
      if (!this.from) return;
      event.preventDefaultAction = true;
      this.drag(event.position);
    });
    osd.addHandler('canvas-drag-end', (event) => {
      if (this.from) event.preventDefaultAction = true;
    });
    osd.addHandler('canvas-release', () => this.release());
    osd.addHandler('canvas-click', (event) => this.click(event.position, event.quick));
    osd.addHandler('canvas-double-click', (event) => {
      if (this.tool !== 'polygon') return;
      event.preventDefaultAction = true;
      this.finish();
    });
    osd.element.addEventListener('pointermove', (event) => {
      if (!this.corners.length) return;
      const box = osd.element.getBoundingClientRect();
      this.pointer = this.imageAt(new OpenSeadragon.Point(event.clientX - box.left, event.clientY - box.top));
      this.changed();
    });
  }

  show(features: Feature[], selected: Feature | null, colourOf: (feature: Feature) => string): void {
    this.features = features;
    this.selected = selected;
    this.colourOf = colourOf;
    this.changed();
  }

  /** A feature's outline has changed. */
  reshaped(feature: Feature): void {
    this.paths.delete(feature);
    this.changed();
  }

  choose(tool: Tool): void {
    this.corners = [];
    this.pointer = this.from = null;
    this.tool = tool;
    this.slide.element.classList.toggle('drawing', tool !== 'none');
    this.on.tool(tool);
    this.changed();
  }

  /** Keys while something is drawn: whether this one was meant for it. */
  key(key: string): boolean {
    if (this.tool === 'none') return false;
    if (key === 'Escape') this.choose('none');
    else if (key === 'Enter' && this.corners.length) this.finish();
    else if (key === 'Backspace' && this.corners.length) this.corners.pop();
    else return false;
    this.changed();
    return true;
  }

  private readonly changed = (): void => {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  };

  private place(): Frame | null {
    const item = this.slide.osd.world.getItemAt(0);
    if (!item) return null;
    const at = (x: number) => item.imageToViewerElementCoordinates(new OpenSeadragon.Point(x, x));
    const [from, to] = [at(0), at(1000)];
    return { left: from.x, top: from.y, scale: (to.x - from.x) / 1000 };
  }

  /** On whole pixels, within the image. */
  private imageAt(point: OpenSeadragon.Point): Position | null {
    const frame = this.place();
    const size = this.slide.osd.world.getItemAt(0)?.getContentSize();
    if (!frame || !size) return null;
    const whole = (value: number, most: number) => Math.min(most, Math.max(0, Math.round(value)));
    return [whole((point.x - frame.left) / frame.scale, size.x), whole((point.y - frame.top) / frame.scale, size.y)];
  }

  private press(point: OpenSeadragon.Point): void {
    this.from = null;
    this.moving = false;
    const at = this.imageAt(point);
    if (!at) return;
    if (this.tool === 'rectangle') this.from = this.pointer = at;
    const mayMove = this.tool === 'none' && this.selected && !isLocked(this.selected);
    if (mayMove && this.at(point) === this.selected) {
      this.from = this.pointer = at;
      this.moving = true;
    }
  }

  private drag(point: OpenSeadragon.Point): void {
    this.pointer = this.imageAt(point);
    this.changed();
  }

  private release(): void {
    const { from, pointer } = this;
    this.from = null;
    if (!from || !pointer) return;
    const [dx, dy] = [pointer[0] - from[0], pointer[1] - from[1]];
    this.pointer = null;
    if (this.moving) {
      if (dx || dy) this.on.moved(this.selected!, dx, dy);
    } else if (dx && dy) {
      const [x, y] = [Math.min(from[0], pointer[0]), Math.min(from[1], pointer[1])];
      this.choose('none');
      this.on.drawn(ringOf([x, y, Math.abs(dx), Math.abs(dy)]));
    }
    this.changed();
  }

  private click(point: OpenSeadragon.Point, quick: boolean): void {
    if (!quick || this.tool === 'rectangle') return;
    if (this.tool === 'none') return this.on.select(this.at(point));
    const at = this.imageAt(point);
    const frame = this.place();
    if (!at || !frame) return;
    const near = (corner: Position) => Math.hypot(corner[0] - at[0], corner[1] - at[1]) * frame.scale < kNear;
    if (this.corners.length > 2 && near(this.corners[0]!)) return this.finish();
    if (!this.corners.length || !near(this.corners.at(-1)!)) this.corners.push(at);
    this.changed();
  }

  private finish(): void {
    if (this.corners.length < 3) return this.on.say('A polygon has at least three corners; click to set another.');
    const ring = [...this.corners, this.corners[0]!];
    if (crossesItself(ring))
      return this.on.say('The outline crosses itself, which QuPath refuses; take back corners with Backspace.');
    this.choose('none');
    this.on.drawn(ring);
  }

  /** The smallest annotation there. */
  private at(point: OpenSeadragon.Point): Feature | null {
    const frame = this.place();
    if (!frame) return null;
    const [x, y] = [(point.x - frame.left) / frame.scale, (point.y - frame.top) / frame.scale];
    this.scratch.lineWidth = kNear / frame.scale;
    const there = this.visible().filter((feature) => {
      const path = this.pathOf(feature);
      return this.scratch.isPointInPath(path, x, y, 'evenodd') || this.scratch.isPointInStroke(path, x, y);
    });
    return there.sort((a, b) => areaOf(a) - areaOf(b))[0] ?? null;
  }

  private visible(): Feature[] {
    const { z, t } = this.slide;
    return this.features.filter((feature) => planeOf(feature).z === z && planeOf(feature).t === t);
  }

  private pathOf(feature: Feature): Path2D {
    const known = this.paths.get(feature);
    if (known) return known;
    const path = new Path2D();
    const add = (line: Position[]) => line.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
    for (const ring of polygonsOf(feature.geometry).flat()) {
      add(ring);
      path.closePath();
    }
    for (const line of linesOf(feature.geometry)) {
      if (line.length > 1) add(line);
      else {
        const [x, y] = line[0]!;
        path.moveTo(x + 5, y);
        path.arc(x, y, 5, 0, 2 * Math.PI);
      }
    }
    this.paths.set(feature, path);
    return path;
  }

  private draw(): void {
    const bounds = this.slide.osd.element.getBoundingClientRect();
    const dense = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(bounds.width * dense), Math.round(bounds.height * dense)];
    if (this.canvas.width !== width || this.canvas.height !== height) [this.canvas.width, this.canvas.height] = [width, height];
    const context = this.canvas.getContext('2d')!;
    context.resetTransform();
    context.clearRect(0, 0, width, height);
    const frame = this.place();
    if (!frame) return;
    const { left, top, scale } = frame;
    context.setTransform(scale * dense, 0, 0, scale * dense, left * dense, top * dense);
    // A dark line below the coloured one, for any colour to be seen on any image.
    const outline = (path: Path2D, colour: string, wide: number) => {
      context.lineWidth = (wide + 2) / scale;
      context.strokeStyle = 'rgb(0 0 0 / 0.6)';
      context.stroke(path);
      context.lineWidth = wide / scale;
      context.strokeStyle = colour;
      context.stroke(path);
    };
    for (const feature of this.visible()) {
      const chosen = feature === this.selected;
      const path = this.pathOf(feature);
      const colour = this.colourOf(feature);
      context.save();
      if (chosen && this.moving && this.from && this.pointer)
        context.translate(this.pointer[0] - this.from[0], this.pointer[1] - this.from[1]);
      if (chosen) {
        context.globalAlpha = 0.18;
        context.fillStyle = colour;
        if (polygonsOf(feature.geometry).length) context.fill(path, 'evenodd');
        context.globalAlpha = 1;
      }
      outline(path, colour, chosen ? 4 : 2);
      context.restore();
    }
    const begun = new Path2D();
    if (this.tool === 'rectangle' && this.from && this.pointer)
      begun.rect(this.from[0], this.from[1], this.pointer[0] - this.from[0], this.pointer[1] - this.from[1]);
    const line = this.pointer ? [...this.corners, this.pointer] : this.corners;
    if (this.corners.length) line.forEach(([x, y], i) => (i ? begun.lineTo(x, y) : begun.moveTo(x, y)));
    outline(begun, '#ffffff', 2);
    const dot = 4 / scale;
    for (const [x, y] of this.corners) {
      context.fillStyle = '#ffffff';
      context.fillRect(x - dot, y - dot, 2 * dot, 2 * dot);
    }
  }
}
