/** What a declared constraint may be at most. One that is larger is a mistake, and would hold sessions without end. */
import { z } from "zod";
import { YamlInteger } from "./yaml-text.ts";

/** A day: more than any maintenance window waits for one instance. */
const SECONDS_MAX = 86_400;

/** More than any group of one project has. */
const MEMBERS_MAX = 10_000;

export const ConstraintSeconds = YamlInteger(z.int().min(0).max(SECONDS_MAX));

/** 0 would mean that no member may ever be moved. */
export const ImpactedMembers = YamlInteger(z.int().min(1).max(MEMBERS_MAX));

export const PerHost = YamlInteger(z.int().min(0).max(MEMBERS_MAX));

/** A name as Nova allows it. */
export const DeclaredName = z.string().min(1).max(255);
