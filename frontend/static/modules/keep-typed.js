// Nothing typed into a calculator is lost by going back and forth, by a reload or by another paper: this tab keeps it until the
// form is sent. A visitor who opens the form anew is asked whether to go on with it.

const form = document.getElementById("calculator");
const notice = document.getElementById("take-up");
// The same for both languages.
const newest = `typed:${form.getAttribute("action").slice("/ja".length)}`;
const entry = history.state?.entry ?? `${newest}:${performance.timeOrigin}`;
history.replaceState({ ...history.state, entry }, "");

const kept = read(entry);
const unsent = read(newest);
// A page loaded anew at the same address may have fewer rows than there were.
if (kept?.every(([name]) => form.elements.namedItem(name) !== null)) putBack(kept);
else if (form.dataset.returned !== undefined) keep();
else if (unsent !== undefined && !location.search) ask();

form.addEventListener("input", keep);
form.addEventListener("submit", ({ submitter }) => {
  if (submitter?.value === "calculate" || submitter?.value === "keep") write(newest, undefined);
});
document.querySelector("form.theme").addEventListener("submit", changePaper);

function typed() {
  return [...new FormData(form)].filter(([, value]) => typeof value === "string" && value !== "");
}

function keep() {
  write(entry, typed());
  write(newest, typed());
}

// A browser may forbid storage or have no room left: then this tab keeps nothing, and the form works without it.
function write(name, entries) {
  try {
    if (entries === undefined) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, JSON.stringify(entries));
  } catch (refused) {
    console.warn(refused);
  }
}

function read(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name)) ?? undefined;
  } catch (refused) {
    console.warn(refused);
    return undefined;
  }
}

function putBack(entries) {
  for (const [name, value] of entries) {
    const control = form.elements.namedItem(name);
    if (control === null || control.type === "hidden" || control.value === value) continue;
    control.value = value;
    for (let fold = control.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  }
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

function ask() {
  notice.hidden = false;
  notice.addEventListener("click", ({ target }) => {
    if (target.dataset.answer === "drop") {
      write(newest, undefined);
      notice.hidden = true;
    } else if (target.dataset.answer === "take") {
      sendAsItIs(unsent);
    }
  });
}

// The server makes the page with all the rows there were.
function sendAsItIs(entries) {
  for (const [name, value] of [...entries, ["action", "show"]]) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    for (const there of form.querySelectorAll(`[name="${CSS.escape(name)}"]:not(button)`)) there.disabled = true;
    form.append(field);
  }
  form.submit();
}

async function changePaper(event) {
  event.preventDefault();
  const { submitter, currentTarget } = event;
  await fetch(currentTarget.action, { method: "POST", body: new URLSearchParams({ theme: submitter.value }), redirect: "manual" });
  if (submitter.value === "device") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = submitter.value;
  for (const button of currentTarget.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button === submitter));
}
