import { expect, test } from "vitest";
import { carried } from "./caret";

test("the caret stays before what it stood before", () => {
  // A change behind it, before it, and around it.
  expect(carried("one two", "one two three", 3)).toBe(3);
  expect(carried("one two", "zero one two", 4)).toBe(9);
  expect(carried("one two three", "one three", 6)).toBe(5);
  expect(carried("abc", "abc", 2)).toBe(2);
  expect(carried("", "new", 0)).toBe(0);
  expect(carried("width = 358\nheight", "width = 400\nheight", 12)).toBe(12);
  expect(carried("aaa", "aaaa", 3)).toBe(3);
});
