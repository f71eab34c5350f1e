// The tiles of a prediction that were fetched, and those that are asked for: some at a time, and those that nobody
// looks at any more are given up.

import { address, headers, isAbort } from './api';
import { h } from './dom';
import type { LiveInfo } from './overlay';

/** What the model gives, or what it gives for the image at a coarser scale. */
export type Kind = 'tiles' | 'previews';

export interface Place {
  kind: Kind;
  level: number;
  x: number;
  y: number;
}

export interface Tile extends Place {
  values: Float32Array;
  width: number;
  height: number;
  canvas: HTMLCanvasElement;
  painted: number; // which look it has been painted in
  used: number;
}

export const kTile = 256;
const kAtOnce = 3;
const kKept = 500;

const keyOf = (at: Place) => `${at.kind}/${at.level}/${at.x}/${at.y}`;

export class LiveTiles {
  private readonly there = new Map<string, Tile>();
  private readonly asked = new Map<string, AbortController>();
  private wanted: Place[] = [];
  private failed = new Set<string>();
  private clock = 0;
  readonly levels: number;
  range = { min: Infinity, max: -Infinity };
  /** What could not be had, as a sentence. */
  trouble = '';

  constructor(
    private readonly info: LiveInfo,
    private readonly plane: { z: number | undefined; t: number | undefined },
    private readonly changed: () => void,
  ) {
    this.levels = 1 + Math.ceil(Math.log2(Math.max(info.height, info.width)));
  }

  find(at: Place): Tile | undefined {
    const tile = this.there.get(keyOf(at));
    if (tile) tile.used = ++this.clock;
    return tile;
  }

  has(at: Place): boolean {
    return this.there.has(keyOf(at));
  }

  /** All that are there, the coarsest first. */
  all(kind: Kind): Tile[] {
    return [...this.there.values()].filter((tile) => tile.kind === kind).sort((a, b) => a.level - b.level);
  }

  /** These and no others are wanted, the first first. */
  want(places: Place[]): void {
    const keys = new Set(places.map(keyOf));
    for (const [key, asking] of this.asked)
      if (!keys.has(key)) {
        asking.abort();
        this.asked.delete(key);
      }
    this.wanted = places.filter((at) => !this.asked.has(keyOf(at)) && !this.failed.has(keyOf(at)));
    this.next();
  }

  /** How many are asked for and wanted. */
  left(): number {
    return this.asked.size + this.wanted.length;
  }

  /** Gives up what is asked for. */
  end(): void {
    for (const asking of this.asked.values()) asking.abort();
    this.asked.clear();
    this.wanted = [];
  }

  /** Everything anew: what was there has become wrong. */
  forget(): void {
    this.end();
    this.there.clear();
    this.failed.clear();
    this.trouble = '';
  }

  private next(): void {
    while (this.asked.size < kAtOnce && this.wanted.length) void this.fetch(this.wanted.shift()!);
  }

  private async fetch(at: Place): Promise<void> {
    const key = keyOf(at);
    const asking = new AbortController();
    this.asked.set(key, asking);
    try {
      const response = await fetch(address(`predictions/${this.info.id}/${at.kind}/${at.level}/${at.x}/${at.y}`, this.plane), {
        headers,
        signal: asking.signal,
      });
      if (!response.ok) throw new Error(((await response.json()) as { error: string }).error);
      const values = new Float32Array(await response.arrayBuffer());
      const size = (whole: number, i: number) =>
        Math.min(kTile, Math.ceil(whole / 2 ** (this.levels - 1 - at.level)) - i * kTile);
      const [width, height] = [size(this.info.width, at.x), size(this.info.height, at.y)];
      const canvas = h('canvas', { width, height });
      this.there.set(key, { ...at, values, width, height, canvas, painted: 0, used: ++this.clock });
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
    if (this.there.size <= kKept) return;
    const oldest = [...this.there].sort((a, b) => a[1].used - b[1].used).slice(0, this.there.size - kKept);
    for (const [key] of oldest) this.there.delete(key);
  }
}
