// A typed fetch for the Ashiato API, without dependencies. `Paths` is what openapi-typescript makes of /v1/openapi.json:
//
//   import type { paths } from "./schema.d.ts";
//   const api = new Ashiato<paths>("https://ashiato.example", { key: process.env.ASHIATO_KEY });
//   const { total_g } = await api.post("/v1/footprints", { body: { … } });

type Method = "get" | "post" | "delete";
type Content<T> = T extends { content: { "application/json": infer Body } } ? Body : never;
type Succeeded<Op> = Op extends { responses: infer All } ? Content<All[keyof All & (200 | 201 | 202)]> : never;
type BodyOf<Op> = Op extends { requestBody?: infer Body } ? Content<Body> : never;
type Place<Op, Name extends string> = Op extends { parameters: { [name in Name]?: infer Given } } ? Given : never;
type With<Paths, M extends Method> = {
  [Path in keyof Paths]: Paths[Path] extends { [method in M]: object } ? Path : never;
}[keyof Paths] & string;
type Operation<Paths, Path extends keyof Paths, M extends Method> = Paths[Path] extends { [method in M]: infer Op } ? Op : never;

/** What may go with a request. `idempotencyKey`: a fresh random text per intention, the same one for its repetitions. */
export interface Given<Op> {
  path?: Place<Op, "path">;
  query?: Place<Op, "query">;
  body?: BodyOf<Op>;
  idempotencyKey?: string;
  signal?: AbortSignal;
}

/** A refusal (RFC 9457). Key on `code`; `retryable` says that the very same request may succeed later. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryable: boolean;
  readonly problem: Record<string, unknown>;

  constructor(status: number, problem: Record<string, unknown>) {
    super(`${status} ${problem.code}: ${problem.detail ?? problem.title}`);
    this.status = status;
    this.code = String(problem.code);
    this.retryable = problem.retryable === true;
    this.problem = problem;
  }
}

export class Ashiato<Paths> {
  readonly origin: string;
  readonly #key: string | undefined;

  constructor(origin: string, options: { key?: string } = {}) {
    this.origin = origin.replace(/\/$/, "");
    this.#key = options.key;
  }

  get<Path extends With<Paths, "get">>(path: Path, given: Given<Operation<Paths, Path, "get">> = {}) {
    return this.#send<Operation<Paths, Path, "get">>("GET", path, given);
  }

  post<Path extends With<Paths, "post">>(path: Path, given: Given<Operation<Paths, Path, "post">> = {}) {
    return this.#send<Operation<Paths, Path, "post">>("POST", path, given);
  }

  delete<Path extends With<Paths, "delete">>(path: Path, given: Given<Operation<Paths, Path, "delete">> = {}) {
    return this.#send<Operation<Paths, Path, "delete">>("DELETE", path, given);
  }

  async #send<Op>(method: string, path: string, given: Given<Op>): Promise<Succeeded<Op>> {
    const places = (given.path ?? {}) as Record<string, unknown>;
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(places[name])));
    const url = new URL(this.origin + filled);
    for (const [name, value] of Object.entries(given.query ?? {})) {
      if (value !== undefined && value !== null) url.searchParams.set(name, String(value));
    }
    const headers: Record<string, string> = { Accept: "application/json" };
    if (this.#key) headers.Authorization = `Bearer ${this.#key}`;
    if (given.idempotencyKey) headers["Idempotency-Key"] = given.idempotencyKey;
    if (given.body !== undefined) headers["Content-Type"] = "application/json";
    const body = given.body === undefined ? undefined : JSON.stringify(given.body);
    const answer = await fetch(url, { method, headers, body, signal: given.signal, redirect: "error" });
    const document = await answer.json();
    if (!answer.ok) throw new Refused(answer.status, document);
    return document;
  }
}

/** Whether a webhook is ours and fresh (Standard Webhooks). Give the body as it came, before any parsing. */
export async function isGenuine(
  secret: string,
  headers: { id: string; timestamp: string; signature: string },
  body: string,
  options: { now?: number; toleranceSeconds?: number } = {},
): Promise<boolean> {
  const now = options.now ?? Date.now() / 1000;
  if (!(Math.abs(now - Number(headers.timestamp)) <= (options.toleranceSeconds ?? 300))) return false;
  const bytes = Uint8Array.from(atob(secret.replace(/^whsec_/, "")), (character) => character.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  const signed = new TextEncoder().encode(`${headers.id}.${headers.timestamp}.${body}`);
  for (const part of headers.signature.split(" ")) {
    const [version, mark] = part.split(",", 2);
    if (version !== "v1" || !mark) continue;
    const given = Uint8Array.from(atob(mark), (character) => character.charCodeAt(0));
    if (await crypto.subtle.verify("HMAC", key, given, signed)) return true;
  }
  return false;
}
