/** The strip at the top that tells when the connection is in trouble. */
import { h, setText } from './dom.ts';

const banner = h('div', { class: 'banner', role: 'alert', testId: 'banner', hidden: true });
const troubles = new Map<string, string>();

/** Shows `text` for the connection `name`; `null` when it is fine again. */
export function setTrouble(name: string, text: string | null): void {
  if (text === null) {
    troubles.delete(name);
  } else {
    troubles.set(name, text);
  }
  if (!banner.isConnected) {
    document.body.append(banner);
  }
  const [first] = troubles.values();
  banner.hidden = first === undefined;
  setText(banner, first ?? '');
}
