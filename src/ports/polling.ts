/** Projects whose managers look by themselves for what is asked, and need not be told. */
import type { ProjectId } from "../domain/ids.ts";

export interface Polling {
  /** Since when; null: it was never declared, or taken back. */
  since(project: ProjectId): Promise<Date | null>;
  /** Declared twice, the first time counts. */
  declare(project: ProjectId, at: Date): Promise<void>;
  takeBack(project: ProjectId): Promise<void>;
}
