// Who sits here, how the node is doing, and what changed: shared by all screens.

import { api, ApiError, whenLoggedOut } from "../api/client";
import { listen, type StreamMessage } from "../api/events";
import type { SessionView, SpecSummary, StatusView, Text } from "../api/shapes";
import type { Role } from "../lib/routes";
import { both, t } from "./language.svelte";

export interface Toast {
  id: number;
  tone: "good" | "bad" | "calm";
  words: string;
}

const STATUS_EVERY_MS = 15_000;
const TOAST_MS = 8_000;
/** From when on the page says that the login ends. */
const ENDS_SOON_MINUTES = 15;

class App {
  session = $state<SessionView | null>(null);
  status = $state<StatusView | null>(null);
  answering = $state(true);
  toasts = $state<Toast[]>([]);
  /** Counts up whenever a topic changed; screens read the number of their topic and load again. */
  changes = $state<Record<string, number>>({ cases: 0, specs: 0, status: 0, drafts: 0, offices: 0, transit: 0 });
  /** Newest stage of each draft that is being worked on. */
  stages = $state<Record<string, string>>({});

  roles: readonly Role[] = $derived(this.session?.operator?.roles ?? []);
  readOnly: Text | null = $derived(this.status?.read_only ?? null);
  /** Records are here that no list knows of yet. */
  behind: boolean = $derived((this.status?.to_take_in ?? 0) + (this.status?.to_fold ?? 0) > 0);

  /** Minutes until the login ends, when these are few. */
  endsInMinutes = $state<number | null>(null);

  #endsAt = Infinity;
  #stop: (() => void) | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  #nextToast = 1;
  #specs = new Map<string, number>();

  async start(): Promise<void> {
    whenLoggedOut(() => this.#ended());
    try {
      this.#began(await api.session());
    } catch (error) {
      this.answering = false;
      this.report(error);
    }
  }

  async login(name: string, password: string): Promise<void> {
    // The token belongs to the session, and a new session may have begun since this page was loaded.
    await api.session();
    this.#began(await api.login(name, password));
  }

  async logout(): Promise<void> {
    this.#ended();
    this.session = await api.logout();
  }

  async refreshStatus(): Promise<void> {
    const minutes = Math.max(0, Math.floor((this.#endsAt - performance.now()) / 60_000));
    this.endsInMinutes = minutes < ENDS_SOON_MINUTES ? minutes : null;
    try {
      this.status = await api.status();
      this.answering = true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 0) this.answering = false;
    }
  }

  /** The name of an office where it is known, its code where not. */
  officeName(code: string): string {
    if (code === this.session?.office.code) return this.session.office.name;
    return this.status?.peers.find((peer) => peer.code === code)?.name ?? code;
  }

  toast(tone: Toast["tone"], words: string): void {
    const toast = { id: this.#nextToast++, tone, words };
    this.toasts = [...this.toasts.slice(-3), toast];
    setTimeout(() => this.dismiss(toast.id), TOAST_MS);
  }

  dismiss(id: number): void {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
  }

  /** Shows a refusal that belongs to no field. */
  report(error: unknown): void {
    this.toast("bad", this.words(error));
  }

  words(error: unknown): string {
    if (!(error instanceof ApiError)) return t("unexpected");
    return document.documentElement.lang === "en" ? error.text.en : error.text.zh;
  }

  #began(session: SessionView): void {
    this.session = session;
    this.answering = true;
    if (session.operator === null || session.operator === undefined || this.#stop !== null) return;
    this.#endsAt = performance.now() + 1000 * (session.ends_in_s ?? Infinity);
    void this.refreshStatus();
    void this.#readSpecs(false);
    this.#stop = listen((message) => this.#receive(message));
    this.#timer = setInterval(() => void this.refreshStatus(), STATUS_EVERY_MS);
  }

  #ended(): void {
    this.#stop?.();
    this.#stop = null;
    clearInterval(this.#timer);
    this.#specs.clear();
    this.status = null;
    this.endsInMinutes = null;
    if (this.session !== null) this.session = { ...this.session, operator: null };
  }

  #receive(message: StreamMessage): void {
    if (message.type === "alive") {
      this.answering = message.alive;
      if (message.alive) void this.refreshStatus();
    } else if (message.type === "stage") {
      this.stages[message.draft] = message.stage;
    } else {
      const topics = message.topic === "everything" ? Object.keys(this.changes) : [message.topic];
      for (const topic of topics) this.changes[topic] = (this.changes[topic] ?? 0) + 1;
      // Pieces of a photo come many times a second and say nothing of the rest.
      if (message.topic !== "transit") void this.refreshStatus();
      if (topics.includes("specs")) void this.#readSpecs(true);
    }
  }

  /** Says which spec came into force while somebody was at work: the next capture will follow other numbers. */
  async #readSpecs(tell: boolean): Promise<void> {
    let specs: SpecSummary[];
    try {
      specs = await api.specs();
    } catch {
      // The screen that needs the specs reports it.
      return;
    }
    for (const spec of specs) {
      const before = this.#specs.get(spec.id);
      if (tell && before !== undefined && before < spec.version) {
        this.toast("calm", t("spec_in_force", { name: both(spec.name), version: spec.version }));
      }
      this.#specs.set(spec.id, spec.version);
    }
  }
}

export const app = new App();
