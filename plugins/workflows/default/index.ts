import { rollingWorkflow } from "../shared/workflow.ts";
import { askByProject } from "./ask-by-project.ts";

export default rollingWorkflow("default", askByProject);
