/** The OpenAPI 3.1 document, made from the contract. */
import {
  API_VERSION,
  ERRORS,
  ErrorBody,
  type ErrorCode,
  ROUTES,
  type Route,
} from "@conch/contract";
import { z } from "zod";

/** Any JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** What any route can answer, by the access that it asks for. */
const COMMON_ERRORS: readonly ErrorCode[] = ["internal", "database_unavailable"];
const ACCESS_ERRORS: Readonly<Record<Route["access"], readonly ErrorCode[]>> = {
  public: [],
  credential: ["unauthorized", "password_change_required", "insufficient_rights"],
  admin: ["unauthorized", "password_change_required", "insufficient_rights", "admin_required"],
};

/** Makes the document. @param serverUrl where clients reach the server. */
export function createOpenApi(serverUrl: string): Json {
  const schemas = new Map<string, Json>();
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of ROUTES) {
    const item = (paths[route.path] ??= {});
    item[route.method.toLowerCase()] = operationOf(route, schemas);
    if (route.head === true) {
      item["head"] = { ...operationOf(route, schemas), operationId: `${route.id}Head` };
    }
  }
  const errorSchema = schemaOf(ErrorBody(), "output", schemas);
  return {
    openapi: "3.1.0",
    info: { title: "Conch", version: API_VERSION, description: "API tokens" },
    servers: [{ url: serverUrl }],
    paths,
    components: {
      schemas: Object.fromEntries(schemas),
      responses: {
        Error: {
          description: "What went wrong; `code` is stable",
          content: { "application/json": { schema: errorSchema } },
        },
      },
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "An API token, or a login JWT",
        },
      },
    },
  };
}

function operationOf(route: Route, schemas: Map<string, Json>): Json {
  const body = route.body;
  return {
    operationId: route.id,
    summary: route.summary,
    tags: [route.tag],
    security: route.access === "public" ? [] : [{ bearer: [] }],
    parameters: [
      ...parametersOf(route.params, "path", schemas),
      ...parametersOf(route.query, "query", schemas),
    ],
    ...(body !== undefined && { requestBody: requestBodyOf(route, body, schemas) }),
    responses: { ...repliesOf(route, schemas), ...errorsOf(route) },
  };
}

function parametersOf(
  schema: z.ZodObject | undefined,
  place: "path" | "query",
  schemas: Map<string, Json>,
): Json[] {
  return Object.entries(schema?.shape ?? {}).map(([name, parameter]) => ({
    name,
    in: place,
    required: place === "path",
    schema: schemaOf(parameter as z.ZodType, "input", schemas),
  }));
}

function requestBodyOf(route: Route, body: z.ZodType, schemas: Map<string, Json>): Json {
  const type = route.bodyType === "form" ? "application/x-www-form-urlencoded" : "application/json";
  return {
    required: !body.safeParse(undefined).success,
    content: { [type]: { schema: schemaOf(body, "input", schemas) } },
  };
}

function repliesOf(route: Route, schemas: Map<string, Json>): Json {
  return Object.fromEntries(
    Object.entries(route.replies).map(([status, schema]) => [
      status,
      schema === null
        ? { description: "Done, nothing to say" }
        : {
            description: "Done",
            content: { "application/json": { schema: schemaOf(schema, "output", schemas) } },
          },
    ]),
  );
}

/** Errors by status, with the codes that come with it. */
function errorsOf(route: Route): Json {
  const codes: ErrorCode[] = [
    ...COMMON_ERRORS,
    ...ACCESS_ERRORS[route.access],
    ...route.errors,
    ...(route.access === "public" ? [] : (["verification_unavailable"] as const)),
    ...(route.params === undefined ? [] : (["not_found"] as const)),
    ...(route.query === undefined ? [] : (["unknown_parameter", "invalid_request"] as const)),
    ...(route.body === undefined ? [] : BODY_ERRORS),
  ];
  const byStatus = Map.groupBy(new Set(codes), (code) => ERRORS[code].status);
  return Object.fromEntries(
    [...byStatus]
      .sort(([left], [right]) => left - right)
      .map(([status, list]) => [
        String(status),
        {
          $ref: "#/components/responses/Error",
          description: list.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join("; "),
        },
      ]),
  );
}

const BODY_ERRORS: readonly ErrorCode[] = [
  "invalid_json",
  "invalid_request",
  "request_timeout",
  "body_too_large",
  "unsupported_media_type",
];

/** A JSON Schema; named ones go into the components, once. */
function schemaOf(schema: z.ZodType, io: "input" | "output", schemas: Map<string, Json>): Json {
  const {
    $schema: _,
    $defs,
    ...json
  } = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    target: "draft-2020-12",
    reused: "inline",
    override({ jsonSchema }) {
      // Fields may be added to what the server answers: clients must not refuse them.
      if (io === "output" && jsonSchema.additionalProperties === false) {
        delete jsonSchema.additionalProperties;
      }
    },
  }) as Record<string, unknown>;
  for (const [name, definition] of Object.entries(($defs ?? {}) as Record<string, Json>)) {
    schemas.set(name, toComponentRefs(definition) as Json);
  }
  const id = json["id"];
  if (typeof id !== "string") return toComponentRefs(json) as Json;
  schemas.set(id, toComponentRefs(json) as Json);
  return { $ref: `#/components/schemas/${id}` };
}

function toComponentRefs(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toComponentRefs);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // zod repeats a named schema's id inside it; a property called id is an object.
      .filter(([key, inner]) => key !== "id" || typeof inner !== "string")
      .map(([key, inner]) =>
        key === "$ref" && typeof inner === "string"
          ? [key, inner.replace("#/$defs/", "#/components/schemas/")]
          : [key, toComponentRefs(inner)],
      ),
  );
}
