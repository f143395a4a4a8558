// The language of the screen, kept in this browser.

import type { Text } from "../api/shapes";
import { translate, type Language, type MessageKey } from "../lib/messages";

const STORED = "huizhi-language";

class LanguageState {
  current = $state<Language>(localStorage.getItem(STORED) === "en" ? "en" : "zh");

  toggle(): void {
    this.current = this.current === "zh" ? "en" : "zh";
    localStorage.setItem(STORED, this.current);
    this.apply();
  }

  apply(): void {
    document.documentElement.lang = this.current === "zh" ? "zh-CN" : "en";
    document.title = t("product");
  }
}

export const language = new LanguageState();

/** A text of the UI. */
export function t(key: MessageKey, params: Record<string, string | number> = {}): string {
  return translate(language.current, key, params);
}

/** A text that came from the node in both languages. */
export function both(text: Text): string {
  return language.current === "zh" ? text.zh : text.en;
}
