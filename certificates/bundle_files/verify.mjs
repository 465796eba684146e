// Verifies an Ashiato certificate from the files of its exit bundle, with nothing but Node.js (18 or newer) itself:
//
//     node verify.mjs [folder]
//
// No network, no package. Every check prints "passed", "FAILED" or "not made"; the exit code is 1 if one failed.
// The keys lie in the bundle too, so compare the key ids printed at the end with a copy you trust: the service's
// /.well-known/jwks.json, an archive of it, or an older bundle.

import { createHash, createPublicKey, verify } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

const folder = process.argv[2] ?? ".";
const has = (name) => existsSync(join(folder, name));
const bytes = (name) => readFileSync(join(folder, name));
const text = (name) => bytes(name).toString("utf8").trim();
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const fail = (why) => { throw new Error(why); };

let failures = 0;
function check(name, needed, run) {
  const missing = needed.filter((file) => !has(file));
  if (missing.length) return void console.log(`not made  ${name}: no ${missing.join(", ")}`);
  try {
    console.log(`passed    ${name}: ${run()}`);
  } catch (problem) {
    failures += 1;
    console.log(`FAILED    ${name}: ${problem.message}`);
  }
}

const keys = JSON.parse(text("jwks.json")).keys;
const es256 = (jwk, message, signature) =>
  verify("sha256", message, { key: createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" }, signature);

// A compact JSON Web Signature (RFC 7515): only ES256, only a key of the published set.
function openToken(name) {
  const [head, payload, signature] = text(name).split(".");
  const header = JSON.parse(Buffer.from(head, "base64url"));
  if (header.alg !== "ES256" || header.typ !== "vc+jwt") fail(`header says ${header.alg}, ${header.typ}`);
  const key = keys.find((one) => one.kid === header.kid) ?? fail(`no published key ${header.kid}`);
  const ok = es256(key, Buffer.from(`${head}.${payload}`), Buffer.from(signature, "base64url"));
  if (!ok) fail("the signature does not match");
  return { key, claims: JSON.parse(Buffer.from(payload, "base64url")) };
}

const { certificate, issuer } = JSON.parse(text("bundle.json"));
const statementBytes = bytes("statement.json");
const statement = JSON.parse(statementBytes);
const same = (a, b) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
const sorted = (value) =>
  value === null || typeof value !== "object" ? value
  : Array.isArray(value) ? value.map(sorted)
  : Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name])]));

check("files", ["SHA256SUMS"], () => {
  const lines = text("SHA256SUMS").split("\n").map((line) => line.split("  ")).filter(([, name]) => has(name));
  for (const [sum, name] of lines) if (sha256(bytes(name)).toString("hex") !== sum) fail(`${name} is not what it was`);
  return `${lines.length} files are what they were when the bundle was made`;
});

check("credential", ["certificate.jwt"], () => {
  const { key, claims } = openToken("certificate.jwt");
  if (claims.iss !== issuer || claims.issuer !== issuer) fail(`issued by ${claims.iss}`);
  if (claims.id !== `${issuer}/c/${certificate}`) fail(`it is for ${claims.id}`);
  if (!same(claims.credentialSubject.statement, statement)) fail("statement.json says something else");
  if (key.revoked) return `signed by a key that was revoked later; the log must vouch for it`;
  return `${statement.grams} g of CO2e, ${statement.environment}, key ${key.kid}`;
});

check("QR proof", ["proof-url.txt"], () => {
  const url = new URL(text("proof-url.txt"));
  const number = url.pathname.split("/").pop();
  const proof = Buffer.from(url.hash.slice(1), "base64url");
  const signed = proof.subarray(0, -64);
  const message = Buffer.concat([Buffer.from(`ashiato certificate QR proof v1\n${number}\n`), signed]);
  if (!keys.some((key) => es256(key, message, proof.subarray(-64)))) fail("the signature does not match");
  if (number !== certificate || signed.readBigUInt64BE(5) !== BigInt(statement.grams)) fail("it is for something else");
  if (!sha256(statementBytes).subarray(0, 16).equals(signed.subarray(19, 35))) fail("it is for another statement");
  return "signed, and of this statement";
});

check("names", ["disclosures.json"], () => {
  const shown = Object.entries(JSON.parse(text("disclosures.json")));
  for (const [field, { salt, value }] of shown) {
    const commitment = sha256(JSON.stringify([salt, field, value])).toString("hex");
    if (commitment !== statement.commitments[field]) fail(`${field} is not what the statement commits to`);
  }
  return `${shown.length} of ${Object.keys(statement.commitments).length} texts shown, each as committed to`;
});

