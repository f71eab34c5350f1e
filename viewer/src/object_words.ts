// What the parts of the objects' panel have in common.

import { ask, sent } from './api';

export interface ObjectClass {
  name: string;
  colour: string;
  objects: number;
  visible: boolean;
}

export type Parameters = Record<string, string | number | undefined>;

/** Which objects a question is about: those that pass, and of them only these if there is a list. */
export interface Subject {
  parameters: Parameters;
  only?: number[];
}

/** Asks about objects. */
export function askOf<T>(path: string, subject: Subject, parameters: Parameters, signal: AbortSignal): Promise<T> {
  const init = subject.only ? sent({ objects: subject.only }) : {};
  return ask<T>(path, { ...subject.parameters, ...parameters }, { ...init, signal });
}

/** A measured value, with as many digits as a person compares. */
export function format(value: number | null): string {
  if (value === null) return '';
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 1000 || (Math.abs(value) < 0.001 && value !== 0) ? String(+value.toPrecision(6)) : String(+value.toPrecision(4));
}

/** 1234567 as "1,234,567". */
export const grouped = (count: number): string => count.toLocaleString('en-GB');
