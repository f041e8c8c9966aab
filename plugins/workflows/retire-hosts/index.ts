import { askByInstance } from "../shared/ask-by-instance.ts";
import { rollingWorkflow } from "../shared/workflow.ts";
import { takeOut } from "./take-out.ts";

export default rollingWorkflow({
  name: "retire-hosts",
  asksForRoom: "each_for_its_part",
  asks: askByInstance,
  afterwards: takeOut,
  hosts: "named",
});
