/** The page and what belongs to it. The scripts are the modules in `page/`, as the build has left them. */
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { HTML } from './page-html.ts';
import { STYLE } from './page-style.ts';

export interface Asset {
  readonly type: string;
  readonly text: string;
}

export const PAGE: Asset = { type: 'text/html; charset=utf-8', text: HTML };
const STYLE_SHEET: Asset = { type: 'text/css; charset=utf-8', text: STYLE };

const FOLDER = new URL('./page/', import.meta.url);

/** By the path below the page. */
export function assetOf(pathname: string): Asset | undefined {
  if (pathname === '/style.css') {
    return STYLE_SHEET;
  }
  const name = /^\/page\/([\w-]+)\.[jt]s$/.exec(pathname)?.[1];
  const file = readdirSync(FOLDER).find((one) => one === `${name}.js` || one === `${name}.ts`);
  if (name === undefined || file === undefined) {
    return undefined;
  }
  const text = readFileSync(new URL(file, FOLDER), 'utf8');
  // Only where the package runs from its sources.
  return { type: 'text/javascript; charset=utf-8', text: file.endsWith('.ts') ? stripTypeScriptTypes(text) : text };
}
