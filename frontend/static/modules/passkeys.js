// Passkeys on the sign-in and the security page. Where the browser or the address cannot use them, nothing shows.

const isHostName = !/^[\d.]+$|:/.test(location.hostname);
const section = document.getElementById("passkeys");

const fromBase64Url = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));
const toBase64Url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function post(address, body) {
  const headers = { "Content-Type": "application/json", "X-Forms-Token": section.dataset.token };
  const answer = await fetch(address, { method: "POST", headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

function credentialOf(key) {
  const response = { clientDataJSON: toBase64Url(key.response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (key.response[part]) response[part] = toBase64Url(key.response[part]);
  }
  return { id: key.id, rawId: toBase64Url(key.rawId), type: key.type, response };
}

async function add() {
  const options = await post(section.dataset.options);
  options.challenge = fromBase64Url(options.challenge);
  options.user.id = fromBase64Url(options.user.id);
  options.excludeCredentials = options.excludeCredentials.map((one) => ({ ...one, id: fromBase64Url(one.id) }));
  const key = await navigator.credentials.create({ publicKey: options });
  const name = encodeURIComponent(section.querySelector("[name=passkey_name]").value);
  return post(`${section.dataset.answer}?name=${name}`, credentialOf(key));
}

async function signIn() {
  const options = await post(section.dataset.options);
  options.challenge = fromBase64Url(options.challenge);
  const key = await navigator.credentials.get({ publicKey: options });
  return post(`${section.dataset.answer}?next=${encodeURIComponent(section.dataset.next)}`, credentialOf(key));
}

if (section && window.PublicKeyCredential && isHostName) {
  section.hidden = false;
  const refused = document.getElementById("passkey-refused");
  document.getElementById("passkey-button").addEventListener("click", async () => {
    refused.hidden = true;
    try {
      const { next } = await (section.dataset.act === "add" ? add() : signIn());
      location.assign(next);
    } catch {
      refused.hidden = false;
    }
  });
}
