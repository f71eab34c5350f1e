// A tile of objects as the program sends it; app/view/object_tiles.h says what it holds.

export const kTile = 512; // pixels of a level
export const kCells = 64; // along an edge
const kSteps = 32; // of a pixel
const kMagic = 0x314f4754;

export interface ObjectTile {
  numbers: Uint32Array;
  classes: Uint16Array;
  ringEnd: Uint32Array; // of objects
  pointEnd: Uint32Array; // of rings
  points: Float32Array; // x, y in pixels of the level from the tile's corner
  boxes: Float32Array; // x0, y0, x1, y1 of objects
  cellAt: Uint32Array;
  cellCount: Uint32Array;
  cellCover: Float32Array;
  cellClass: Uint16Array;
}

export function decode(buffer: ArrayBuffer): ObjectTile {
  const [magic, objects, rings, points, cells] = new Uint32Array(buffer, 0, 8) as unknown as [number, number, number, number, number];
  if (magic !== kMagic) throw new Error('the program has sent something else than a tile of objects');
  let at = 32;
  const take = <T>(make: new (buffer: ArrayBuffer, at: number, length: number) => T, length: number, bytes: number): T => {
    const list = new make(buffer, at, length);
    at += length * bytes;
    return list;
  };
  const numbers = take(Uint32Array, objects, 4);
  const ringEnd = take(Uint32Array, objects, 4);
  const pointEnd = take(Uint32Array, rings, 4);
  const cellAt = take(Uint32Array, cells, 4);
  const cellCount = take(Uint32Array, cells, 4);
  const cellCover = take(Float32Array, cells, 4);
  const steps = take(Int16Array, 2 * points, 2);
  const classes = take(Uint16Array, objects, 2);
  const cellClass = take(Uint16Array, cells, 2);

  const places = new Float32Array(steps.length);
  for (let i = 0; i < steps.length; ++i) places[i] = steps[i]! / kSteps;
  const boxes = new Float32Array(4 * objects);
  let point = 0;
  for (let i = 0; i < objects; ++i) {
    let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const end = pointEnd[ringEnd[i]! - 1]!; point < end; ++point) {
      const [x, y] = [places[2 * point]!, places[2 * point + 1]!];
      if (x < x0) x0 = x;
      if (x > x1) x1 = x;
      if (y < y0) y0 = y;
      if (y > y1) y1 = y;
    }
    boxes.set([x0, y0, x1, y1], 4 * i);
  }
  return { numbers, classes, ringEnd, pointEnd, points: places, boxes, cellAt, cellCount, cellCover, cellClass };
}
