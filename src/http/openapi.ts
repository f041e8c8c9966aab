/** The description of the API, made from the schemas that check it: `/openapi.json`, and `/docs` for people. */
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import type { App } from "./dependencies.ts";

export function describeApi(app: App, { publicUrl, version }: { publicUrl: string; version: string }): void {
  app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Fenix",
        version,
        description:
          "Rolls maintenance, upgrade and scaling over the hosts of a cloud while the applications on top keep running. " +
          "Paths may end in a slash. Every success is 200. Times without a zone are UTC.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      servers: [{ url: publicUrl }],
      components: {
        securitySchemes: {
          replyToken: { type: "apiKey", in: "query", name: "token", description: "good for one question" },
          keystone: { type: "apiKey", in: "header", name: "X-Auth-Token", description: "a token of Keystone" },
        },
      },
      security: [{ keystone: [] }],
      tags: [
        { name: "sessions", description: "for the infrastructure admin" },
        { name: "projects", description: "for the manager of a project's application" },
        { name: "planning", description: "before a session: what the cloud looks like, and how it would go" },
        { name: "constraints", description: "what an application needs while its instances are moved" },
        { name: "webhooks", description: "who hears of maintenance" },
        { name: "health", description: "for load balancers" },
      ],
    },
    transform: (route) => {
      const described = jsonSchemaTransform(route);
      const access = route.route.config?.access;
      const security = access === "everybody" ? [] : access?.replyToken ? [{ keystone: [] }, { replyToken: [] }] : null;
      return security === null ? described : { ...described, schema: { ...described.schema, security } };
    },
    transformObject: (document) => onlyUsed(jsonSchemaTransformObject(document)),
  });
  app.register(swaggerUi, {
    routePrefix: "/docs",
    // Self-contained: it must work, and stay silent, in a network without a way out.
    uiConfig: { validatorUrl: null },
    staticCSP:
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'",
  });
}

type Document = ReturnType<typeof jsonSchemaTransformObject>;

/**
 * Each schema comes twice, as it is written and, called `…Input`, as it is read, though most are used in one direction.
 * Keeps those that are used, under their plain name where only one is.
 */
function onlyUsed(document: Document): Document {
  if (!("components" in document)) return document;
  const schemas = document.components?.schemas ?? {};
  const used = new Set(referencesIn({ ...document, components: {} }));
  for (const name of used) for (const reference of referencesIn(schemas[name])) used.add(reference);
  // By name, since the order in which modules are loaded says nothing.
  const kept = Object.entries(schemas)
    .filter(([name]) => used.has(name))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const pruned = { ...document, components: { ...document.components, schemas: Object.fromEntries(kept) } };
  const plainName = (name: string) => (used.has(name.replace(/Input$/, "")) ? name : name.replace(/Input$/, ""));
  const text = JSON.stringify(pruned)
    .replaceAll(REFERENCE, (_, name: string) => `"#/components/schemas/${plainName(name)}"`)
    .replaceAll(/"(\w+Input)":/g, (_, name: string) => `"${plainName(name)}":`);
  return JSON.parse(text) as Document;
}

const REFERENCE = /"#\/components\/schemas\/([^"]+)"/g;

const referencesIn = (part: unknown): string[] =>
  [...(JSON.stringify(part) ?? "").matchAll(REFERENCE)].map(([, name]) => name ?? "");
