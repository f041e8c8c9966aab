/** Who listens to the message bus. */
import type { ProjectId } from "../domain/ids.ts";
import type { CallOptions } from "./cloud.ts";

export interface Alarms {
  /** Projects with an event alarm that hears what they are asked; null while nobody can say. */
  listening(options: CallOptions): Promise<readonly ProjectId[] | null>;
}
