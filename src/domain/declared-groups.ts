/**
 * The look at the cloud as managers want it to be: what they declared about anti-affinity holds like Nova's own server
 * groups (invariant I9), also where Nova has no such group, or a looser one.
 */
import type { CloudFacts, ServerGroup } from "./cloud.ts";
import type { DeclaredConstraints, GroupConstraints } from "./constraint.ts";
import type { GroupId } from "./ids.ts";

/** Neither look nor constraints ever change, so the answer for both holds as long as they are kept. */
const known = new WeakMap<CloudFacts, WeakMap<DeclaredConstraints, CloudFacts>>();

/** The same facts where nothing was declared. */
export function withDeclaredGroups(facts: CloudFacts, constraints: DeclaredConstraints): CloudFacts {
  const apart = [...constraints.groups.values()].filter(({ antiAffinity }) => antiAffinity);
  if (apart.length === 0) return facts;
  const answers = known.get(facts) ?? new WeakMap<DeclaredConstraints, CloudFacts>();
  known.set(facts, answers);
  const answer = answers.get(constraints) ?? { ...facts, groups: joined(facts.groups, apart, constraints) };
  answers.set(constraints, answer);
  return answer;
}

function joined(
  groups: readonly ServerGroup[],
  declared: readonly GroupConstraints[],
  { members }: DeclaredConstraints,
): readonly ServerGroup[] {
  const all = new Map<GroupId, ServerGroup>(groups.map((group) => [group.id, group]));
  for (const { group, project, name, maxInstancesPerHost } of declared) {
    const own = all.get(group);
    // An id under which Nova knows another project's group, or one whose members belong together, is a mistake.
    if (own && (own.project !== project || own.policy === "affinity")) continue;
    const wanted = Math.max(1, maxInstancesPerHost);
    const maxPerHost = own?.policy === "anti-affinity" ? Math.min(own.maxPerHost, wanted) : wanted;
    const everybody = [...new Set([...(own?.members ?? []), ...(members.get(group) ?? [])])];
    all.set(group, {
      id: group,
      name: own?.name ?? name,
      project,
      policy: "anti-affinity",
      maxPerHost,
      members: everybody,
    });
  }
  return [...all.values()];
}
