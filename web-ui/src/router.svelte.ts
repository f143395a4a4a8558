// The router: one reactive address, links taken over from the browser, nothing more.

import { parsePath, type Page } from "./lib/routes";

class Router {
  path = $state(location.pathname);
  page: Page = $derived(parsePath(this.path));

  constructor() {
    addEventListener("popstate", () => (this.path = location.pathname));
    addEventListener("click", (event) => this.#take(event));
  }

  go(path: string, replace = false): void {
    if (path === this.path) return;
    history[replace ? "replaceState" : "pushState"](null, "", path);
    this.path = path;
    scrollTo(0, 0);
  }

  /** Plain left clicks on links of our own; everything else (new tab, download, other address) stays the browser's. */
  #take(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (link === null || link.origin !== location.origin || link.target !== "" || link.hasAttribute("download")) return;
    if (link.pathname.startsWith("/api/")) return;
    event.preventDefault();
    this.go(link.pathname);
  }
}

export const router = new Router();
