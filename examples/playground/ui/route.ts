import { signal } from '@preact/signals';

/** The view that the hash of the address names, as in `#shape?a=dpo&a.beta=0.2`. */
interface Route {
  readonly tab: string;
  readonly params: URLSearchParams;
}

const read = (): Route => {
  const [tab = '', query = ''] = location.hash.slice(1).split('?');
  return { tab, params: new URLSearchParams(query) };
};

/** The current view. */
export const route = signal<Route>(read());

addEventListener('hashchange', () => {
  route.value = read();
});

/** Opens a tab. */
export function openTab(tab: string): void {
  location.hash = tab;
}

/** Writes the parameters of the current view into the address, without an entry in the history. */
export function setParams(tab: string, params: URLSearchParams): void {
  const query = params.toString();
  history.replaceState(null, '', `#${tab}${query ? `?${query}` : ''}`);
}
