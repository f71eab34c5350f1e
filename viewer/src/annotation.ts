// What an annotation is to the page: a GeoJSON feature as the program gives and takes it. Only what is changed here is
// touched, so that what other programs have noted of it stays. Coordinates are pixels of the whole image, corners of
// pixels, y downwards.

export type Position = [number, number];
export interface Plane {
  c?: number;
  z?: number;
  t?: number;
}
export interface Geometry {
  type: string;
  coordinates?: unknown;
  geometries?: Geometry[];
  plane?: Plane;
}
export interface Feature {
  type: 'Feature';
  id?: string;
  geometry: Geometry | null;
  nucleusGeometry?: Geometry;
  properties: {
    objectType?: string;
    name?: string;
    classification?: { name: string; color: [number, number, number] };
    isLocked?: boolean;
    measurements?: unknown;
    childObjects?: Feature[];
    children?: Feature[];
    [other: string]: unknown;
  };
}
export interface FeatureCollection {
  type: 'FeatureCollection';
  features: Feature[];
}

/** x, y, width and height. */
export type Rectangle = [number, number, number, number];

const hundredths = (value: number): number => Math.round(value * 100) / 100;

/** Rings of all polygons; each polygon's first is its outer one. */
export function polygonsOf(geometry: Geometry | null | undefined): Position[][][] {
  if (!geometry) return [];
  if (geometry.type === 'Polygon') return [geometry.coordinates as Position[][]];
  if (geometry.type === 'MultiPolygon') return geometry.coordinates as Position[][][];
  return (geometry.geometries ?? []).flatMap((part) => polygonsOf(part));
}

/** Lines and points, each as a line; a point has one position. */
export function linesOf(geometry: Geometry | null | undefined): Position[][] {
  if (!geometry) return [];
  switch (geometry.type) {
    case 'Point':
      return [[geometry.coordinates as Position]];
    case 'MultiPoint':
      return (geometry.coordinates as Position[]).map((point) => [point]);
    case 'LineString':
      return [geometry.coordinates as Position[]];
    case 'MultiLineString':
      return geometry.coordinates as Position[][];
  }
  return (geometry.geometries ?? []).flatMap((part) => linesOf(part));
}

export const childrenOf = (feature: Feature): Feature[] =>
  feature.properties.childObjects ?? feature.properties.children ?? [];

/** Itself and all that it holds. */
export const allOf = (feature: Feature): Feature[] => [feature, ...childrenOf(feature).flatMap(allOf)];

export function boundsOf(feature: Feature): Rectangle | null {
  const positions = [...polygonsOf(feature.geometry).flat(), ...linesOf(feature.geometry)].flat();
  if (!positions.length) return null;
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of positions) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x);
    bottom = Math.max(bottom, y);
  }
  return [left, top, right - left, bottom - top];
}

/** Its rectangle if it is one that stands straight. */
export function rectangleOf(feature: Feature): Rectangle | null {
  const polygons = polygonsOf(feature.geometry);
  const ring = polygons[0]?.[0];
  if (polygons.length !== 1 || polygons[0]!.length !== 1 || ring?.length !== 5 || feature.geometry?.type !== 'Polygon') return null;
  const bounds = boundsOf(feature)!;
  const [left, top, width, height] = bounds;
  const corners = new Set(ring.map(([x, y]) => `${x === left ? 0 : x === left + width ? 1 : 2},${y === top ? 0 : y === top + height ? 1 : 2}`));
  const straight = ring.every(([x, y], i) => i === 0 || x === ring[i - 1]![0] || y === ring[i - 1]![1]);
  return corners.size === 4 && straight && ![...corners].some((corner) => corner.includes('2')) ? bounds : null;
}

export const ringOf = ([x, y, width, height]: Rectangle): Position[] => [
  [x, y],
  [x + width, y],
  [x + width, y + height],
  [x, y + height],
  [x, y],
];

export const isLocked = (feature: Feature): boolean => feature.properties.isLocked === true;

export function planeOf(feature: Feature): { z: number; t: number } {
  return { z: feature.geometry?.plane?.z ?? 0, t: feature.geometry?.plane?.t ?? 0 };
}

function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** One that was drawn: a closed ring, in a plane. */
export function drawn(ring: Position[], z: number, t: number): Feature {
  return {
    type: 'Feature',
    id: uuid(),
    geometry: { type: 'Polygon', coordinates: [ring], ...(z || t ? { plane: { c: -1, z, t } } : {}) },
    properties: { objectType: 'annotation' },
  };
}

const moved = (coordinates: unknown, dx: number, dy: number): unknown => {
  if (!Array.isArray(coordinates)) return coordinates;
  if (typeof coordinates[0] === 'number')
    return [hundredths(coordinates[0] + dx), hundredths((coordinates[1] as number) + dy), ...coordinates.slice(2)];
  return coordinates.map((part) => moved(part, dx, dy));
};

function moveGeometry(geometry: Geometry | null | undefined, dx: number, dy: number): void {
  if (!geometry) return;
  if (geometry.coordinates) geometry.coordinates = moved(geometry.coordinates, dx, dy);
  for (const part of geometry.geometries ?? []) moveGeometry(part, dx, dy);
}

/** Moves it with all that it holds. */
export function move(feature: Feature, dx: number, dy: number): void {
  for (const each of allOf(feature)) {
    moveGeometry(each.geometry, dx, dy);
    moveGeometry(each.nucleusGeometry, dx, dy);
  }
}

/** Whether two of a closed ring's edges meet elsewhere than where they follow each other: programs refuse that. */
export function crossesItself(ring: Position[]): boolean {
  const side = (a: Position, b: Position, c: Position) =>
    Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
  const within = (a: Position, b: Position, c: Position) =>
    Math.min(a[0], b[0]) <= c[0] && c[0] <= Math.max(a[0], b[0]) && Math.min(a[1], b[1]) <= c[1] && c[1] <= Math.max(a[1], b[1]);
  const edges = ring.length - 1;
  for (let i = 0; i < edges; ++i)
    for (let j = i + 1; j < edges; ++j) {
      const [a, b, c, d] = [ring[i]!, ring[i + 1]!, ring[j]!, ring[j + 1]!];
      const follows = j === i + 1;
      if (follows || (i === 0 && j === edges - 1)) {
        // They share a corner; that is all they may share.
        const [corner, one, other] = follows ? [b, a, d] : [a, b, c];
        const back = side(corner, one, other) === 0 && (within(corner, one, other) || within(corner, other, one));
        if (back) return true;
        continue;
      }
      const [abc, abd, cda, cdb] = [side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)];
      if (abc !== abd && cda !== cdb) return true;
      if ((abc === 0 && within(a, b, c)) || (abd === 0 && within(a, b, d))) return true;
      if ((cda === 0 && within(c, d, a)) || (cdb === 0 && within(c, d, b))) return true;
    }
  return false;
}

/** What it encloses, in square pixels; for choosing the smaller of two. */
export function areaOf(feature: Feature): number {
  const ring = (positions: Position[]) =>
    Math.abs(
      positions.reduce((sum, [x, y], i) => {
        const [nextX, nextY] = positions[(i + 1) % positions.length]!;
        return sum + x * nextY - nextX * y;
      }, 0) / 2,
    );
  return polygonsOf(feature.geometry).reduce(
    (sum, [outer, ...holes]) => sum + ring(outer!) - holes.reduce((all, hole) => all + ring(hole), 0),
    0,
  );
}
