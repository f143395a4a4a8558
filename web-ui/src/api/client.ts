// The only place that calls fetch. Every refusal of the node arrives as one ApiError with a code and a sentence.

import type {
  Applicant,
  CardView,
  CaseRow,
  CaseStatus,
  CaseView,
  DraftView,
  EnrolledOffice,
  GrantedEpoch,
  InvitationMade,
  NetworkSwitch,
  SpecDraft,
  InvitationView,
  FeasibilityView,
  GuidanceView,
  MarksView,
  NewStaff,
  NoteView,
  NumberView,
  PartView,
  PlateAnswer,
  PlateView,
  ReasonView,
  ReceiptAnswer,
  ReceiptVerification,
  SessionView,
  SpecDiff,
  SpecSummary,
  SpecView,
  StaffChange,
  StaffView,
  StatementView,
  StatusView,
  Text,
  TrailPage,
} from "./shapes";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly text: Text,
    readonly field: string | null,
  ) {
    super(`${code}: ${text.en}`);
  }
}

const UNREACHABLE: Text = {
  zh: "本机服务没有回应。请确认本机的 huizhi 程序正在运行，然后重试。",
  en: "The service on this machine does not answer. Check that huizhi is running here, then try again.",
};

let csrfToken = "";

/** Called when the node no longer knows the session, so that the login screen appears. */
let onLoggedOut: () => void = () => undefined;

export function whenLoggedOut(handler: () => void): void {
  onLoggedOut = handler;
}

async function send(method: string, path: string, body?: BodyInit, contentType?: string): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (method !== "GET") headers["x-csrf-token"] = csrfToken;
  if (contentType !== undefined) headers["content-type"] = contentType;
  const init: RequestInit = { method, headers, credentials: "same-origin", cache: "no-store" };
  if (body !== undefined) init.body = body;
  let response: Response;
  try {
    response = await fetch(`/api${path}`, init);
  } catch {
    throw new ApiError(0, "node_unreachable", UNREACHABLE, null);
  }
  if (response.ok) return response;
  throw await refusal(response, path);
}

async function refusal(response: Response, path: string): Promise<ApiError> {
  let error = new ApiError(response.status, "unexpected", { zh: `服务返回 ${response.status}`, en: `The service answered ${response.status}` }, null);
  try {
    const body: unknown = await response.json();
    if (isErrorBody(body)) error = new ApiError(response.status, body.code, body.message, body.field ?? null);
  } catch {
    // Not JSON: the status is all that is known.
  }
  if (response.status === 401 && path !== "/login") onLoggedOut();
  return error;
}

function isErrorBody(body: unknown): body is { code: string; message: Text; field?: string | null } {
  return typeof body === "object" && body !== null && "code" in body && "message" in body;
}

async function json<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response =
    body === undefined ? await send(method, path) : await send(method, path, JSON.stringify(body), "application/json");
  return (await response.json()) as T;
}

async function session(method: string, path: string, body?: unknown): Promise<SessionView> {
  const view = await json<SessionView>(method, path, body);
  csrfToken = view.csrf_token;
  return view;
}

/** A picture as the body. */
async function picture<T>(method: string, path: string, image: Blob): Promise<T> {
  const response = await send(method, path, image, image.type || "application/octet-stream");
  return (await response.json()) as T;
}

const part = encodeURIComponent;

