// The prediction over the image: what is visible is asked for, from the middle outwards, and what is not any more is
// given up.

import OpenSeadragon from 'openseadragon';
import { address, headers, isAbort } from './api';
import { colourise, type OverlayLook } from './colouring';
import { h } from './dom';
import type { Slide } from './slide';

export interface LiveInfo {
  id: string;
  output: string;
  dtype: string;
  height: number;
  width: number;
  channels: { name: string; colour: string }[];
  pixel_y: number;
  pixel_x: number;
  origin_y: number;
  origin_x: number;
  decisions: string[];
  tile: string;
  command: string;
  is_preview: boolean;
  generation: number;
  windows: number;
  windows_made: number;
}

interface Tile {
  values: Float32Array;
  width: number;
  height: number;
  canvas: HTMLCanvasElement;
  painted: number; // which look it has been painted in
  used: number;
}

interface Place {
  level: number;
  x: number;
  y: number;
  distance: number;
}

const kTile = 256;
const kAtOnce = 3;
const kKept = 500;
const kMostVisible = 300;
const kMostHalvings = 1; // a tile that needs many windows is long in coming

const keyOf = (place: Place) => `${place.level}/${place.x}/${place.y}`;

export class Overlay {
  readonly canvas = h('canvas', { class: 'overlay', 'aria-hidden': 'true' });
  private readonly tiles = new Map<string, Tile>();
  private readonly asked = new Map<string, AbortController>();
  private wanted: Place[] = [];
  private readonly plane: { z: number | undefined; t: number | undefined };
  private failed = new Set<string>();
  private trouble = '';
  private levels = 1;
  private painting = 1;
  private clock = 0;
  private frame = 0;
  opacity = 0.6;
  range = { min: Infinity, max: -Infinity };

  constructor(
    private readonly slide: Slide,
    private readonly info: LiveInfo,
    private look: OverlayLook,
    private readonly on: { tile: () => void; say: (text: string) => void },
  ) {
    this.plane = { z: slide.z || undefined, t: slide.t || undefined };
    this.levels = 1 + Math.ceil(Math.log2(Math.max(info.height, info.width)));
    slide.element.insertBefore(this.canvas, slide.element.children[1] ?? null);
    slide.osd.addHandler('update-viewport', this.changed);
    slide.osd.addHandler('resize', this.changed);
    this.changed();
  }

  close(): void {
    this.slide.osd.removeHandler('update-viewport', this.changed);
    this.slide.osd.removeHandler('resize', this.changed);
    cancelAnimationFrame(this.frame);
    for (const asking of this.asked.values()) asking.abort();
    this.canvas.remove();
  }

  /** Other colours, at once and without asking anew. */
  paint(look: OverlayLook): void {
    this.look = look;
    ++this.painting;
    this.changed();
  }

  /** Everything anew: what was there has become wrong. */
  forget(): void {
    for (const asking of this.asked.values()) asking.abort();
    this.asked.clear();
    this.tiles.clear();
    this.failed.clear();
    this.trouble = '';
    this.changed();
  }

  /** The values at a pixel of the image, if they are there in full resolution. */
  at(x: number, y: number): number[] | null {
    const column = Math.floor((x + 0.5 - this.info.origin_x) / this.info.pixel_x);
    const row = Math.floor((y + 0.5 - this.info.origin_y) / this.info.pixel_y);
    const tile = this.tiles.get(`${this.levels - 1}/${Math.floor(column / kTile)}/${Math.floor(row / kTile)}`);
    if (!tile) return null;
    const i = (row % kTile) * tile.width + (column % kTile);
    return this.info.channels.map((_, c) => tile.values[c * tile.width * tile.height + i]!);
  }

  pending(): number {
    return this.frame ? Math.max(1, this.asked.size) : this.asked.size + this.wanted.length;
  }