// Grams of a pool certificate: it is signed too, it is the very one that is named, and its cancellations are repeated.
const parts = statement.from_pool ?? [];
if (parts.length) check("pool", parts.map(({ parent }) => `pools/${parent}.jwt`), () => {
  for (const { parent, statement_sha256, grams } of parts) {
    const { claims } = openToken(`pools/${parent}.jwt`);
    const pool = claims.credentialSubject.statement;
    if (claims.iss !== issuer || pool.number !== parent || pool.pool !== true) fail(`${parent} is not a pool of this issuer`);
    if (sha256(JSON.stringify(sorted(pool))).toString("hex") !== statement_sha256) fail(`${parent} has another statement`);
    if (grams > pool.grams) fail(`${parent} has only ${pool.grams} g`);
    const repeated = pool.cancellations.every((one) => statement.cancellations.some((other) => same(one, other)));
    if (!repeated) fail(`the cancellations of ${parent} are not repeated`);
  }
  return `${parts.map(({ parent, grams }) => `${grams} g of ${parent}`).join(", ")}, each as named`;
});

// A .tlog-proof file (C2SP): leaf, position, hashes from the leaf to the root, and the log's signed checkpoint.
check("public log", ["certificate.tlog-proof", "log-key.txt"], () => {
  const [head, body, ...rest] = bytes("certificate.tlog-proof").toString("utf8").split("\n\n");
  const [version, extra, position, ...hashes] = head.split("\n");
  if (version !== "c2sp.org/tlog-proof@v1") fail(`unknown form ${version}`);
  const leaf = Buffer.from(extra.slice("extra ".length), "base64");
  const [origin, size, root] = body.split("\n");

  const [, name, id, encoded] = text("log-key.txt").split("\n")[0].match(/^([^+]+)\+([0-9a-f]{8})\+(.+)$/);
  const raw = Buffer.from(encoded, "base64").subarray(1);
  const logKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") }, format: "jwk" });
  const signatures = rest.join("\n\n").split("\n").map((line) => line.split(" ")).filter((parts) => parts[1] === name);
  const own = signatures.map((parts) => Buffer.from(parts[2], "base64")).filter((s) => s.subarray(0, 4).toString("hex") === id);
  if (origin !== name || !own.length) fail("the checkpoint is not of this log");
  const signedText = Buffer.from(`${body}\n`);
  if (!own.every((signature) => verify(null, signedText, logKey, signature.subarray(4)))) fail("the checkpoint is not signed");

  // RFC 9162, section 2.1.3.2
  let result = sha256(Buffer.of(0), leaf);
  let [at, last] = [BigInt(position.slice("index ".length)), BigInt(size) - 1n];
  if (at > last) fail("the position lies outside the log");
  for (const line of hashes) {
    const sibling = Buffer.from(line, "base64");
    if (last === 0n) fail("too many hashes");
    if (at & 1n || at === last) {
      result = sha256(Buffer.of(1), sibling, result);
      while (at && !(at & 1n)) [at, last] = [at >> 1n, last >> 1n];
    } else {
      result = sha256(Buffer.of(1), result, sibling);
    }
    [at, last] = [at >> 1n, last >> 1n];
  }
  if (last !== 0n || !result.equals(Buffer.from(root, "base64"))) fail("the hashes do not lead to the root");

  const entry = JSON.parse(leaf);
  if (entry.event !== "issued" || entry.number !== certificate) fail("the leaf is of another certificate");
  if (entry.statement_sha256 !== sha256(statementBytes).toString("hex")) fail("the leaf is of another statement");
  if (entry.credential_sha256 !== sha256(text("certificate.jwt")).toString("hex")) fail("the leaf is of another credential");
  return `${position.slice("index ".length)} of ${size} leaves, logged ${entry.at}`;
});

check("not revoked", ["certificate.jwt", "status-list.jwt"], () => {
  const { statusListCredential, statusListIndex } = openToken("certificate.jwt").claims.credentialStatus;
  const { key, claims: list } = openToken("status-list.jwt");
  if (key.revoked) fail("the list is signed with a key that was revoked");
  if (list.id !== statusListCredential) fail("the list is of other certificates");
  const bits = gunzipSync(Buffer.from(list.credentialSubject.encodedList.slice(1), "base64url"), { maxOutputLength: 16384 });
  if (bits[statusListIndex >> 3] & (0x80 >> (statusListIndex & 7))) fail("revoked or corrected");
  const age = Date.now() > Date.parse(list.validUntil) ? "; it may have been revoked since" : "";
  return `as of ${list.validFrom}${age}`;
});

console.log(`\ncertificate ${certificate}, issuer ${issuer}`);
console.log(`keys in this bundle, to be compared with a copy you trust:\n${keys.map((key) => `  ${key.kid}`).join("\n")}`);
process.exit(failures ? 1 : 0);
