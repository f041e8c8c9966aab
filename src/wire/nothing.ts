/** What a DELETE answers: A5 and its likes say 200 and `{}`, never 204, since old clients insist (reference §2.1). */
import { z } from "zod";

export const Nothing = z.strictObject({}).meta({ id: "Nothing" });
