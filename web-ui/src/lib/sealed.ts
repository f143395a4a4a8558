// What stands in the place of a name that this office cannot show.

import type { MessageKey } from "./messages";

/** The word for how the sealed data of a case stand; a state that a later node tells is a plain "sealed". */
export function sealedWord(state: string): MessageKey {
  if (state === "damaged") return "sealed_damaged";
  if (state === "elsewhere") return "sealed_elsewhere";
  return state === "erased" ? "erased_done" : "sealed";
}
