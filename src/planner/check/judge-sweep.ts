/** Rules about what holds at once, judged after every second at which something happens. */
import { sweep } from "./events.ts";
import { at, type NumberedCloud } from "./numbered-cloud.ts";
import type { NumberedMove, NumberedPlan } from "./numbered-plan.ts";
import { add, count, hold, offer, stateAtStart } from "./sweep-state.ts";
import type { Complain } from "./violation.ts";
import { judgeSecond, newSecond } from "./judge-second.ts";

export function judgeSweep(cloud: NumberedCloud, plan: NumberedPlan, complain: Complain): void {
  const { moves, visits } = plan;
  const state = stateAtStart(cloud);
  let second = newSecond(state);
  const { hosts, instances } = cloud.snapshot;
  const nameOf = (host: number) => hosts[host]?.host ?? "";

  const begin = (move: NumberedMove) => {
    const { instance, from, to, start, end } = move;
    const name = instances[instance]?.instance ?? "";
    if (at(state.moving, instance) > 0)
      complain("place", start, { instance: name }, `${name} moves while another move of it is under way`);
    else if (at(state.place, instance) !== from) {
      const where = nameOf(at(state.place, instance));
      complain(
        "place",
        start,
        { instance: name, host: nameOf(from) },
        `${name} moves from ${nameOf(from)}, but is on ${where}`,
      );
    } else if (from === to)
      complain("place", start, { instance: name, host: nameOf(to) }, `${name} moves to where it is`);
    const group = at(cloud.groupOf, instance);
    hold(cloud, state, instance, to, 1);
    second.arrivals.push(move);
    if (at(cloud.maxPerHost, group) !== Infinity) count(cloud, state, group, to, 1);
    const recovers = end + at(cloud.recovery, group) > start;
    if (recovers && add(state.impacts, instance, 1) === 1) add(state.impacted, group, 1);
    if (recovers) second.groups.add(group);
    if (end > start) {
      add(state.moving, instance, 1);
      add(state.outbound, from, 1);
      add(state.inbound, to, 1);
      state.movesUnderWay += 1;
      second.hosts.add(from).add(to);
    } else settle(move);
  };

  const settle = ({ instance, from, to }: NumberedMove) => {
    const group = at(cloud.groupOf, instance);
    hold(cloud, state, instance, from, -1);
    if (at(cloud.maxPerHost, group) !== Infinity) count(cloud, state, group, from, -1);
    state.place[instance] = to;
  };

  sweep(cloud, plan, {
    happen(what, number, now) {
      const move = moves[number];
      const visit = visits[number];
      if (what === "move_start" && move) begin(move);
      if (what === "move_end" && move) {
        add(state.moving, move.instance, -1);
        add(state.outbound, move.from, -1);
        add(state.inbound, move.to, -1);
        state.movesUnderWay -= 1;
        settle(move);
      }
      if (what === "recovered" && move && add(state.impacts, move.instance, -1) === 0)
        add(state.impacted, at(cloud.groupOf, move.instance), -1);
      if (what === "closed" && visit) {
        if (visit.actionEnd <= now) return; // Told already: its times are not in order.
        offer(cloud, state, visit.host, -1);
        state.closed[visit.host] = 1;
        state.closedHosts += 1;
        second.closings.push(visit.host);
      }
      if (what === "opened" && visit) {
        state.closed[visit.host] = 0;
        state.closedHosts -= 1;
        offer(cloud, state, visit.host, 1);
      }
      if (what === "empty" && visit) second.emptied.push(visit);
    },
    judge(now) {
      judgeSecond(cloud, state, second, now, complain);
      second = newSecond(state);
    },
  });
}
