import { rollingWorkflow } from "../shared/workflow.ts";
import { askByProject } from "./ask-by-project.ts";

export default rollingWorkflow({ name: "default", asks: askByProject });
