// What the program answers. Addresses are relative, so that the page works behind a proxy.

export interface Start {
  version: string;
  roots: string[];
  image: string;
  /** Of that image; null if it cannot be opened, which asking for it tells. */
  info: ImageInfo | null;
  model: string;
  offline: boolean;
}

export interface Entry {
  name: string;
  path: string;
  kind: 'folder' | 'run' | 'image' | 'model' | 'objects' | 'other';
  bytes: number;
}

export interface Listing {
  folder: string;
  entries: Entry[];
  left_out: number;
}

export interface ImageInfo {
  name: string;
  format: string;
  dtype: string;
  channels: string[];
  is_rgb: boolean;
  levels: { height: number; width: number; downsample_y: number; downsample_x: number }[];
  size_z: number;
  size_t: number;
  notes: string[];
  pixel_size_um: { y: number; x: number } | null;
}

export interface ChannelRange {
  name: string;
  colour: string;
  min: number;
  max: number;
  low: number;
  high: number;
  counts: number[];
}

export interface Hit {
  id: string;
  version: string;
  name: string;
  description: string;
  license: string;
  tags: string[];
  axes: string[];
  weights: string[];
  deprecated: boolean;
  fit: string[];
}

export interface Found {
  models: number;
  found: number;
  age_seconds: number;
  hits: Hit[];
}

export interface TensorCard {
  id: string;
  description: string;
  dtype: string;
  axes: { id: string; size: string; channel_names: string[]; unit: string; scale: number }[];
  data: string;
  ops_in_words: string[];
}

/** What may be chosen of an output for a classifier, or why nothing. */
export interface Choice {
  output: string;
  classes: { name: string; colour: string }[];
  types: string[];
  reason: string;
}

export interface KeptClassifier {
  name: string;
  error: string;
  model: string;
  output: string;
  output_type: string;
  classes: string[];
}

/** As it is kept; 0, -1 and nothing are left to model and image. */
export interface ClassifierFile {
  name: string;
  channels: string[];
  pixel_size_um: number;
  downsample: number;
  level: number;
  axes: { axis: string; tile: number }[];
  output: string;
  output_type: string;
  threshold: number;
  classes: { channel: string; name: string; red: number; green: number; blue: number }[];
}

export interface ShownClassifier {
  model: string;
  classifier: ClassifierFile;
}

export interface ModelCard {
  package: string;
  name: string;
  description: string;
  id: string;
  version: string;
  license: string;
  authors: { name: string; affiliation: string }[];
  cite: { text: string; doi: string; url: string }[];
  tags: string[];
  covers: string[];
  inputs: TensorCard[];
  outputs: TensorCard[];
  weights: { format: string; file: string; engine: string; reason: string }[];
  tile_sizes: { axis: string; min: number; step: number; halo: number }[];
  choices: Choice[];
  runs: boolean;
  applies: boolean;
  reason: string;
}

export const token = new URLSearchParams(location.search).get('token') ?? '';
export const headers = { Authorization: `Bearer ${token}` };

export function address(path: string, parameters: Record<string, string | number | undefined> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, String(value));
  const text = query.toString();
  return `api/${path}${text ? `?${text}` : ''}`;
}

type Parameters = Record<string, string | number | undefined>;

async function answerOf(path: string, parameters: Parameters, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address(path, parameters), { ...init, headers: { ...headers, ...init.headers } });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Error('the program does not answer; has `tegula view` been ended?');
  }
  if (response.ok) return response;
  const failure = (await response.json().catch(() => ({}))) as { error?: string };
  throw new Error(failure.error ?? `the program answered with status ${response.status}`);
}

/** Asks the program. Errors are its sentences. */
export async function ask<T>(path: string, parameters: Parameters = {}, init: RequestInit = {}): Promise<T> {
  return (await answerOf(path, parameters, init)).json() as Promise<T>;
}

/** As what a POST sends. */
export const sent = (body: object): RequestInit => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { 'Content-Type': 'application/json' },
});

/** Sends it a JSON object; the answer is a text. */
export async function postForText(path: string, body: object, init: RequestInit = {}): Promise<string> {
  return (await answerOf(path, {}, { ...init, ...sent(body) })).text();
}

/** The same where the answer is JSON. */
export async function post<T>(path: string, body: object, init: RequestInit = {}): Promise<T> {
  return JSON.parse(await postForText(path, body, init)) as T;
}

/** The same where the answer is server-sent events. */
export async function postForEvents(path: string, body: object, on: (event: string, data: unknown) => void, init: RequestInit = {}): Promise<void> {
  const stream = (await answerOf(path, {}, { ...init, ...sent(body) })).body!.pipeThrough(new TextDecoderStream());
  const reader = stream.getReader();
  for (let text = ''; ; ) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (text + value).split('\n\n');
    text = events.pop()!;
    for (const event of events) {
      const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(event) ?? [];
      if (name && data) on(name, JSON.parse(data));
    }
  }
}

export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';
