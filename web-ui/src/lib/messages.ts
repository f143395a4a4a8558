// Every word of the UI, in both languages.

import { en } from "./en";
import { zh } from "./zh";

export type Language = "zh" | "en";
export type MessageKey = keyof typeof zh;

const TABLES: Record<Language, Record<MessageKey, string>> = { zh, en };

/** The text of a key, with `{name}` replaced by its value. */
export function translate(language: Language, key: MessageKey, params: Record<string, string | number> = {}): string {
  return TABLES[language][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}
