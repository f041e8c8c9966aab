import { rollingWorkflow } from "../shared/workflow.ts";
import { askByInstance } from "./ask-by-instance.ts";

export default rollingWorkflow("vnf", askByInstance);
