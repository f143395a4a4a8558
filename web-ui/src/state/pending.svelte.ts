// What will be signed in some seconds: what is signed cannot be taken back, so until then it can be undone. A page that is closed signs nothing.

import type { MessageKey } from "../lib/messages";

/** Seconds until something is signed. */
export const UNDO_SECONDS = 10;

export interface Waiting {
  id: number;
  /** What will be done, for example "approve". */
  label: MessageKey;
  /** Whom it is about. */
  name: string;
  seconds: number;
}

interface Entry {
  act: () => Promise<void>;
  undone: () => void;
  due: number;
}

class Pending {
  waiting = $state<Waiting[]>([]);

  #entries = new Map<number, Entry>();
  #next = 1;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    addEventListener("beforeunload", (event) => {
      if (this.waiting.length > 0) event.preventDefault();
    });
  }

  /** Does something after the window of undoing, once. */
  add(label: MessageKey, name: string, act: () => Promise<void>, undone: () => void): void {
    const id = this.#next++;
    this.#entries.set(id, { act, undone, due: performance.now() + UNDO_SECONDS * 1000 });
    this.waiting = [...this.waiting, { id, label, name, seconds: UNDO_SECONDS }];
    this.#timer ??= setInterval(() => this.#tick(), 200);
  }

  /** Takes back what waits; the newest where none is named. */
  undo(id: number | undefined = this.waiting.at(-1)?.id): void {
    const entry = this.#take(id);
    entry?.undone();
  }

  /** Takes back everything, as at a log-out. */
  undoAll(): void {
    while (this.waiting.length > 0) this.undo();
  }

  /** Signs at once. */
  now(id: number): void {
    void this.#take(id)?.act();
  }

  #take(id: number | undefined): Entry | undefined {
    if (id === undefined) return undefined;
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    this.waiting = this.waiting.filter((waiting) => waiting.id !== id);
    if (this.waiting.length === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    return entry;
  }

  #tick(): void {
    const now = performance.now();
    for (const { id } of this.waiting) {
      const entry = this.#entries.get(id);
      if (entry !== undefined && entry.due <= now) this.now(id);
    }
    this.waiting = this.waiting.map((waiting) => {
      const due = this.#entries.get(waiting.id)?.due ?? now;
      return { ...waiting, seconds: Math.max(0, Math.ceil((due - now) / 1000)) };
    });
  }
}

export const pending = new Pending();
