import { type Rule, rules } from "./rules.ts";

const HEAD = `# Who may ask what of Fenix: the rules as they are without this file. To change one, take away the # before its name.
# FENIX_POLICY_FILE names the file. The language is oslo.policy's: role:NAME, rule:NAME, project_id:%(project_id)s,
# and, or, not, parentheses, @ (everybody with a token) and ! (nobody).
`;

/** A policy file with every rule in it, commented out. */
export function policySample(): string {
  const entries = Object.entries<Rule>(rules).map(([name, { check, description, requests }]) =>
    [
      `# ${description}`,
      ...requests.map((request) => `# ${request}`),
      `#${JSON.stringify(name)}: ${JSON.stringify(check)}`,
    ].join("\n"),
  );
  return `${[HEAD.trimEnd(), ...entries].join("\n\n")}\n`;
}
