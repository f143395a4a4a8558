// How the many checks of a photo are told: what failed, what a person must look at and why, what passed.

import type { CheckView } from "../api/shapes";

/** Why nobody measured it; records of earlier versions do not say. */
export const OPEN_REASONS = ["person_judges", "advisory", "not_measurable", "model_absent", "unknown"] as const;
export type OpenReason = (typeof OPEN_REASONS)[number];

/** More open checks than this are folded. */
const GLANCE = 6;

export interface Told {
  failed: CheckView[];
  open: { reason: OpenReason; checks: CheckView[] }[];
  openCount: number;
  passed: CheckView[];
  /** The open checks are few enough to be read at a glance. */
  unfolded: boolean;
}

export function tell(checks: readonly CheckView[]): Told {
  const open = checks.filter((check) => check.verdict === "not_assessed");
  const groups = OPEN_REASONS.map((reason) => ({ reason, checks: open.filter((check) => reasonOf(check) === reason) }));
  return {
    failed: checks.filter((check) => check.verdict === "fail"),
    open: groups.filter((group) => group.checks.length > 0),
    openCount: open.length,
    passed: checks.filter((check) => check.verdict === "pass"),
    unfolded: open.length <= GLANCE,
  };
}

function reasonOf(check: CheckView): OpenReason {
  return OPEN_REASONS.find((reason) => reason === check.code) ?? "unknown";
}
