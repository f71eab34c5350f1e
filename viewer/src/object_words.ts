// What the parts of the objects' panel have in common.

export interface ObjectClass {
  name: string;
  colour: string;
  objects: number;
  visible: boolean;
}

export type Parameters = Record<string, string | number | undefined>;

/** A measured value, with as many digits as a person compares. */
export function format(value: number | null): string {
  if (value === null) return '';
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 1000 || (Math.abs(value) < 0.001 && value !== 0) ? String(+value.toPrecision(6)) : String(+value.toPrecision(4));
}

/** 1234567 as "1,234,567". */
export const grouped = (count: number): string => count.toLocaleString('en-GB');
