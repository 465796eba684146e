// Keeps the lines and the total of a calculator fresh while its form is filled in. The server calculates, by the same rules as
// for the result; this only asks, and shows the answer in places that are there already, so that nothing on the page moves.

const PAUSE = 300;

const form = document.getElementById("calculator");
const bar = document.getElementById("so-far");
const total = bar.querySelector("[data-total]");
const note = bar.querySelector("[data-note]");
const shape = document.getElementById("error-shape");
// A field is told what is wrong with it only after it was left: half a number is not a mistake.
const left = new Set();
let timer;
let asked;
// Leaving a field for a button asks, and the answer may move that button: nothing is shown between its press and its click.
let released = Promise.resolve();

bar.classList.add("live");
form.addEventListener("input", () => askIn(PAUSE));
form.addEventListener("change", ({ target }) => {
  left.add(target.name);
  askIn(0);
});
addEventListener("pointerdown", ({ button }) => {
  if (button !== 0) return;
  released = new Promise((release) => {
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(release), { once: true });
  });
});
addEventListener("online", () => askIn(0));
addEventListener("offline", () => sayStale(bar.dataset.offline));

function askIn(pause) {
  clearTimeout(timer);
  timer = setTimeout(ask, pause);
}

// Only the answer to the newest question is shown.
async function ask() {
  asked?.abort();
  const asking = new AbortController();
  asked = asking;
  try {
    const answer = await fetch(form.dataset.soFar, { method: "POST", body: typed(), signal: asking.signal });
    const news = answer.ok ? await answer.json() : undefined;
    await released;
    if (asking !== asked) return;
    if (news === undefined) sayStale(bar.dataset.failed);
    else show(news);
  } catch {
    if (asking === asked) sayStale(navigator.onLine ? bar.dataset.failed : bar.dataset.offline);
  }
}

function typed() {
  return new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string"));
}

function show(news) {
  bar.classList.remove("stale");
  write(total, news.total || "–");
  write(note, news.note);
  for (const place of form.querySelectorAll("[data-row]")) write(place, news.rows[place.dataset.row] ?? "");
  for (const place of form.querySelectorAll("[data-category]")) write(place, news.categories[place.dataset.category] ?? "");
  for (const name of left) {
    const control = form.elements.namedItem(name);
    if (control?.id) mark(control, control.value.trim() === "" ? undefined : news.problems[name]);
  }
}

function sayStale(reason) {
  bar.classList.add("stale");
  write(note, reason);
}

// A screen reader speaks what is written, so what has not changed is not written again.
function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

function mark(control, sentence) {
  const id = `${control.id}-error`;
  const field = control.closest(".field");
  const described = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((part) => part && part !== id);
  let place = document.getElementById(id);
  if (sentence === undefined) {
    place?.remove();
    control.removeAttribute("aria-invalid");
  } else {
    if (place === null) {
      place = shape.content.firstElementChild.cloneNode(true);
      place.id = id;
      control.closest(".control").before(place);
    }
    write(place.querySelector("span"), sentence);
    described.push(id);
    control.setAttribute("aria-invalid", "true");
  }
  field.classList.toggle("has-error", sentence !== undefined);
  if (described.length) control.setAttribute("aria-describedby", described.join(" "));
  else control.removeAttribute("aria-describedby");
}
