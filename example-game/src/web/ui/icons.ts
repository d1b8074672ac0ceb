/** Line icons, 20 × 20, in the colour of the text around them. */
const PATHS = {
  back: '<path d="M12 4 6 10l6 6"/>',
  close: '<path d="m5 5 10 10M15 5 5 15"/>',
  people:
    '<circle cx="7.5" cy="7" r="3"/><path d="M2 17c0-3 2.5-5 5.5-5s5.5 2 5.5 5M13 4.4a3 3 0 0 1 0 5.2M15.5 12.6c1.6.8 2.5 2.4 2.5 4.4"/>',
  more: '<path d="M4.5 10h.01M10 10h.01M15.5 10h.01" stroke-width="2.6"/>',
  plus: '<path d="M10 4v12M4 10h12"/>',
  link: '<path d="M8.5 11.5a3.5 3.5 0 0 0 5 0l3-3a3.5 3.5 0 0 0-5-5l-1 1M11.5 8.5a3.5 3.5 0 0 0-5 0l-3 3a3.5 3.5 0 0 0 5 5l1-1"/>',
  moon: '<path d="M16.5 12A7 7 0 0 1 8 3.5 7 7 0 1 0 16.5 12Z"/>',
  check: '<path d="m4 10.5 4 4 8-9"/>',
  bolt: '<path d="M11 2 4.5 11.5H10L9 18l6.5-9.5H10L11 2Z"/>',
  crown: '<path d="m3 6 3.5 4L10 4l3.5 6L17 6l-1.5 9h-11L3 6Z"/>',
} as const;

export function icon(name: keyof typeof PATHS): SVGElement {
  const template = document.createElement('template');
  template.innerHTML = `<svg class="icon" viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.8"
    stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${PATHS[name]}</svg>`;
  return template.content.firstElementChild as SVGElement;
}

/** The mark of the game: a star, its orbit, a ship on it. */
export function logo(): SVGElement {
  const template = document.createElement('template');
  template.innerHTML = `<svg class="logo" viewBox="0 0 48 48" aria-hidden="true">
    <defs>
      <radialGradient id="logo-star"><stop offset="0" stop-color="#fff6da"/><stop offset=".45" stop-color="#ffcf5c"/>
        <stop offset="1" stop-color="#ff8a3c"/></radialGradient>
      <linearGradient id="logo-ring" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#6ee7ff"/>
        <stop offset="1" stop-color="#a78bfa"/></linearGradient>
    </defs>
    <circle cx="24" cy="24" r="8.5" fill="url(#logo-star)"/>
    <ellipse cx="24" cy="24" rx="20" ry="10" fill="none" stroke="url(#logo-ring)" stroke-width="3"
      stroke-dasharray="72 26" stroke-linecap="round" transform="rotate(-28 24 24)"/>
    <circle cx="40.6" cy="12.4" r="3.6" fill="#6ee7ff"/></svg>`;
  return template.content.firstElementChild as SVGElement;
}
