// Which screens listen to keys now. A dialog owns the keys while it is open.

import { onDestroy } from "svelte";
import { bindingFor, bindingsOf, type Binding, type Screen } from "../lib/keys";

type Handler = (action: string, key: string) => void;

class Keys {
  overlay = $state(false);
  /** Not reactive: a component that is taken away reads reactive state as it was before its successor came, and would take that away too. */
  #listeners: { screen: Screen; handler: Handler }[] = [];

  constructor() {
    addEventListener("keydown", (event) => this.#pressed(event));
  }

  /** What works here now; asked when the overlay opens. */
  shown(): Binding[] {
    return bindingsOf(this.#listeners.map((listener) => listener.screen));
  }

  add(screen: Screen, handler: Handler): () => void {
    const listener = { screen, handler };
    this.#listeners = [...this.#listeners, listener];
    return () => (this.#listeners = this.#listeners.filter((other) => other !== listener));
  }

  #pressed(event: KeyboardEvent): void {
    if (this.overlay) {
      if (event.key === "Escape" || event.key === "?") this.overlay = false;
      return;
    }
    // The newest listener wins: a palette over a screen takes the keys of the screen.
    const top = this.#listeners.at(-1);
    const binding = bindingFor(event, top?.screen ?? "everywhere");
    if (binding === null) return;
    event.preventDefault();
    if (binding.action === "keys") this.overlay = true;
    else if (!event.repeat || binding.action === "next" || binding.action === "previous") top?.handler(binding.action, event.key);
  }
}

export const keys = new Keys();

/** Binds the keys of a screen for as long as the component lives. */
export function useKeys(screen: Screen, handler: Handler): void {
  onDestroy(keys.add(screen, handler));
}
