/** A few lines instead of a framework. */

type Value = string | number | boolean | undefined;
type Child = Node | string | undefined | false;

interface Props {
  class?: string;
  /** Event listeners by event name. */
  on?: { [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };
  /** `data-testid`. */
  testId?: string;
  [attribute: string]: Value | Props['on'];
}

/** Makes an element: attributes, listeners, children. `true` sets a bare attribute; `false` and `undefined` leave it out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  const { on, testId, ...attributes } = props;
  for (const [name, value] of Object.entries({ ...attributes, 'data-testid': testId })) {
    setAttribute(element, name, value);
  }
  for (const [name, listener] of Object.entries(on ?? {})) {
    element.addEventListener(name, listener as EventListener);
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

export function setAttribute(element: Element, name: string, value: Value): void {
  if (value === undefined || value === false) {
    element.removeAttribute(name);
  } else {
    element.setAttribute(name, value === true ? '' : String(value));
  }
}

/** Sets the text only when it differs, so that screen readers and selections are left alone. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Whether the player asked the system for less motion. */
export function prefersCalm(): boolean {
  return window.matchMedia('(prefers-reduced-motion: reduce)').matches;
}
