// A stranger's verifier: a certificate's credential, checked with the JOSE library from npm and the published keys only.
//
//     npm install jose
//     node verify.mjs certificate.jwt jwks.json https://the.issuer
//
// certificate.jwt is the file attached to the PDF (or /v1/certificates/{number}.jwt), jwks.json the copy of
// /.well-known/jwks.json you trust. Everything else a certificate can prove (names, log, revocation) is in
// docs/verification.md; a complete verifier without any package lies in every exit bundle.

import { readFileSync } from "node:fs";
import { createLocalJWKSet, jwtVerify } from "jose";

const [, , credentialFile, keysFile, issuer] = process.argv;
const keys = createLocalJWKSet(JSON.parse(readFileSync(keysFile, "utf8")));
const credential = readFileSync(credentialFile, "utf8").trim();

const { payload, protectedHeader } = await jwtVerify(credential, keys, { algorithms: ["ES256"], issuer, typ: "vc+jwt" });
const { statement } = payload.credentialSubject;

console.log(`signed by ${protectedHeader.kid} for ${payload.issuer}`);
console.log(`${statement.number} (${statement.environment}): ${statement.grams} g of CO2e`);
for (const { registry, serials, notice_number: notice, recorded_on: day } of statement.cancellations) {
  for (const { first_text: first, last_text: last } of serials) {
    console.log(`${registry}: ${first} to ${last}, cancelled on ${day}, notice ${notice}`);
  }
}
