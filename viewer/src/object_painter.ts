// Paints tiles of objects into pictures, away from the page's own thread: what is a million outlines there is a dozen
// pictures here.

import { decode, kCells, kTile, type ObjectTile } from './object_tile';

export interface ObjectLook {
  classes: { colour: string; visible: boolean }[];
  /** Opacity of surfaces; outlines are opaque. */
  fill: number;
  outline: boolean;
  selected: Uint32Array;
}

/** A square of kTile pixels of a level; levels below 0 are quarters, sixteenths ... of the tiles of level 0. */
export interface PictureName {
  level: number;
  column: number;
  row: number;
}

export type Order =
  | { kind: 'show'; address: string; headers: Record<string, string> } // {level}, {column}, {row} in the address
  | { kind: 'look'; look: ObjectLook; version: number }
  | { kind: 'paint'; key: string; name: PictureName; scale: number; line: number }
  | { kind: 'drop'; keys: string[] };

export type Answer =
  | { kind: 'painted'; key: string; version: number; scale: number; picture: ImageBitmap; small: number }
  | { kind: 'failed'; key: string; error: string };

const kKept = 300; // tiles

interface Kept {
  tile: Promise<ObjectTile>;
  asking: AbortController;
  here: boolean;
}

const scope = self as unknown as {
  postMessage(answer: Answer, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<Order>) => void) | null;
};

let address = '';
let headers: Record<string, string> = {};
let look: ObjectLook = { classes: [], fill: 0.3, outline: true, selected: new Uint32Array() };
let selected = new Set<number>();
let version = 0;
const tiles = new Map<string, Kept>(); // newest last
let wanted: Extract<Order, { kind: 'paint' }>[] = [];
let current = ''; // the tile whose picture is painted

function keyOf(name: PictureName): string {
  return `${name.level}/${name.column}/${name.row}`;
}

/** The tile in which a picture lies. */
function sourceOf(name: PictureName): PictureName {
  if (name.level >= 0) return name;
  const parts = 2 ** -name.level;
  return { level: 0, column: Math.floor(name.column / parts), row: Math.floor(name.row / parts) };
}

function tileOf(name: PictureName): Kept {
  const key = keyOf(name);
  let kept = tiles.get(key);
  if (kept) tiles.delete(key);
  else {
    const asking = new AbortController();
    const fetched = fetch(
      address.replace('{level}', String(name.level)).replace('{column}', String(name.column)).replace('{row}', String(name.row)),
      { headers, signal: asking.signal },
    ).then(async (response) => {
      if (!response.ok) throw new Error(((await response.json()) as { error: string }).error);
      return decode(await response.arrayBuffer());
    });
    const made: Kept = { tile: fetched, asking, here: false };
    fetched.then(
      () => (made.here = true),
      () => tiles.get(key) === made && tiles.delete(key),
    );
    kept = made;
  }
  tiles.set(key, kept);
  for (const old of tiles.keys()) {
    if (tiles.size <= kKept) break;
    tiles.delete(old);
  }
  return kept;
}

