/** Small helpers for the page. Every text becomes a text node: nothing a player has chosen is ever markup. */
type Child = Node | string;

export function el(tag: string, attributes: Readonly<Record<string, string>>, ...children: Child[]): HTMLElement {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) {
    throw new Error(`The page has no element ${id}.`);
  }
  return found;
}

/** Replaces what is in the element; `none` when there is nothing. */
export function fill(element: HTMLElement, children: readonly Child[], none?: string): void {
  const isEmpty = children.length === 0 && none !== undefined;
  element.replaceChildren(...(isEmpty ? [el('li', { class: 'empty' }, none)] : children));
}

/** A long id or text, cut, with all of it in the title. */
export function cut(text: string, length = 64): HTMLElement {
  return el('span', { class: 'id', title: text }, text.length > length ? `${text.slice(0, length)}…` : text);
}

export function clock(at: number): HTMLElement {
  const date = new Date(at);
  return el('time', { datetime: date.toISOString() }, date.toTimeString().slice(0, 8));
}

/** Milliseconds, for people. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 1) {
    return `${Math.round(ms)} ms`;
  }
  if (seconds < 120) {
    return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  }
  const minutes = seconds / 60;
  return minutes < 120 ? `${Math.round(minutes)} min` : `${Math.round(minutes / 60)} h`;
}

export function count(value: number): string {
  return value < 10 && !Number.isInteger(value) ? value.toFixed(1) : Math.round(value).toLocaleString('en');
}
