import { rollingWorkflow } from "../shared/workflow.ts";
import { askByInstance } from "../shared/ask-by-instance.ts";

export default rollingWorkflow({ name: "vnf", asksForRoom: "each_for_its_part", asks: askByInstance });
