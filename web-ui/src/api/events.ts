// One event stream per browser, not per tab: browsers allow about six connections to one address, and a stream keeps one.
// The tab that holds the lock reads the stream and passes every message on; when it closes, another takes over.

import type { EventMessage } from "./shapes";

export type StreamMessage = EventMessage | { type: "alive"; alive: boolean };

const NAME = "huizhi-events";
const RETRY_MS = 2000;

/** Starts listening; the returned function stops. After every (re)connection "everything changed" is reported. */
export function listen(onMessage: (message: StreamMessage) => void): () => void {
  const channel = new BroadcastChannel(NAME);
  const stopping = new AbortController();
  channel.onmessage = (event: MessageEvent<StreamMessage>) => onMessage(event.data);
  const tell = (message: StreamMessage) => {
    onMessage(message);
    channel.postMessage(message);
  };
  const lead = () => readStream(tell, stopping.signal);
  if (navigator.locks !== undefined) {
    // An abort while waiting rejects; that is the normal end of a tab that never led.
    navigator.locks.request(NAME, { signal: stopping.signal }, lead).catch(() => undefined);
  } else {
    void lead();
  }
  return () => {
    stopping.abort();
    channel.close();
  };
}

/** Reads until told to stop. The browser reconnects by itself after a lost line, but gives up after a refusal. */
function readStream(tell: (message: StreamMessage) => void, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let source: EventSource | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const connect = () => {
      source = new EventSource("/api/events");
      source.onopen = () => {
        tell({ type: "alive", alive: true });
        tell({ type: "changed", topic: "everything" });
      };
      source.onerror = () => {
        tell({ type: "alive", alive: false });
        if (source?.readyState === EventSource.CLOSED) timer = setTimeout(connect, RETRY_MS);
      };
      source.addEventListener("huizhi", (event) => {
        const message = parse((event as MessageEvent<string>).data);
        if (message !== null) tell(message);
      });
    };
    stop.addEventListener("abort", () => {
      clearTimeout(timer);
      source?.close();
      resolve();
    });
    if (stop.aborted) resolve();
    else connect();
  });
}

function parse(data: string): EventMessage | null {
  try {
    return JSON.parse(data) as EventMessage;
  } catch {
    return null;
  }
}
