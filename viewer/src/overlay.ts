// The prediction over the image: what is visible is asked for, from the middle outwards, and what is not any more is
// given up. Where that takes many windows, a coarse preview is there before it, and says so.

import OpenSeadragon from 'openseadragon';
import { colourise, type OverlayLook } from './colouring';
import { h } from './dom';
import { kTile, LiveTiles, type Kind, type Place, type Tile } from './live_tiles';
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
  has_previews: boolean;
  previews_made: number;
}

const kMostVisible = 300;
const kMostHalvings = 1; // a tile that needs many windows is long in coming
const kMostPreviewHalvings = 12; // as the program has it
const kSoonThere = 6; // so few tiles need no preview

export const kCoarse = 'Coarse: not what the model gives at its own scale.';

// Whether two places show some of the same.
function overlap(a: Place, b: Place): boolean {
  const [fine, coarse] = a.level > b.level ? [a, b] : [b, a];
  const times = 2 ** (fine.level - coarse.level);
  return Math.floor(fine.x / times) === coarse.x && Math.floor(fine.y / times) === coarse.y;
}

// The prediction on the screen: places are a straight line of its pixels.
interface View {
  fromX: number;
  fromY: number;
  scaleX: number;
  scaleY: number;
  width: number;
  height: number;
  dense: number;
}

export class Overlay {
  readonly canvas = h('canvas', { class: 'overlay', 'aria-hidden': 'true' });
  private readonly badge = h('p', { class: 'coarse', role: 'status', hidden: true }, kCoarse);
  private readonly tiles: LiveTiles;
  private painting = 1;
  private frame = 0;
  opacity = 0.6;
  /** Whether anything that is visible is a coarse preview. */
  isCoarse = false;

  constructor(
    private readonly slide: Slide,
    private readonly info: LiveInfo,
    private look: OverlayLook,
    private readonly on: { tile: () => void; say: (text: string) => void },
  ) {
    this.tiles = new LiveTiles(info, { z: slide.z || undefined, t: slide.t || undefined }, () => this.changed());
    slide.element.insertBefore(this.canvas, slide.element.children[1] ?? null);
    slide.element.append(this.badge);
    slide.osd.addHandler('update-viewport', this.changed);
    slide.osd.addHandler('resize', this.changed);
    this.changed();
  }

  close(): void {
    this.slide.osd.removeHandler('update-viewport', this.changed);
    this.slide.osd.removeHandler('resize', this.changed);
    cancelAnimationFrame(this.frame);
    this.tiles.end();
    this.canvas.remove();
    this.badge.remove();
  }

  get range(): { min: number; max: number } {
    return this.tiles.range;
  }

  /** Other colours, at once and without asking anew. */
  paint(look: OverlayLook): void {
    this.look = look;
    ++this.painting;
    this.changed();
  }

  /** Everything anew: what was there has become wrong. */
  forget(): void {
    this.tiles.forget();
    this.changed();
  }

  /** The values at a pixel of the image, if they are there in full resolution. */
  at(x: number, y: number): number[] | null {
    const column = Math.floor((x + 0.5 - this.info.origin_x) / this.info.pixel_x);
    const row = Math.floor((y + 0.5 - this.info.origin_y) / this.info.pixel_y);
    const place: Place = { kind: 'tiles', level: this.tiles.levels - 1, x: Math.floor(column / kTile), y: Math.floor(row / kTile) };
    const tile = this.tiles.find(place);
    if (!tile) return null;
    const i = (row % kTile) * tile.width + (column % kTile);
    return this.info.channels.map((_, c) => tile.values[c * tile.width * tile.height + i]!);
  }

  pending(): number {
    return this.frame ? Math.max(1, this.tiles.left()) : this.tiles.left();
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
    const view = this.viewed();
    if (!view) return;
    const { tiles } = this;
    const halvings = Math.max(0, Math.floor(Math.log2(1 / view.scaleX)));
    const level = Math.max(0, tiles.levels - 1 - Math.min(kMostHalvings, halvings));
    const visible = this.visible(view, 'tiles', level, kMostVisible);
    const missing = visible?.filter((at) => !this.isThere(at)) ?? null;
    const previews = this.previews(view, halvings, missing);

    const context = this.canvas.getContext('2d')!;
    context.globalAlpha = this.opacity;
    context.imageSmoothingEnabled = view.scaleX * view.dense < 2;
    let coarse = false;
    for (const tile of tiles.all('previews'))
      if (!missing || missing.some((at) => overlap(at, tile))) coarse = this.put(context, view, tile) || coarse;
    // Coarser or finer tiles that are there stand in for those that are not.
    for (const tile of tiles.all('tiles')) if (tile.level !== level) this.put(context, view, tile);
    for (const tile of tiles.all('tiles')) if (tile.level === level) this.put(context, view, tile);

    this.isCoarse = coarse;
    this.badge.hidden = !coarse;
    const closer = this.info.has_previews ? 'Look closer for what it gives.' : 'Look closer: more is visible than is predicted at once.';
    this.on.say(visible ? tiles.trouble : closer);
    tiles.want([...previews, ...(visible ?? []).filter((at) => !tiles.has(at))]);
  }