  private readonly changed = (): void => {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
      this.on.tile();
    });
  };

  private draw(): void {
    const item = this.slide.osd.world.getItemAt(0);
    const bounds = this.slide.osd.element.getBoundingClientRect();
    const dense = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(bounds.width * dense), Math.round(bounds.height * dense)];
    if (this.canvas.width !== width || this.canvas.height !== height) [this.canvas.width, this.canvas.height] = [width, height];
    const context = this.canvas.getContext('2d')!;
    context.clearRect(0, 0, width, height);
    if (!item) return;
    // Places on the screen as a straight line of those of the prediction.
    const { info } = this;
    const place = (x: number, y: number) => item.imageToViewerElementCoordinates(new OpenSeadragon.Point(x, y));
    const from = place(info.origin_x, info.origin_y);
    const to = place(info.origin_x + info.width * info.pixel_x, info.origin_y + info.height * info.pixel_y);
    const [scaleX, scaleY] = [(to.x - from.x) / info.width, (to.y - from.y) / info.height];
    const halvings = Math.min(kMostHalvings, Math.max(0, Math.floor(Math.log2(1 / scaleX))));
    const level = Math.max(0, this.levels - 1 - halvings);
    const step = 2 ** (this.levels - 1 - level) * kTile;
    const first = (low: number, scale: number) => Math.max(0, Math.floor(-low / scale / step));
    const last = (low: number, scale: number, screen: number, size: number) =>
      Math.min(Math.ceil(size / step), Math.ceil((screen - low) / scale / step));
    const visible: Place[] = [];
    const middle = [(bounds.width / 2 - from.x) / scaleX / step - 0.5, (bounds.height / 2 - from.y) / scaleY / step - 0.5];
    const [endX, endY] = [last(from.x, scaleX, bounds.width, info.width), last(from.y, scaleY, bounds.height, info.height)];
    for (let y = first(from.y, scaleY); y < endY; ++y)
      for (let x = first(from.x, scaleX); x < endX; ++x)
        visible.push({ level, x, y, distance: Math.hypot(x - middle[0]!, y - middle[1]!) });
    const tooMany = visible.length > kMostVisible;
    this.on.say(tooMany ? 'Look closer: more is visible than is predicted at once.' : this.trouble);

    context.globalAlpha = this.opacity;
    context.imageSmoothingEnabled = scaleX * dense < 2;
    const paint = (key: string, tileLevel: number) => {
      const tile = this.tiles.get(key);
      if (!tile) return false;
      const [, x, y] = key.split('/').map(Number) as [number, number, number];
      const pixels = 2 ** (this.levels - 1 - tileLevel);
      this.painted(tile);
      // Edges on whole pixels, so that neighbours neither overlap nor leave a gap.
      const left = Math.round((from.x + x * kTile * pixels * scaleX) * dense);
      const top = Math.round((from.y + y * kTile * pixels * scaleY) * dense);
      const right = Math.round((from.x + (x * kTile + tile.width) * pixels * scaleX) * dense);
      const bottom = Math.round((from.y + (y * kTile + tile.height) * pixels * scaleY) * dense);
      context.clearRect(left, top, right - left, bottom - top);
      context.drawImage(tile.canvas, left, top, right - left, bottom - top);
      return true;
    };
    // Coarser or finer tiles that are there stand in for those that are not.
    for (const key of this.tiles.keys()) {
      const tileLevel = Number(key.split('/')[0]);
      if (tileLevel !== level) paint(key, tileLevel);
    }
    const missing = visible.filter((at) => !paint(keyOf(at), level));
    this.want(tooMany ? [] : missing);
  }

  private painted(tile: Tile): void {
    tile.used = ++this.clock;
    if (tile.painted === this.painting) return;
    tile.painted = this.painting;
    const context = tile.canvas.getContext('2d')!;
    const picture = context.createImageData(tile.width, tile.height);
    colourise(tile.values, tile.width * tile.height, this.look, picture.data);
    context.putImageData(picture, 0, 0);
  }

  private want(places: Place[]): void {
    const keys = new Set(places.map(keyOf));
    for (const [key, asking] of this.asked)
      if (!keys.has(key)) {
        asking.abort();
        this.asked.delete(key);
      }
    this.wanted = places
      .filter((at) => !this.asked.has(keyOf(at)) && !this.failed.has(keyOf(at)))
      .sort((a, b) => a.distance - b.distance);
    this.next();
  }

  private next(): void {
    while (this.asked.size < kAtOnce && this.wanted.length) void this.fetch(this.wanted.shift()!);
  }

  private async fetch(at: Place): Promise<void> {
    const key = keyOf(at);
    const asking = new AbortController();
    this.asked.set(key, asking);
    try {
      const response = await fetch(address(`predictions/${this.info.id}/tiles/${at.level}/${at.x}/${at.y}`, this.plane), {
        headers,
        signal: asking.signal,
      });
      if (!response.ok) throw new Error(((await response.json()) as { error: string }).error);
      const values = new Float32Array(await response.arrayBuffer());
      const size = (whole: number, i: number) =>
        Math.min(kTile, Math.ceil(whole / 2 ** (this.levels - 1 - at.level)) - i * kTile);
      const [width, height] = [size(this.info.width, at.x), size(this.info.height, at.y)];
      this.tiles.set(key, { values, width, height, canvas: h('canvas', { width, height }), painted: 0, used: ++this.clock });
      for (const value of values) {
        if (value < this.range.min) this.range.min = value;
        if (value > this.range.max) this.range.max = value;
      }
      this.drop();
    } catch (error) {
      if (!isAbort(error)) {
        this.failed.add(key);
        this.trouble = `A part could not be predicted: ${(error as Error).message}`;
      }
    } finally {
      if (this.asked.get(key) === asking) this.asked.delete(key);
      this.next();
      this.changed();
    }
  }

  private drop(): void {
    if (this.tiles.size <= kKept) return;
    const oldest = [...this.tiles].sort((a, b) => a[1].used - b[1].used).slice(0, this.tiles.size - kKept);
    for (const [key] of oldest) this.tiles.delete(key);
  }
}
