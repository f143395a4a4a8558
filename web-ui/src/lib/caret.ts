// Where the caret goes when others change the text around it.

/** The place in `after` that a place in `before` has become. A place inside of what was replaced goes to its end. */
export function carried(before: string, after: string, place: number): number {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  if (place <= start) return place;
  let end = 0;
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return place >= before.length - end ? place + after.length - before.length : after.length - end;
}
