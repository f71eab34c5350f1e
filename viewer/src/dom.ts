// A few words for making elements; everything else is the browser's own.

type Child = Node | string | null | undefined | false;
type Props = Record<string, unknown>;

/** An element. Properties beginning with "on" are listeners, `class` and `aria-*` are attributes. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value as EventListener);
    else if (name in element && !name.includes('-')) (element as unknown as Props)[name] = value;
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

export function replace(element: Element, ...children: Child[]): void {
  element.replaceChildren(...children.filter((child): child is Node | string => !!child));
}

/** Calls `what` when nothing more has been asked for `ms`. */
export function debounce<A extends unknown[]>(ms: number, what: (...args: A) => void): (...args: A) => void {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => what(...args), ms);
  };
}

/** What is set, behind what it is. */
export const line = (name: string, ...fields: Node[]): HTMLLabelElement =>
  h('label', { class: 'slider' }, h('span', { class: 'wide' }, name), ...fields);

/** Does something; what goes wrong is told in `trouble`, where what went wrong before is gone. */
export async function telling(trouble: Element, what: () => void | Promise<void>): Promise<void> {
  try {
    replace(trouble);
    await what();
  } catch (error) {
    replace(trouble, notice(error));
  }
}

/** An error where it happened. */
export function notice(error: unknown): HTMLElement {
  return h('p', { class: 'notice', role: 'alert' }, sentence(error));
}

export function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  // Names of files are left as they are.
  const begun = /^[a-z]+(\s|$)/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return begun + (/[.!?]$/.test(begun) ? '' : '.');
}

/** Copies a text; says so. */
export function copyButton(text: string, name = 'Copy as command'): HTMLElement {
  const button = h('button', {}, name);
  button.addEventListener('click', () => {
    navigator.clipboard.writeText(text).then(
      () => (button.textContent = 'Copied'),
      () => (button.textContent = 'Select it and copy'),
    );
  });
  return button;
}

/** Gives the browser a file to keep. */
export function save(name: string, type: string, content: string): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  h('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** A part of a column that can be closed; it is not there while it has nothing to show. */
export function fold(title: string, content: HTMLElement): HTMLDetailsElement {
  const key = `tegula-closed-${title}`;
  const element = h('details', { class: 'fold', open: !localStorage.getItem(key) }, h('summary', {}, h('h2', {}, title)), content);
  element.addEventListener('toggle', () => {
    if (element.open) localStorage.removeItem(key);
    else localStorage.setItem(key, '1');
  });
  return element;
}
