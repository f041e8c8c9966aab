/** One condition of a policy, and whether it holds for a caller and a thing. */

export type Check =
  | { readonly kind: "always" }
  | { readonly kind: "never" }
  | { readonly kind: "role"; readonly role: Value }
  | { readonly kind: "rule"; readonly rule: string }
  /** Two texts are the same; one that nobody knows is the same as nothing. */
  | { readonly kind: "same"; readonly left: Value; readonly right: Value }
  | { readonly kind: "not"; readonly check: Check }
  | { readonly kind: "and"; readonly checks: readonly Check[] }
  | { readonly kind: "or"; readonly checks: readonly Check[] };

/** A text as it is written, or one to be looked up in the caller's credentials or in what is to be reached. */
export type Value =
  | { readonly from: "text"; readonly text: string }
  | { readonly from: "caller"; readonly key: string }
  | { readonly from: "target"; readonly key: string };

export interface Facts {
  readonly roles: readonly string[];
  /** What is known of the caller, by the names of `callerKeys`. */
  readonly caller: Readonly<Record<string, string | null>>;
  /** What is known of the thing to be reached, by the names of `targetKeys`. */
  readonly target: Readonly<Record<string, string | null>>;
}

/** `rules` has every rule that `check` names: that was seen to when it was read. */
export function holds(check: Check, facts: Facts, rules: ReadonlyMap<string, Check>): boolean {
  switch (check.kind) {
    case "always":
      return true;
    case "never":
      return false;
    case "role": {
      // oslo.policy does not tell Admin from admin either.
      const wanted = valueOf(check.role, facts)?.toLowerCase();
      return facts.roles.some((role) => role.toLowerCase() === wanted);
    }
    case "rule": {
      const rule = rules.get(check.rule);
      return rule !== undefined && holds(rule, facts, rules);
    }
    case "same": {
      const [left, right] = [valueOf(check.left, facts), valueOf(check.right, facts)];
      return left !== null && left === right;
    }
    case "not":
      return !holds(check.check, facts, rules);
    case "and":
      return check.checks.every((one) => holds(one, facts, rules));
    case "or":
      return check.checks.some((one) => holds(one, facts, rules));
  }
}

function valueOf(value: Value, { caller, target }: Facts): string | null {
  if (value.from === "text") return value.text;
  return (value.from === "caller" ? caller : target)[value.key] ?? null;
}

/** Names of the rules that a check asks. */
export function rulesIn(check: Check): readonly string[] {
  switch (check.kind) {
    case "rule":
      return [check.rule];
    case "not":
      return rulesIn(check.check);
    case "and":
    case "or":
      return check.checks.flatMap(rulesIn);
    case "always":
    case "never":
    case "role":
    case "same":
      return [];
  }
}
