// One table of keys: it binds them and it fills the overlay, so that the list cannot lie.

import type { MessageKey } from "./messages";

export type Screen = "everywhere" | "camera" | "working" | "result" | "case" | "review" | "reasons";

export interface Binding {
  screen: Screen;
  /** As in KeyboardEvent.key, letters in lower case; "digit" stands for 1 to 9. */
  key: string;
  action: string;
  label: MessageKey;
}

export const BINDINGS: readonly Binding[] = [
  { screen: "everywhere", key: "?", action: "keys", label: "key_keys" },
  { screen: "everywhere", key: "z", action: "undo", label: "key_undo" },
  { screen: "camera", key: " ", action: "shutter", label: "key_shutter" },
  { screen: "camera", key: "u", action: "upload", label: "key_upload" },
  { screen: "camera", key: "v", action: "next_camera", label: "key_next_camera" },
  { screen: "camera", key: "g", action: "guide", label: "key_guide" },
  { screen: "camera", key: "m", action: "mirror", label: "key_mirror" },
  { screen: "working", key: "Escape", action: "cancel", label: "key_give_up" },
  { screen: "result", key: "r", action: "retake", label: "key_retake" },
  { screen: "result", key: "Enter", action: "submit", label: "key_submit" },
  { screen: "result", key: "h", action: "mark", label: "key_mark" },
  { screen: "case", key: "p", action: "print_sheet", label: "key_print_sheet" },
  { screen: "review", key: "a", action: "approve", label: "key_approve" },
  { screen: "review", key: "x", action: "return", label: "key_return" },
  { screen: "review", key: "s", action: "skip", label: "key_skip" },
  { screen: "review", key: "j", action: "next", label: "key_next" },
  { screen: "review", key: "ArrowDown", action: "next", label: "key_next" },
  { screen: "review", key: "k", action: "previous", label: "key_previous" },
  { screen: "review", key: "ArrowUp", action: "previous", label: "key_previous" },
  { screen: "review", key: "o", action: "original", label: "key_original" },
  { screen: "reasons", key: "digit", action: "reason", label: "key_reason" },
  { screen: "reasons", key: "Enter", action: "confirm", label: "key_confirm" },
  { screen: "reasons", key: "Escape", action: "cancel", label: "key_cancel" },
];

export interface Pressed {
  key: string;
  isComposing: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  target: EventTarget | null;
}

/** The binding that a key press means on this screen, or nothing. */
export function bindingFor(event: Pressed, screen: Screen): Binding | null {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return null;
  if (typesText(event.target)) return null;
  const presses = event.key === " " || event.key === "Enter";
  if (presses && isControl(event.target) && !(screen === "reasons" && isChoice(event.target, event.key))) return null;
  const key = /^[1-9]$/.test(event.key) ? "digit" : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return BINDINGS.find((binding) => (binding.screen === screen || binding.screen === "everywhere") && binding.key === key) ?? null;
}

/** What the overlay shows for the screens that are open now. */
export function bindingsOf(screens: readonly Screen[]): Binding[] {
  return BINDINGS.filter((binding) => binding.screen === "everywhere" || screens.includes(binding.screen));
}

/** How a key is written on its cap. */
export function keyCap(key: string): string {
  const caps: Record<string, string> = { " ": "Space", digit: "1…9", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };
  return caps[key] ?? (key.length === 1 ? key.toUpperCase() : key);
}

/** Whether keys go into a field of text. */
export function typesText(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button", "file"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

/** On a focused button or link, Space and Enter belong to it. */
function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("button, a[href], input, summary, [role=slider]") !== null;
}

/** A reason clicked by mouse keeps the focus; Enter still confirms the palette, Space turns the reason on and off. */
function isChoice(target: EventTarget | null, key: string): boolean {
  return key === "Enter" && target instanceof HTMLElement && target.closest("[aria-pressed]") !== null;
}
