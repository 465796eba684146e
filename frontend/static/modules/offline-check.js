// Checks the signed proof that the QR code carries after the # of the address, in this browser, with the issuer's public key.
// The layout of the proof is described in certificates/compact_proof.py.

const PROOF_BYTES = 99;
const SIGNED_BYTES = 35;
const HINT_BYTES = 4;
const DOMAIN = "ashiato certificate QR proof v1\n";

const place = document.getElementById("offline-check");
const fragment = location.hash.slice(1);
if (/^[\w-]{132}$/.test(fragment)) {
  place.hidden = false;
  check(bytesOf(fragment))
    .then((right) => say(right ? "passed" : "failed"))
    .catch(() => say("impossible"));
}

function say(result) {
  place.querySelector(`[data-result="${result}"]`).hidden = false;
}

async function check(proof) {
  const signed = proof.slice(0, SIGNED_BYTES);
  const key = await keyOf(signed.slice(1, 1 + HINT_BYTES));
  if (proof.length !== PROOF_BYTES || signed[0] !== 1 || key === undefined) return false;
  const prefix = new TextEncoder().encode(`${DOMAIN}${place.dataset.number}\n`);
  const message = new Uint8Array([...prefix, ...signed]);
  const genuine = await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, proof.slice(SIGNED_BYTES), message);
  return genuine && agreesWithPage(signed);
}

function agreesWithPage(signed) {
  const grams = new DataView(signed.buffer).getBigUint64(1 + HINT_BYTES);
  const hash = [...signed.slice(19)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return grams === BigInt(place.dataset.grams) && place.dataset.hash.startsWith(hash);
}

async function keyOf(hint) {
  const answer = await fetch("/.well-known/jwks.json");
  if (!answer.ok) throw new Error(`no keys: ${answer.status}`);
  const { keys } = await answer.json();
  const found = keys.find(({ kid }) => bytesOf(kid).slice(0, HINT_BYTES).every((byte, i) => byte === hint[i]));
  if (found === undefined) return undefined;
  const { kty, crv, x, y } = found;
  return crypto.subtle.importKey("jwk", { kty, crv, x, y }, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
}

function bytesOf(base64url) {
  const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
