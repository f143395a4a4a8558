// Tells a hand scanner from a person: a scanner types a whole code faster than anybody can. What a scanner types is never a key of a page.

/** Keys closer together than this come from a scanner. A fast typist needs some 80 ms a key, a scanner 1 to 20. */
export const BURST_GAP_MS = 50;
/** A burst has ended when nothing came for this long. */
export const BURST_END_MS = 150;
/** Shorter bursts are two fingers on the keyboard at once, and are dropped without a word. */
const CODE_CHARS_MIN = 4;
/** More is no code of ours: the QR code of a receipt has some 1,500 characters. */
const CODE_CHARS_MAX = 8_192;

export interface Key {
  key: string;
  /** Milliseconds of any clock that only goes forward. */
  at: number;
}

/** Collects keys. A key means what it says only after `BURST_GAP_MS` without another one. */
export class Scanner {
  #keys: Key[] = [];

  /** Takes a key. True where it belongs to a burst, and so did the one before it. */
  press(key: Key): boolean {
    const last = this.#keys.at(-1);
    // A burst that has begun may stumble; Enter often comes a little later.
    const gap = this.#keys.length > 1 ? BURST_END_MS : BURST_GAP_MS;
    if (last !== undefined && key.at - last.at >= gap) this.#keys = [];
    if (this.#keys.length < CODE_CHARS_MAX) this.#keys.push(key);
    return this.#keys.length > 1;
  }

  /** Ends a burst and gives what was scanned; nothing where it was too short to be a code. */
  end(): string | null {
    const text = this.#keys.filter(({ key }) => key.length === 1).map(({ key }) => key).join("");
    this.#keys = [];
    return text.length >= CODE_CHARS_MIN ? text : null;
  }
}
