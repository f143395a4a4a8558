// What will be signed in some seconds: what is signed cannot be taken back, so until then it can be undone. A page that is closed signs nothing,
// and neither does a session that has ended.

import type { MessageKey } from "../lib/messages";

/** Seconds until something is signed. */
export const UNDO_SECONDS = 10;

export interface Deed {
  /** What it is about, for example the id of a case: one deed waits for it at most. */
  subject: string;
  /** What will be done, for example "approve". */
  label: MessageKey;
  /** Whom it is about, as shown. */
  name: string;
  sign: () => Promise<void>;
  undone?: () => void;
}

interface Waiting extends Deed {
  due: number;
  /** Nothing while it is being signed: it cannot be undone any more. */
  seconds: number | null;
}

class Pending {
  waiting = $state.raw<readonly Waiting[]>([]);

  #timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    addEventListener("beforeunload", (event) => {
      if (this.waiting.length > 0) event.preventDefault();
    });
  }

  /** Whether something waits for a subject, or is being signed. */
  has(subject: string): boolean {
    return this.waiting.some((waiting) => waiting.subject === subject);
  }

  /** Signs after the window of undoing, once. A second deed on one subject is dropped. */
  add(deed: Deed): void {
    if (this.has(deed.subject)) return;
    this.waiting = [...this.waiting, { ...deed, due: performance.now() + UNDO_SECONDS * 1000, seconds: UNDO_SECONDS }];
    this.#timer ??= setInterval(() => this.#tick(), 200);
  }

  /** Takes back what waits for a subject; the newest where none is named. */
  undo(subject?: string): void {
    const found = this.waiting.filter((waiting) => waiting.seconds !== null && (subject === undefined || waiting.subject === subject)).at(-1);
    if (found === undefined) return;
    this.#drop(found.subject);
    found.undone?.();
  }

  /** Forgets everything that is not signed yet: the session of whoever did it has ended. */
  forget(): void {
    for (const waiting of this.waiting) if (waiting.seconds !== null) this.#drop(waiting.subject);
  }

  /** Signs at once. */
  async now(subject: string): Promise<void> {
    const found = this.waiting.find((waiting) => waiting.subject === subject && waiting.seconds !== null);
    if (found === undefined) return;
    this.waiting = this.waiting.map((waiting) => (waiting === found ? { ...found, seconds: null } : waiting));
    await found.sign();
    this.#drop(subject);
  }

  #drop(subject: string): void {
    this.waiting = this.waiting.filter((waiting) => waiting.subject !== subject);
    if (this.waiting.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const now = performance.now();
    for (const waiting of this.waiting) if (waiting.seconds !== null && waiting.due <= now) void this.now(waiting.subject);
    this.waiting = this.waiting.map((waiting) =>
      waiting.seconds === null ? waiting : { ...waiting, seconds: Math.max(0, Math.ceil((waiting.due - now) / 1000)) },
    );
  }
}

export const pending = new Pending();
