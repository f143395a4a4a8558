// Which screens listen to keys now. A dialog owns the keys while it is open.

import { onDestroy } from "svelte";
import { bindingFor, bindingsOf, typesText, type Binding, type Screen } from "../lib/keys";
import { parseScanned, type Scanned } from "../lib/scanned";
import { BURST_END_MS, BURST_GAP_MS, Scanner } from "../lib/scanner";

type Handler = (action: string, key: string) => void;

class Keys {
  overlay = $state(false);
  /** What a hand scanner read last, until it is closed. */
  scanned = $state<Scanned | null>(null);
  /** Not reactive: a component that is taken away reads reactive state as it was before its successor came, and would take that away too. */
  #listeners: { screen: Screen; handler: Handler }[] = [];

  #scanner = new Scanner();
  /** A key that means something on this page, until it is sure that no scanner typed it. */
  #held: ReturnType<typeof setTimeout> | undefined;
  #burst: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    // Before anything else: the Enter of a scanner must not press the button that has the focus.
    addEventListener("keydown", (event) => this.#pressed(event), { capture: true });
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
    const shortcut = event.ctrlKey || event.metaKey || event.altKey;
    if (!typesText(event.target) && !event.repeat && !shortcut && (event.key.length === 1 || event.key === "Enter")) {
      if (this.#scanner.press({ key: event.key, at: event.timeStamp })) {
        event.preventDefault();
        event.stopPropagation();
        clearTimeout(this.#held);
        clearTimeout(this.#burst);
        this.#burst = setTimeout(() => this.#scanEnded(), BURST_END_MS);
        return;
      }
    }
    if (this.overlay) {
      if (event.key === "Escape" || event.key === "?") this.overlay = false;
      return;
    }
    // The newest listener wins: a palette over a screen takes the keys of the screen.
    const top = this.#listeners.at(-1);
    const binding = bindingFor(event, top?.screen ?? "everywhere");
    if (binding === null) return;
    event.preventDefault();
    if (event.repeat) {
      if (binding.action === "next" || binding.action === "previous") top?.handler(binding.action, event.key);
      return;
    }
    clearTimeout(this.#held);
    // Invariant: a key acts only when nothing came right behind it.
    this.#held = setTimeout(() => {
      if (binding.action === "keys") this.overlay = true;
      else if (binding.action === "undo") this.onundo();
      else if (top !== undefined && this.#listeners.includes(top)) top.handler(binding.action, event.key);
    }, BURST_GAP_MS);
  }

  /** Set by whoever keeps what can be undone. */
  onundo: () => void = () => undefined;

  #scanEnded(): void {
    const text = this.#scanner.end();
    if (text !== null) this.scanned = parseScanned(text);
  }
}

export const keys = new Keys();

/** Binds the keys of a screen for as long as the component lives. */
export function useKeys(screen: Screen, handler: Handler): void {
  onDestroy(keys.add(screen, handler));
}