function paint(tile: ObjectTile, name: PictureName, scale: number, line: number): { picture: ImageBitmap; small: number } {
  const source = sourceOf(name);
  // Screen pixels per pixel of the tile, and where the picture begins in it.
  const zoom = name.level < 0 ? scale * 2 ** -name.level : scale;
  const size = name.level < 0 ? kTile * 2 ** name.level : kTile;
  const left = name.level < 0 ? name.column * size - source.column * kTile : 0;
  const top = name.level < 0 ? name.row * size - source.row * kTile : 0;
  // One pixel more: where the next one begins is rounded.
  const pixels = Math.ceil(size * zoom) + 1;
  const canvas = new OffscreenCanvas(pixels, pixels);
  const context = canvas.getContext('2d')!;
  const fills = look.classes.map((row) => `#${row.colour}${Math.round(255 * look.fill).toString(16).padStart(2, '0')}`);
  const lines = look.classes.map((row) => `#${row.colour}`);

  let small = 0;
  const cell = (kTile / kCells) * zoom;
  for (let i = 0; i < tile.cellAt.length; ++i) {
    const row = tile.cellClass[i]!;
    if (!look.classes[row]?.visible) continue;
    small += tile.cellCount[i]!;
    const x = ((tile.cellAt[i]! % kCells) * kTile) / kCells - left;
    const y = (Math.floor(tile.cellAt[i]! / kCells) * kTile) / kCells - top;
    context.globalAlpha = Math.min(0.9, Math.max(0.12, tile.cellCover[i]!));
    context.fillStyle = lines[row]!;
    const [x0, y0] = [Math.round(x * zoom), Math.round(y * zoom)];
    context.fillRect(x0, y0, Math.round(x * zoom + cell) - x0, Math.round(y * zoom + cell) - y0);
  }
  context.globalAlpha = 1;

  const { ringEnd, pointEnd, points, boxes } = tile;
  const trace = (i: number): void => {
    context.beginPath();
    for (let ring = i ? ringEnd[i - 1]! : 0; ring < ringEnd[i]!; ++ring) {
      let point = ring ? pointEnd[ring - 1]! : 0;
      context.moveTo((points[2 * point]! - left) * zoom, (points[2 * point + 1]! - top) * zoom);
      for (++point; point < pointEnd[ring]!; ++point)
        context.lineTo((points[2 * point]! - left) * zoom, (points[2 * point + 1]! - top) * zoom);
      context.closePath();
    }
  };
  context.lineWidth = line;
  context.lineJoin = 'round';
  const chosen: number[] = [];
  let last = -1;
  for (let i = 0; i < tile.numbers.length; ++i) {
    const row = tile.classes[i]!;
    if (!look.classes[row]?.visible) continue;
    if (boxes[4 * i]! > left + size + line || boxes[4 * i + 2]! < left - line) continue;
    if (boxes[4 * i + 1]! > top + size + line || boxes[4 * i + 3]! < top - line) continue;
    if (selected.has(tile.numbers[i]!)) chosen.push(i);
    if (row !== last) {
      context.fillStyle = fills[row]!;
      context.strokeStyle = lines[row]!;
      last = row;
    }
    trace(i);
    if (look.fill > 0) context.fill('evenodd');
    // A line around what is as thin as the line would only blur it.
    if (look.outline || look.fill === 0) context.stroke();
  }
  for (const i of chosen) {
    trace(i);
    context.fillStyle = '#ffffff66';
    context.fill('evenodd');
    context.lineWidth = 3.5 * line;
    context.strokeStyle = '#000000';
    context.stroke();
    context.lineWidth = 2 * line;
    context.strokeStyle = '#ffffff';
    context.stroke();
  }
  return { picture: canvas.transferToImageBitmap(), small };
}

async function next(): Promise<void> {
  if (current) return;
  while (wanted.length) {
    const order = wanted.shift()!;
    current = keyOf(sourceOf(order.name));
    try {
      const tile = await tileOf(sourceOf(order.name)).tile;
      // The next ones are on their way while this one is painted.
      for (const later of wanted.slice(0, 3)) tileOf(sourceOf(later.name)).tile.catch(() => {});
      const painted = paint(tile, order.name, order.scale, order.line);
      scope.postMessage({ kind: 'painted', key: order.key, version, scale: order.scale, ...painted }, [painted.picture]);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError'))
        scope.postMessage({ kind: 'failed', key: order.key, error: (error as Error).message }, []);
    }
  }
  current = '';
}

scope.onmessage = ({ data: order }) => {
  switch (order.kind) {
    case 'show':
      for (const kept of tiles.values()) if (!kept.here) kept.asking.abort();
      tiles.clear();
      wanted = [];
      ({ address, headers } = order);
      return;
    case 'look':
      ({ look, version } = order);
      selected = new Set(look.selected);
      return;
    case 'paint':
      wanted = wanted.filter((row) => row.key !== order.key);
      wanted.push(order);
      void next();
      return;
    case 'drop': {
      const keys = new Set(order.keys);
      wanted = wanted.filter((row) => !keys.has(row.key));
      const needed = new Set(wanted.map((row) => keyOf(sourceOf(row.name))).concat(current));
      for (const [key, kept] of tiles)
        if (!kept.here && !needed.has(key)) {
          kept.asking.abort();
          tiles.delete(key);
        }
    }
  }
};
