// Addresses of the pages, and which of them a role sees.

import type { components } from "../api/types";
import type { MessageKey } from "./messages";

export type Role = components["schemas"]["StaffRole"];
export const ROLES: readonly Role[] = ["counter", "reviewer", "admin", "auditor"];

export type PageName =
  "capture" | "cases" | "case" | "review" | "verify" | "specs" | "spec" | "spec_edit" | "offices" | "staff" | "trail" | "home" | "lost";

export interface Page {
  name: PageName;
  id: string | null;
}

/** Reads an address; what nobody knows is "lost", never an error. */
export function parsePath(path: string): Page {
  const parts = path.split("/").filter((part) => part !== "").map(decode);
  const [first, second, third] = parts;
  if (first === undefined) return { name: "home", id: null };
  if (parts.length > 3) return { name: "lost", id: null };
  if (first === "specs" && second !== undefined && third === "edit") return { name: "spec_edit", id: second };
  if (third !== undefined) return { name: "lost", id: null };
  if (second !== undefined) {
    if (first === "cases") return { name: "case", id: second };
    if (first === "specs") return { name: "spec", id: second };
    if (first === "capture" || first === "verify" || first === "review") return { name: first, id: second };
    return { name: "lost", id: null };
  }
  const pages: readonly PageName[] = ["capture", "cases", "review", "verify", "specs", "offices", "staff", "trail"];
  const name = pages.find((page) => page === first);
  return { name: name ?? "lost", id: null };
}

export interface RailEntry {
  path: string;
  label: MessageKey;
  icon: "camera" | "list" | "check" | "seal" | "book" | "office" | "people" | "eye";
  roles: readonly Role[];
}

export const RAIL: readonly RailEntry[] = [
  { path: "/capture", label: "nav_capture", icon: "camera", roles: ["counter"] },
  { path: "/review", label: "nav_review", icon: "check", roles: ["reviewer"] },
  { path: "/cases", label: "nav_cases", icon: "list", roles: ["counter", "reviewer", "auditor"] },
  { path: "/verify", label: "nav_verify", icon: "seal", roles: ["counter", "reviewer", "admin", "auditor"] },
  { path: "/specs", label: "nav_specs", icon: "book", roles: ["counter", "reviewer", "admin", "auditor"] },
  { path: "/offices", label: "nav_offices", icon: "office", roles: ["admin", "auditor"] },
  { path: "/staff", label: "nav_staff", icon: "people", roles: ["admin"] },
  { path: "/trail", label: "nav_trail", icon: "eye", roles: ["admin", "auditor"] },
];

/** The entries of the left rail for somebody with these roles. */
export function railFor(roles: readonly Role[]): RailEntry[] {
  return RAIL.filter((entry) => entry.roles.some((role) => roles.includes(role)));
}

/** Where somebody with these roles begins the day. */
export function landing(roles: readonly Role[]): string {
  if (roles.includes("counter")) return "/capture";
  if (roles.includes("reviewer")) return "/review";
  if (roles.includes("admin")) return "/specs";
  return "/verify";
}

/** A broken escape in an address is shown as it is. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
