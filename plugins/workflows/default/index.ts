import { rollingWorkflow } from "../shared/workflow.ts";
import { askByProject } from "./ask-by-project.ts";

export default rollingWorkflow({ name: "default", asksForRoom: "everybody", asks: askByProject });
