// What the program says of runs, and how that is told to people.

import { grouped } from './object_words';

export interface RunProgress {
  stage: string;
  done: number;
  total: number;
  unit: string;
  per_second: number;
  seconds_left: number;
}

export type RunState = 'queued' | 'running' | 'paused' | 'cancelled' | 'failed' | 'done';

export interface Run {
  name: string;
  /** As a listing names its folder. */
  run: string;
  kind: 'predict' | 'objects' | '';
  of: string[];
  options: Record<string, string>;
  has_region: boolean;
  state: RunState;
  sentence: string;
  progress: RunProgress | null;
  objects: number;
  notes: string[];
  command: string;
}

export interface RunList {
  /** None if the viewer has no folder for results, for this reason. */
  out: string | null;
  reason?: string;
  runs: Run[];
}

export const isBusy = (run: Run): boolean => run.state === 'running' || run.state === 'queued';
export const hasObjects = (run: Run): boolean =>
  run.state === 'done' && (run.kind === 'objects' || !!run.options.objects || run.objects > 0);
/** Whether there is a prediction of which other objects can be made. */
export const hasPrediction = (run: Run): boolean => run.state === 'done' && run.kind !== 'objects';

/** "1 min 20 s". */
export function duration(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** "predicting: 12 of 120 tiles, 3.4 tiles/s, 32 s left". */
export function progressText(at: RunProgress): string {
  const rate = at.per_second > 0 ? `, ${+at.per_second.toPrecision(2)} ${at.unit}/s` : '';
  const left = at.seconds_left > 0 ? `, ${duration(at.seconds_left)} left` : '';
  return `${at.stage}: ${grouped(at.done)} of ${grouped(at.total)} ${at.unit}${rate}${left}`;
}

/** What the state of a run is, and what it has made. */
export function stateText(run: Run): string {
  if (run.state === 'running') return run.progress ? progressText(run.progress) : 'starting';
  if (run.state !== 'done') return run.state;
  return hasObjects(run) ? `done: ${grouped(run.objects)} ${run.objects === 1 ? 'object' : 'objects'}` : 'done';
}
