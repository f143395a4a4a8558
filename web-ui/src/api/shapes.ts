// Short names for the generated types.

import type { components } from "./types";

type Schemas = components["schemas"];

export type Applicant = Schemas["Applicant"];
export type CaseRow = Schemas["CaseRow"];
export type CaseStatus = Schemas["CaseStatus"];
export type CaseView = Schemas["CaseView"];
export type CheckView = Schemas["CheckView"];
export type CardView = Schemas["CardView"];
export type DraftView = Schemas["DraftView"];
export type SpecDraft = Schemas["SpecDraft"];
export type NetworkSwitch = Schemas["NetworkSwitch"];
export type InvitationMade = Schemas["InvitationMade"];
export type InvitationView = Schemas["InvitationView"];
export type EnrolledOffice = Schemas["EnrolledOffice"];
export type GrantedEpoch = Schemas["GrantedEpoch"];
export type ErrorBody = Schemas["ErrorBody"];
export type EventMessage = Schemas["EventMessage"];
export type FeasibilityView = Schemas["FeasibilityView"];
export type GuidanceView = Schemas["GuidanceView"];
export type GuideView = Schemas["GuideView"];
export type MarksView = Schemas["MarksView"];
export type NoteView = Schemas["NoteView"];
export type PartView = Schemas["PartView"];
export type PhotoView = Schemas["PhotoView"];
export type PlaceView = Schemas["PlaceView"];
export type PlateAnswer = Schemas["PlateAnswer"];
export type PlateView = Schemas["PlateView"];
export type ReasonView = Schemas["ReasonView"];
export type ReceiptAnswer = Schemas["ReceiptAnswer"];
export type ReceiptVerification = Schemas["ReceiptVerification"];
export type ReceiptView = Schemas["ReceiptView"];
export type SameNumberView = Schemas["SameNumberView"];
export type SamePictureView = Schemas["SamePictureView"];
export type SessionView = Schemas["SessionView"];
export type SpecDiff = Schemas["SpecDiff"];
export type SpecSummary = Schemas["SpecSummary"];
export type SpecView = Schemas["SpecView"];
export type StatusView = Schemas["StatusView"];
export type Text = Schemas["Text"];