  // The preview at about the scale of the screen, where what is missing will be long in coming.
  private previews(view: View, halvings: number, missing: Place[] | null): Place[] {
    if (!this.info.has_previews || (missing && missing.length <= kSoonThere)) return [];
    const { levels } = this.tiles;
    // One window of it is to stand in for several even where the screen shows every pixel.
    const coarser = Math.min(Math.max(halvings, Math.min(halvings + 1, 2)), kMostPreviewHalvings, levels - 1);
    if (coarser < 1) return [];
    const places = this.visible(view, 'previews', levels - 1 - coarser, kMostVisible) ?? [];
    return places.filter((at) => !this.tiles.has(at) && (!missing || missing.some((of) => overlap(of, at))));
  }

  // Whether what the model gives is there, at this scale or the one before or after it.
  private isThere(at: Place): boolean {
    const { tiles } = this;
    if (tiles.has(at) || tiles.has({ ...at, level: at.level - 1, x: at.x >> 1, y: at.y >> 1 })) return true;
    const [height, width] = [this.info.height, this.info.width].map((size) => Math.ceil(size / 2 ** (tiles.levels - 2 - at.level) / kTile));
    for (const [dx, dy] of [[0, 0], [1, 0], [0, 1], [1, 1]] as const) {
      const [x, y] = [2 * at.x + dx, 2 * at.y + dy];
      if (x < width! && y < height! && !tiles.has({ ...at, level: at.level + 1, x, y })) return false;
    }
    return at.level + 1 < tiles.levels;
  }

  private viewed(): View | null {
    const item = this.slide.osd.world.getItemAt(0);
    const bounds = this.slide.osd.element.getBoundingClientRect();
    const dense = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(bounds.width * dense), Math.round(bounds.height * dense)];
    if (this.canvas.width !== width || this.canvas.height !== height) [this.canvas.width, this.canvas.height] = [width, height];
    this.canvas.getContext('2d')!.clearRect(0, 0, width, height);
    if (!item) return null;
    const { info } = this;
    const place = (x: number, y: number) => item.imageToViewerElementCoordinates(new OpenSeadragon.Point(x, y));
    const from = place(info.origin_x, info.origin_y);
    const to = place(info.origin_x + info.width * info.pixel_x, info.origin_y + info.height * info.pixel_y);
    return {
      fromX: from.x,
      fromY: from.y,
      scaleX: (to.x - from.x) / info.width,
      scaleY: (to.y - from.y) / info.height,
      width: bounds.width,
      height: bounds.height,
      dense,
    };
  }

  // The places of a level that are on the screen, those in its middle first; null if there are more than `most`.
  private visible(view: View, kind: Kind, level: number, most: number): Place[] | null {
    const step = 2 ** (this.tiles.levels - 1 - level) * kTile;
    const span = (from: number, scale: number, screen: number, size: number): [number, number] => [
      Math.max(0, Math.floor(-from / scale / step)),
      Math.min(Math.ceil(size / step), Math.ceil((screen - from) / scale / step)),
    ];
    const [beginX, endX] = span(view.fromX, view.scaleX, view.width, this.info.width);
    const [beginY, endY] = span(view.fromY, view.scaleY, view.height, this.info.height);
    if (Math.max(0, endX - beginX) * Math.max(0, endY - beginY) > most) return null;
    const middleX = (view.width / 2 - view.fromX) / view.scaleX / step - 0.5;
    const middleY = (view.height / 2 - view.fromY) / view.scaleY / step - 0.5;
    const places: Place[] = [];
    for (let y = beginY; y < endY; ++y) for (let x = beginX; x < endX; ++x) places.push({ kind, level, x, y });
    const distance = (at: Place) => Math.hypot(at.x - middleX, at.y - middleY);
    return places.sort((a, b) => distance(a) - distance(b));
  }

  // Whether it is on the screen, where it then is painted.
  private put(context: CanvasRenderingContext2D, view: View, tile: Tile): boolean {
    const pixels = 2 ** (this.tiles.levels - 1 - tile.level);
    // Edges on whole pixels, so that neighbours neither overlap nor leave a gap.
    const onX = (x: number) => Math.round((view.fromX + x * pixels * view.scaleX) * view.dense);
    const onY = (y: number) => Math.round((view.fromY + y * pixels * view.scaleY) * view.dense);
    const [left, right] = [onX(tile.x * kTile), onX(tile.x * kTile + tile.width)];
    const [top, bottom] = [onY(tile.y * kTile), onY(tile.y * kTile + tile.height)];
    if (right <= 0 || bottom <= 0 || left >= this.canvas.width || top >= this.canvas.height) return false;
    this.tiles.find(tile);
    this.colour(tile);
    context.clearRect(left, top, right - left, bottom - top);
    context.drawImage(tile.canvas, left, top, right - left, bottom - top);
    return true;
  }

  private colour(tile: Tile): void {
    if (tile.painted === this.painting) return;
    tile.painted = this.painting;
    const context = tile.canvas.getContext('2d')!;
    const picture = context.createImageData(tile.width, tile.height);
    colourise(tile.values, tile.width * tile.height, this.look, picture.data);
    context.putImageData(picture, 0, 0);
  }
}
