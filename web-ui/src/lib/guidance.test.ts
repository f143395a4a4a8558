import { expect, test } from "vitest";
import { frameSize, guide, type Guidance } from "./guidance";

const said = (code: string): Guidance => ({ code, text: { zh: code, en: code }, since_ms: 0, ready: code === "ready", reasons: [] });

/** A clock that is moved by hand, and a node that answers when told. */
function world() {
  let now = 0;
  let timers: { at: number; then: () => void }[] = [];
  const shown: (string | null)[] = [];
  const waiting: { answer: (guidance: Guidance) => void; refuse: () => void }[] = [];
  const state = { seen: true, asked: 0 };
  const end = guide({
    now: () => now,
    after: (ms, then) => timers.push({ at: now + ms, then }),
    isSeen: () => state.seen,
    frame: () => Promise.resolve(new Blob(["frame"])),
    ask: () => {
      state.asked += 1;
      return new Promise((answer, reject) => waiting.push({ answer, refuse: () => reject(new Error("429")) }));
    },
    show: (guidance) => shown.push(guidance?.code ?? null),
  });
  const settle = async () => {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  const pass = async (ms: number) => {
    now += ms;
    const due = timers.filter((timer) => timer.at <= now);
    timers = timers.filter((timer) => timer.at > now);
    for (const timer of due) timer.then();
    await settle();
  };
  return { state, shown, waiting, end, pass, settle };
}

test("one frame is under way at a time, and the next begins 180 ms after the last", async () => {
  const { state, shown, waiting, pass, settle } = world();
  await settle();
  expect(state.asked).toBe(1);
  await pass(1_000);
  expect(state.asked, "the first is not answered yet").toBe(1);
  waiting[0]?.answer(said("come_closer"));
  await settle();
  expect(shown).toEqual(["come_closer"]);
  await pass(0);
  expect(state.asked).toBe(2);
  await pass(100);
  waiting[1]?.answer(said("ready"));
  await settle();
  await pass(79);
  expect(state.asked).toBe(2);
  await pass(1);
  expect(state.asked).toBe(3);
});

test("nothing is sent while nobody looks", async () => {
  const { state, shown, waiting, pass, settle } = world();
  await settle();
  waiting[0]?.answer(said("ready"));
  await settle();
  state.seen = false;
  for (let turn = 0; turn < 10; turn++) await pass(180);
  expect(state.asked).toBe(1);
  expect(shown.at(-1)).toBeNull();
  state.seen = true;
  await pass(180);
  expect(state.asked).toBe(2);
});

test("without a model the guidance ends and is absent", async () => {
  const { state, shown, waiting, pass, settle } = world();
  await settle();
  waiting[0]?.answer(said("no_model"));
  await settle();
  for (let turn = 0; turn < 10; turn++) await pass(1_000);
  expect(state.asked).toBe(1);
  expect(shown).toEqual([null]);
});

test("a refusal keeps the last words for a moment, waits, and takes stale words away", async () => {
  const { state, shown, waiting, pass, settle } = world();
  await settle();
  waiting[0]?.answer(said("chin_up"));
  await settle();
  await pass(180);
  waiting[1]?.refuse();
  await settle();
  expect(shown).toEqual(["chin_up"]);
  await pass(999);
  expect(state.asked).toBe(2);
  await pass(1);
  expect(state.asked).toBe(3);
  await pass(2_000);
  waiting[2]?.refuse();
  await settle();
  expect(shown.at(-1)).toBeNull();
});

test("what arrives after the end is not shown", async () => {
  const { shown, waiting, end, pass, settle, state } = world();
  await settle();
  end();
  waiting[0]?.answer(said("ready"));
  await settle();
  await pass(5_000);
  expect(shown).toEqual([null]);
  expect(state.asked).toBe(1);
});

test("a frame is small and keeps its shape", () => {
  expect(frameSize(1920, 1080)).toEqual({ width: 480, height: 270 });
  expect(frameSize(1080, 1920)).toEqual({ width: 270, height: 480 });
  expect(frameSize(320, 240)).toEqual({ width: 320, height: 240 });
  expect(frameSize(0, 0)).toEqual({ width: 1, height: 1 });
});