export const api = {
  session: () => session("GET", "/session"),
  login: (login: string, password: string) => session("POST", "/login", { login, password }),
  logout: () => session("POST", "/logout"),
  status: () => json<StatusView>("GET", "/status"),

  specs: () => json<SpecSummary[]>("GET", "/specs"),
  spec: (id: string) => json<SpecView>("GET", `/specs/${part(id)}`),
  checkSpec: (toml: string) => json<SpecDiff>("POST", "/specs/check", { toml }),
  publishSpec: (toml: string, effectiveFrom: string | null) =>
    json<SpecSummary>("POST", "/specs", { toml, effective_from: effectiveFrom }),
  cancelStaged: (id: string) => json<SpecView>("DELETE", `/specs/${part(id)}/staged`),

  drafts: () => json<DraftView[]>("GET", "/drafts"),
  draft: (id: string) => json<DraftView>("GET", `/drafts/${part(id)}`),
  consent: () => json<StatementView>("GET", "/consent"),
  newDraft: (draft: { spec_id: string; applicant: Applicant | null; consent: string | null; case_id: string | null }) =>
    json<DraftView>("POST", "/drafts", draft),
  dropDraft: async (id: string) => void (await send("DELETE", `/drafts/${part(id)}`)),
  photo: (id: string, image: Blob) => picture<DraftView>("POST", `/drafts/${part(id)}/photo`, image),
  feasibility: (id: string) => json<FeasibilityView[]>("GET", `/drafts/${part(id)}/feasibility`),
  guidance: (spec: string, frame: Blob) => picture<GuidanceView>("POST", `/guidance?spec=${part(spec)}`, frame),
  plate: () => json<PlateAnswer>("GET", "/plate"),
  card: (side: "portrait" | "emblem", image: Blob) => picture<CardView>("POST", `/card?side=${side}`, image),
  recordPlate: (image: Blob) => picture<PlateView>("PUT", "/plate", image),
  forgetPlate: async () => void (await send("DELETE", "/plate")),
  marks: (id: string, marks: MarksView) => json<DraftView>("POST", `/drafts/${part(id)}/marks`, marks),
  background: (id: string, background: string) => json<DraftView>("PUT", `/drafts/${part(id)}/background`, { background }),
  renew: (id: string) => json<DraftView>("PUT", `/drafts/${part(id)}/spec`),
  makeAgain: (id: string) => json<DraftView>("POST", `/drafts/${part(id)}/run`),
  giveUp: async (id: string) => void (await send("DELETE", `/drafts/${part(id)}/run`)),
  submit: (id: string, reason: string | null) =>
    json<CaseView>("POST", `/drafts/${part(id)}/submit`, { override_reason: reason }),

  cases: (status?: CaseStatus) => json<CaseRow[]>("GET", status === undefined ? "/cases" : `/cases?status=${status}`),
  /** A page of all cases, newest first; the one after `last`, or the first. */
  newestCases: (last?: CaseRow) =>
    json<CaseRow[]>("GET", `/cases?newest=true${last === undefined ? "" : `&after=${last.submitted_ms},${part(last.id)}`}`),
  case: (id: string) => json<CaseView>("GET", `/cases/${part(id)}`),
  idNumber: (id: string) => json<NumberView>("GET", `/cases/${part(id)}/number`),
  parts: (id: string) => json<PartView[]>("GET", `/cases/${part(id)}/parts`),
  saveNote: (id: string, version: string, text: string) => json<NoteView>("PUT", `/cases/${part(id)}/note`, { version, text }),
  withdraw: (id: string, reason: string) => json<CaseView>("POST", `/cases/${part(id)}/withdraw`, { reason }),
  erase: (id: string, reason: string) => json<CaseView>("POST", `/cases/${part(id)}/erase`, { reason }),
  decide: (id: string, verdict: "approve" | "return", submission: string, reasons: string[]) =>
    json<CaseView>("POST", `/cases/${part(id)}/decision`, { verdict, submission, reasons }),
  reasons: () => json<ReasonView[]>("GET", "/reasons"),

  readReceipt: (text: string) => json<ReceiptVerification>("POST", "/receipts/verify", { text }),
  receipt: (digits: string) => json<ReceiptAnswer>("GET", `/receipts/${part(digits)}`),
  revokeReceipt: (digits: string, reason: string) => json<ReceiptAnswer>("POST", `/receipts/${part(digits)}/revoke`, { reason }),
  useReceipt: (digits: string, reference: string) => json<ReceiptAnswer>("POST", `/receipts/${part(digits)}/use`, { reference }),

  staff: () => json<StaffView[]>("GET", "/staff"),
  addStaff: (staff: NewStaff) => json<StaffView>("POST", "/staff", staff),
  changeStaff: (login: string, change: StaffChange) => json<StaffView>("PUT", `/staff/${part(login)}`, change),
  changePassword: async (present: string, fresh: string) => void (await send("PUT", "/password", JSON.stringify({ present, new: fresh }), "application/json")),
  /** A page of who saw what; empty texts ask for everything. */
  trail: (wanted: { operator: string; case: string; before: string | null }) => {
    const query = new URLSearchParams();
    if (wanted.operator !== "") query.set("operator", wanted.operator);
    if (wanted.case !== "") query.set("case", wanted.case);
    if (wanted.before !== null) query.set("before", wanted.before);
    return json<TrailPage>("GET", `/trail?${query.toString()}`);
  },

  offices: () => json<EnrolledOffice[]>("GET", "/offices"),
  switchNetwork: (on: boolean) => json<NetworkSwitch>("PUT", "/network", { on }),
  specDraft: (id: string) => json<SpecDraft>("GET", `/specs/${part(id)}/draft`),
  writeSpecDraft: (id: string, version: string, text: string) =>
    json<SpecDraft>("PUT", `/specs/${part(id)}/draft`, { version, text }),
  dropSpecDraft: async (id: string) => void (await send("DELETE", `/specs/${part(id)}/draft`)),
  invitations: () => json<InvitationView[]>("GET", "/invitations"),
  invite: (code: string, name: string, roles: string[], region: string, days: number) =>
    json<InvitationMade>("POST", "/invitations", { code, name, roles, region, days }),
  uninvite: async (code: string) => void (await send("DELETE", `/invitations/${part(code)}`)),
  enrol: (request: string, roles: string[], region: string) =>
    json<EnrolledOffice>("POST", "/offices", { request, roles, region }),
  grantEpoch: (code: string) => json<GrantedEpoch>("POST", `/offices/${part(code)}/epoch`, {}),
  setRegion: (code: string, region: string) => json<EnrolledOffice>("PUT", `/offices/${part(code)}/region`, { region }),

  /** A picture as bytes, so that "still at another office" is told apart from "broken". */
  picture: async (path: string): Promise<Blob> => (await send("GET", path)).blob(),
};

/** Of the print sheet of a case, for `api.picture`. */
export function sheetPath(id: string, paper: string, gapMm: number): string {
  return `/cases/${part(id)}/sheet.pdf?paper=${part(paper)}&gap_mm=${gapMm}`;
}

/** Addresses of files that the browser itself loads. */
export const files = {
  original: (draft: string, version: string) => `/api/drafts/${part(draft)}/original?v=${part(version)}`,
  standardized: (draft: string, version: string) => `/api/drafts/${part(draft)}/standardized?v=${part(version)}`,
  receiptPdf: (digits: string, reprint = false) => `/api/receipts/${part(digits)}/pdf${reprint ? "?reprint=true" : ""}`,
  receiptProof: (digits: string) => `/api/receipts/${part(digits)}/proof`,
};
